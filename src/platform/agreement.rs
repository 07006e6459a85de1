//! What the last round of the reconciler said: whether the books agree, as of when, and what differs (R13). The rounds themselves are
//! the operations module's; every module may show their outcome.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, SmallInt, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde::{Deserialize, Serialize};

use super::db::Prepare;
use super::error::{AppError, AppResult};

/// Rounds that may be missing before the last one counts as old.
const STALE_AFTER: i32 = 5;

/// All old dates are gone over within a day; after two of them that did not happen.
const SWEPT_WITHIN: TimeDelta = TimeDelta::days(2);

/// A check of which something differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The number of the invariant.
    pub number: i16,
    /// Whether money is wrong.
    pub money: bool,
    /// Rows that break it, the first of them.
    pub lines: Vec<String>,
}

/// The outcome of the last round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// When the last round ended; none before the first.
    pub round_at: Option<DateTime<Utc>>,
    /// How long it took.
    pub took: Duration,
    /// When all money agreed last.
    pub agreed_at: Option<DateTime<Utc>>,
    /// Time from one round to the next.
    pub pace: Duration,
    /// What differed in the last round.
    pub differs: Vec<Difference>,
    /// When all old dates had been gone over last.
    pub swept_at: Option<DateTime<Utc>>,
    /// Numbers of the invariants that the last round left out, since everything was stopped.
    pub unasked: Vec<i16>,
}

/// How the books stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No round was made yet.
    Never,
    /// The last round is too long ago to say anything.
    Stale(DateTime<Utc>),
    /// Money differs.
    Differ,
    /// They agreed then.
    Agree(DateTime<Utc>),
}

impl Agreement {
    /// How the books stand at an instant; a round that is missing five times is old.
    #[must_use]
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        let Some(round_at) = self.round_at else {
            return Standing::Never;
        };
        let pace = TimeDelta::from_std(self.pace).unwrap_or(TimeDelta::MAX);
        if now - round_at > pace.checked_mul(STALE_AFTER).unwrap_or(TimeDelta::MAX) {
            return Standing::Stale(round_at);
        }
        if self.differs.iter().any(|check| check.money) {
            return Standing::Differ;
        }
        Standing::Agree(self.agreed_at.unwrap_or(round_at))
    }

    /// Whether all there is was asked about, at an instant: the last round is not old and left nothing out, and all old dates were gone over lately.
    #[must_use]
    pub fn is_whole(&self, now: DateTime<Utc>) -> bool {
        let is_fresh = matches!(self.standing(now), Standing::Agree(_) | Standing::Differ);
        is_fresh && self.is_swept(now) && self.unasked.is_empty()
    }

    /// Whether all old dates were gone over lately, at an instant.
    #[must_use]
    pub fn is_swept(&self, now: DateTime<Utc>) -> bool {
        self.swept_at.is_some_and(|at| now - at <= SWEPT_WITHIN)
    }
}

/// The outcome of the last round.
///
/// # Errors
/// Those of the database.
pub fn find(conn: &mut PgConnection) -> AppResult<Agreement> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Timestamptz>)]
        round_at: Option<DateTime<Utc>>,
        #[diesel(sql_type = BigInt)]
        took_ms: i64,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        agreed_at: Option<DateTime<Utc>>,
        #[diesel(sql_type = BigInt)]
        pace_ms: i64,
        #[diesel(sql_type = Jsonb)]
        findings: serde_json::Value,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        swept_at: Option<DateTime<Utc>>,
        #[diesel(sql_type = Array<SmallInt>)]
        unasked: Vec<i16>,
    }
    let row: Row = sql_query(
        "select round_at, coalesce(took_ms, 0) as took_ms, agreed_at, pace_ms, findings, swept_at, unasked from platform.reconciler",
    )
    .prepared()
    .get_result(conn)?;
    let millis = |ms: i64| Duration::from_millis(u64::try_from(ms).unwrap_or_default());
    Ok(Agreement {
        round_at: row.round_at,
        took: millis(row.took_ms),
        agreed_at: row.agreed_at,
        pace: millis(row.pace_ms),
        differs: serde_json::from_value(row.findings)
            .map_err(|error| AppError::Internal(Box::new(error)))?,
        swept_at: row.swept_at,
        unasked: row.unasked,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn agreement(money: Option<bool>) -> Agreement {
        Agreement {
            round_at: Some(at(0)),
            agreed_at: Some(at(0)),
            pace: Duration::from_secs(60),
            differs: money
                .map(|money| Difference {
                    number: 2,
                    money,
                    lines: vec!["employee x: shown 1, sum of transfers 2".into()],
                })
                .into_iter()
                .collect(),
            ..Agreement::default()
        }
    }

    #[test]
    fn r13_the_books_agree_differ_or_were_not_compared_for_too_long() {
        assert_eq!(Agreement::default().standing(at(0)), Standing::Never);
        assert_eq!(agreement(None).standing(at(300)), Standing::Agree(at(0)));
        assert_eq!(agreement(None).standing(at(301)), Standing::Stale(at(0)));
        assert_eq!(agreement(Some(true)).standing(at(60)), Standing::Differ);
        assert_eq!(
            agreement(Some(false)).standing(at(60)),
            Standing::Agree(at(0))
        );
        assert_eq!(
            agreement(Some(true)).standing(at(301)),
            Standing::Stale(at(0))
        );
    }

    #[test]
    fn r13_all_was_asked_about_when_nothing_was_left_out_and_the_old_dates_were_gone_over_lately() {
        let days = TimeDelta::days(2);
        let asked = |swept_at, unasked: &[i16]| Agreement {
            swept_at,
            unasked: unasked.to_vec(),
            ..agreement(None)
        };
        assert!(asked(Some(at(60) - days), &[]).is_whole(at(60)));
        assert!(!asked(Some(at(59) - days), &[]).is_whole(at(60)));
        assert!(!asked(None, &[]).is_whole(at(60)));
        assert!(!asked(Some(at(0)), &[6]).is_whole(at(60)));
        assert!(!asked(Some(at(0)), &[]).is_whole(at(301)));
    }
}
