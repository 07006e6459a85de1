//! The limits against abuse (D16): how many tasks somebody may create a day, how old a task must be when it is completed, how often
//! somebody may press the shuffle a day. All are off unless the settings say otherwise.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use crate::auth::Actor;
use crate::platform::clock::{BusinessZone, next_day};
use crate::platform::config::{AbuseLimits, Config};
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult, Message};
use crate::tasks::ROLE;
use crate::tasks::model::Task;
use crate::tasks::store;

/// The limits with the zone in which their days begin.
#[derive(Clone, Copy, Debug)]
pub(in crate::tasks) struct Limits {
    limits: AbuseLimits,
    zone: BusinessZone,
}

/// The refusals, by the ids of their messages; the audit names them so too.
const REFUSALS: [&str; 3] = [
    "limit-creations-per-day",
    "limit-completion-age",
    "limit-presses-per-day",
];

impl Limits {
    /// The limits of the settings.
    pub fn of(config: &Config) -> Self {
        Self {
            limits: config.abuse_limits,
            zone: config.zone,
        }
    }

    /// Whether somebody may create one task more today. Held until the end of the transaction, so that requests at the same time, in
    /// any process, cannot exceed the limit together.
    ///
    /// # Errors
    /// 429 with the limit and when it is free again.
    pub fn allow_creation(self, tx: &mut Tx<'_>, actor: &Actor) -> AppResult<()> {
        let Some(limit) = self.limits.creations_per_day else {
            return Ok(());
        };
        let today = self.zone.date_of(tx.now);
        store::lock_creations_of(tx.conn(), actor.id)?;
        let since = self.zone.start_of(today);
        let created = store::count_created_since(tx.conn(), actor.id, since, limit)?;
        self.within(created, limit, REFUSALS[0], tx.now, today)
    }

    /// Whether somebody may press the shuffle once more today; held like the limit of creations.
    ///
    /// # Errors
    /// 429 with the limit and when it is free again.
    pub fn allow_press(self, tx: &mut Tx<'_>, actor: &Actor) -> AppResult<()> {
        let Some(limit) = self.limits.presses_per_day else {
            return Ok(());
        };
        let today = self.zone.date_of(tx.now);
        store::lock_shuffle_queue(tx.conn())?;
        let since = self.zone.start_of(today);
        let pressed = store::count_pressed_since(tx.conn(), actor.id, since, limit)?;
        self.within(pressed, limit, REFUSALS[2], tx.now, today)
    }

    /// Whether a task that was just completed was old enough; an error undoes the completion.
    ///
    /// # Errors
    /// 409 with the limit and when the task can be completed.
    pub fn allow_completion(self, task: &Task) -> AppResult<()> {
        let (Some(age), Some(at)) = (self.limits.completion_age, task.completed_at) else {
            return Ok(());
        };
        let free = task.created_at + age;
        if at >= free {
            return Ok(());
        }
        let message = Message::new(REFUSALS[1]).with("seconds", age.num_seconds());
        Err(AppError::Conflict(message.with("at", self.wall(free))))
    }

    fn within(
        self,
        count: i64,
        limit: i64,
        refusal: &'static str,
        now: DateTime<Utc>,
        today: NaiveDate,
    ) -> AppResult<()> {
        if count < limit {
            return Ok(());
        }
        let free = self.zone.start_of(next_day(today));
        let wait = (free - now).num_seconds().saturating_add(1);
        let message = Message::new(refusal).with("limit", limit);
        Err(AppError::TooManyRequests {
            message: message.with("at", self.wall(free)),
            retry_after: u32::try_from(wait).unwrap_or(u32::MAX),
        })
    }

    /// An instant as the clock on the company's wall shows it, the same in every language.
    fn wall(self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.zone.0);
        format!("{} {}", local.format("%Y-%m-%d %H:%M:%S"), self.zone.0)
    }
}

/// Writes into the audit that somebody met a limit, once a person, limit and day; what was refused stays refused. A refusal undoes its own
/// unit of work, so this is another one.
pub(in crate::tasks) async fn note_refusal<T>(
    db: &Db,
    config: &Config,
    origin: Origin,
    outcome: AppResult<T>,
) -> AppResult<T> {
    let message = match &outcome {
        Err(AppError::Conflict(message) | AppError::TooManyRequests { message, .. })
            if REFUSALS.contains(&message.id) =>
        {
            message.clone()
        }
        _ => return outcome,
    };
    let zone = config.zone;
    let noted = db
        .transaction(ROLE, origin, move |tx| {
            let since = zone.start_of(zone.date_of(tx.now));
            let limit = json!({ "limit": message.id });
            if tx.has_audited("tasks.limit_reached", since, &limit)? {
                return Ok(());
            }
            let actor = tx.origin.actor;
            tx.audit("tasks.limit_reached", actor, &limit)
        })
        .await;
    if let Err(error) = noted {
        tracing::warn!(error = %error, "a refusal by a limit was not written into the audit");
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_a_day_of_the_limits_is_a_day_of_the_company() {
        let limits = Limits {
            limits: AbuseLimits::default(),
            zone: BusinessZone("Europe/Moscow".parse().unwrap()),
        };
        let now: DateTime<Utc> = "2026-03-02T20:59:30Z".parse().unwrap();
        let today = limits.zone.date_of(now);
        assert!(limits.within(2, 3, REFUSALS[0], now, today).is_ok());
        let Err(AppError::TooManyRequests {
            message,
            retry_after,
        }) = limits.within(3, 3, REFUSALS[0], now, today)
        else {
            panic!("the fourth is refused");
        };
        assert_eq!(retry_after, 31);
        let told = |name: &str| message.args.iter().find(|(key, _)| *key == name).cloned();
        assert_eq!(told("limit"), Some(("limit", "3".to_owned())));
        assert_eq!(
            told("at"),
            Some(("at", "2026-03-03 00:00:00 Europe/Moscow".to_owned()))
        );
    }
}
