//! The scenarios, played through the real use cases: two days ago in the company's zone, so that the settlement lies in the past.

use std::ops::RangeInclusive;
use std::time::{Duration as Patience, Instant};

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};

use super::judge;
use super::postbox::Postbox;
use crate::app::Services;
use crate::auth::{self, Actor, NewPerson, Role, RoleSet};
use crate::bus::{self, Subscriber};
use crate::cli::CliError;
use crate::operations::{self, Books};
use crate::platform::clock::{Clock, next_day};
use crate::platform::config::Config;
use crate::platform::db::{Db, DbRole, Lane, Origin, READER, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;
use crate::platform::partitions;
use crate::platform::workers::Progress;
use crate::tasks::{self, TaskText};
use crate::{accounting, app};

/// How many tasks are created.
const TASKS: usize = 12;

/// How long the subscribers may take to hear what one step published.
const HEARING: Patience = Patience::from_secs(10);

/// The people of the sandbox.
const PEOPLE: [(&str, Role); 6] = [
    ("selftest-administrator", Role::Administrator),
    ("selftest-manager", Role::Manager),
    ("selftest-accountant", Role::Accountant),
    ("selftest-anna", Role::Developer),
    ("selftest-boris", Role::Developer),
    ("selftest-clara", Role::Developer),
];

/// What a step saw, or in what it failed.
type Seen = Result<String, String>;

/// What is played, and how.
type Step = (&'static str, fn(&mut Play) -> Seen);

/// The steps in their order.
pub(super) const STEPS: [Step; 9] = [
    ("people", Play::register),
    ("create", Play::create),
    ("price", Play::price),
    ("charge", Play::charge),
    ("shuffle", Play::shuffle),
    ("complete", Play::complete),
    ("settle", Play::settle),
    ("mail", Play::mail),
    ("verify", Play::verify),
];

/// The company of the sandbox.
pub(super) struct Play {
    services: Services,
    subscribers: Vec<Box<dyn Subscriber>>,
    clock: Clock,
    date: NaiveDate,
    postbox: Postbox,
}

impl Play {
    /// Opens the migrated sandbox with the product's own settings, but for those that reach out of it.
    pub fn open(mut config: Config, url: &str, postbox: Postbox) -> Result<Self, CliError> {
        config.database_read_url = None;
        config.smtp_url = Some(postbox.url());
        config.relay = None;
        config.webhooks = Vec::new();
        config.web_pool = 1;
        config.worker_pool = 2;
        config.read_pool = 1;
        let date = config.zone.date_of(Clock::system().now()) - Days::new(2);
        let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or(NaiveTime::MIN);
        let clock = Clock::fixed(config.zone.instant_of(date, noon));
        let db = Db::new(&config, url, clock.clone());
        let services = Services::new(config, db, false)?;
        let subscribers = services.subscribers();
        partitions::make(&services.db)?;
        accounting::open_first_day(&services.db, &services.config)?;
        bus::register(&services.db, &subscribers)?;
        Ok(Self {
            services,
            subscribers,
            clock,
            date,
            postbox,
        })
    }

    fn register(&mut self) -> Seen {
        let people: Vec<NewPerson> = PEOPLE
            .iter()
            .zip(1..)
            .map(|((name, role), line)| NewPerson {
                line,
                username: (*name).to_owned(),
                email: format!("{name}@selftest.invalid"),
                name: (*name).to_owned(),
                surname: "Popug".to_owned(),
                roles: RoleSet::new([*role]).expect("one role is a set"),
                password_hash: None,
            })
            .collect();
        let registered = self.write(auth::ROLE, None, |tx| auth::register_people(tx, &people))?;
        registered.map_err(|errors| format!("{} people are refused", errors.len()))?;
        self.hear()?;
        Ok(format!("{} registered", PEOPLE.len()))
    }

    fn create(&mut self) -> Seen {
        self.create_some(1..=TASKS)?;
        judge::created(&self.books()?, TASKS)
    }

    fn create_some(&self, numbers: RangeInclusive<usize>) -> Result<(), String> {
        let author = self.actor("selftest-anna")?;
        for number in numbers {
            let key = format!("SELF-{number}");
            let text = TaskText::parse(&format!("Feed parrot {number}"), &key, "").map_err(said)?;
            self.write(tasks::ROLE, Some(author.id), |tx| {
                tasks::create_task(tx, &author, text)
            })?;
        }
        Ok(())
    }

    fn price(&mut self) -> Seen {
        self.hear()?;
        let config = &self.services.config;
        judge::priced(&self.books()?, config.fee, config.reward)
    }

    fn charge(&mut self) -> Seen {
        judge::charged(&self.books()?)
    }

    fn shuffle(&mut self) -> Seen {
        self.clock.advance(TimeDelta::minutes(5));
        let before = self.books()?;
        let manager = self.actor("selftest-manager")?;
        let limit = self.services.config.shuffle_queue;
        self.write(tasks::ROLE, Some(manager.id), |tx| {
            tasks::request_shuffle(tx, &manager, limit)
        })?;
        let (db, config) = (&self.services.db, &self.services.config);
        while tasks::shuffle_step(db, config).map_err(said)? == Progress::More {}
        self.hear()?;
        judge::shuffled(&before, &self.books()?)
    }

    fn complete(&mut self) -> Seen {
        self.clock.advance(TimeDelta::hours(1));
        // All but one of those that were shuffled, so that somebody has something to carry on, and further ones that cost but one fee, so
        // that somebody has something to be paid.
        self.complete_all_but(1)?;
        self.create_some(TASKS + 1..=2 * TASKS)?;
        self.hear()?;
        self.clock.advance(TimeDelta::hours(1));
        self.complete_all_but(1)?;
        judge::completed(&self.books()?, 2 * TASKS - 1)
    }

    fn complete_all_but(&self, left: usize) -> Result<(), String> {
        let db = &self.services.db;
        let open = db
            .read_blocking(tasks::ROLE, tasks::list_open_assignments)
            .map_err(said)?;
        for (task, assignee) in open.into_iter().skip(left) {
            let actor = db
                .read_blocking(auth::ROLE, |conn| auth::actor_of(conn, assignee))
                .map_err(said)?;
            self.write(tasks::ROLE, Some(actor.id), |tx| {
                tasks::complete_task(tx, &actor, task)
            })?;
        }
        self.hear()
    }

    fn settle(&mut self) -> Seen {
        let config = &self.services.config;
        let night = config
            .zone
            .instant_of(next_day(self.date), config.payout_at)
            .max(config.zone.end_of(self.date));
        self.clock.set(night + TimeDelta::minutes(1));
        let before = self.books()?;
        accounting::settle_due(&self.services.db, config).map_err(said)?;
        self.hear()?;
        judge::settled(&before, &self.books()?, self.date)
    }

    fn mail(&mut self) -> Seen {
        let Services {
            db, mailer, config, ..
        } = &self.services;
        while accounting::mail_step(db, mailer, config).map_err(said)? == Progress::More {}
        self.hear()?;
        judge::mailed(&self.books()?, &self.postbox.message_ids())
    }

    /// Every invariant, and every planned step of the scenario validator.
    fn verify(&mut self) -> Seen {
        let Services { db, config, .. } = &self.services;
        let now = self.clock.now();
        let findings = db
            .read_blocking(READER, |conn| app::verify(conn, now))
            .map_err(said)?;
        let broken: Vec<String> = findings
            .iter()
            .filter(|finding| !finding.holds())
            .map(|finding| finding.invariant.name.to_owned())
            .collect();
        if !broken.is_empty() {
            return Err(format!("broken: {}", broken.join("; ")));
        }
        self.clock
            .advance(TimeDelta::from_std(config.scenario_limit * 2).unwrap_or_default());
        operations::watch_scenarios(db, config).map_err(said)?;
        let alerts = db
            .read_blocking(operations::ROLE, operations::count_open_alerts)
            .map_err(said)?;
        if alerts > 0 {
            return Err(format!("{alerts} planned steps did not follow"));
        }
        Ok(format!(
            "{} invariants hold, {} planned steps followed",
            findings.len(),
            operations::PLAN.len()
        ))
    }

    /// Lets every subscriber hear what was published; what fails in one of them fails the step.
    fn hear(&self) -> Result<(), String> {
        let db = &self.services.db;
        let begun = Instant::now();
        loop {
            for subscriber in &self.subscribers {
                while bus::step(db, subscriber.as_ref()).map_err(said)? == Progress::More {}
            }
            let statuses = db.read_blocking(bus::ROLE, bus::statuses).map_err(said)?;
            let parked = db
                .read_blocking(bus::ROLE, bus::parked_counts)
                .map_err(said)?;
            if let Some(row) = parked.iter().find(|row| row.items > 0) {
                return Err(format!("{} cannot deal with an event", row.subscriber));
            }
            let Some(behind) = statuses.iter().find(|row| row.lag() > 0) else {
                return Ok(());
            };
            if begun.elapsed() > HEARING {
                return Err(format!("{} does not get through its events", behind.name));
            }
        }
    }

    fn books(&self) -> Result<Books, String> {
        self.services
            .db
            .read_blocking(READER, operations::read_books)
            .map_err(said)
    }

    fn actor(&self, username: &str) -> Result<Actor, String> {
        self.services
            .db
            .read_blocking(auth::ROLE, |conn| auth::actor_by_username(conn, username))
            .map_err(said)
    }

    fn write<T>(
        &self,
        role: DbRole,
        actor: Option<UserId>,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>,
    ) -> Result<T, String> {
        let origin = Origin {
            actor: actor.map(|actor| actor.0),
            ..Origin::system()
        };
        self.services
            .db
            .transaction_blocking(Lane::Worker, role, origin, work)
            .map_err(said)
    }
}

fn said(error: AppError) -> String {
    CliError::from(error).to_string()
}
