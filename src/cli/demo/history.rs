//! A month in the life of the made-up company, lived through the real use cases under a moved clock.
//!
//! People and tasks come in through the importers; accounting prices, charges and credits; the manager shuffles; each night the real
//! settlement closes the day. Not a row is written past them.

use std::io::{IsTerminal, Write};

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, Utc, Weekday};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::CliError;
use super::bookmark::{Bookmark, Place};
use crate::app::Services;
use crate::auth::{self, Actor};
use crate::bus::{self, Subscriber};
use crate::cli::import;
use crate::cli::interrupt::Interrupt;
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin};
use crate::platform::partitions;
use crate::platform::workers::Progress;
use crate::{accounting, tasks};

const PEOPLE: &[u8] = include_bytes!("../../../demo/people.csv");
const TASKS: &[u8] = include_bytes!("../../../demo/tasks.csv");

/// Days of history before today that the tasks are enough for.
const DAYS: usize = 30;

/// The hours at which people complete tasks.
const HOURS: [u32; 3] = [11, 14, 17];

/// Whether nobody lives here yet.
pub(super) fn is_missing(db: &Db) -> Result<bool, CliError> {
    Ok(db.read_blocking(auth::ROLE, auth::count_users)? == 0)
}

/// Lives through so many days, at most [`DAYS`], and the present day so far; from where the bookmark lies, and until somebody asks to stop.
pub(super) fn live_through(
    config: &Config,
    url: &str,
    password: &str,
    days: u64,
    bookmark: &Bookmark,
    interrupt: &Interrupt,
) -> Result<(), CliError> {
    let now = Clock::system().now();
    let today = config.zone.date_of(now);
    let founded = today - Days::new(days);
    let place = bookmark.read()?.unwrap_or(Place {
        first: founded,
        next: founded,
    });
    bookmark.write(place)?;
    let clock = Clock::fixed(config.zone.instant_of(place.next, hour(9)).min(now));
    let services = Services::new(config.clone(), Db::new(config, url, clock.clone()), true)?;
    let mut company = Company {
        subscribers: services.subscribers(),
        services,
        clock,
        rng: StdRng::seed_from_u64(3_000),
    };

    partitions::make(&company.services.db)?;
    accounting::open_first_day(&company.services.db, &company.services.config)?;
    bus::register(&company.services.db, &company.subscribers)?;
    company.move_in(password)?;
    let days: Vec<NaiveDate> = place
        .first
        .iter_days()
        .take_while(|day| *day <= today)
        .collect();
    let titles = import::read_tasks(TASKS).map_err(CliError)?;
    let mut portions = titles.chunks(titles.len().div_ceil(days.len().max(DAYS + 1)));
    for (day, number) in days.iter().zip(1..) {
        let portion = portions.next().unwrap_or_default();
        if *day < place.next {
            continue;
        }
        if interrupt.is_asked() {
            println!();
            return Ok(());
        }
        // A day that is cut off by force is not lived twice.
        bookmark.write(Place {
            next: *day + Days::new(1),
            ..place
        })?;
        show_progress(number, days.len());
        company.live_a_day(*day, portion, now)?;
    }
    println!();
    bookmark.remove()
}

struct Company {
    services: Services,
    subscribers: Vec<Box<dyn Subscriber>>,
    clock: Clock,
    rng: StdRng,
}

impl Company {
    /// Everyone is registered through the importer; the printed log-ins get the demo's password.
    fn move_in(&self, password: &str) -> Result<(), CliError> {
        if is_missing(&self.services.db)? {
            import::import_people(&self.services.db, PEOPLE).map_err(CliError)?;
        }
        let hash = auth::hash_password(password)?;
        self.write(auth::ROLE, None, |tx| {
            super::LOG_INS
                .iter()
                .try_for_each(|username| auth::set_password_hash(tx, username, &hash))
        })?;
        self.hear()
    }

    fn live_a_day(
        &mut self,
        day: NaiveDate,
        titles: &[tasks::TaskRow],
        now: DateTime<Utc>,
    ) -> Result<(), CliError> {
        let today = self.services.config.zone.date_of(now);
        self.settle_until(day, now)?;
        self.be_at(day, 9, now);
        let manager = self.actor("manager")?;
        self.write(tasks::ROLE, Some(manager.id), |tx| {
            tasks::import_tasks(tx, manager.id, titles.to_vec(), &mut |_, _| {})
        })?
        .map_err(|errors| CliError(format!("the demo's tasks: {errors:?}")))?;
        self.hear()?;
        if day == today {
            self.complete_some(12, now)?;
        }
        for at in HOURS {
            if !self.be_at(day, at, now) {
                break;
            }
            if at == HOURS[1] && (day.weekday() == Weekday::Wed || day == today) {
                self.write(tasks::ROLE, Some(manager.id), |tx| {
                    tasks::request_shuffle(tx, &manager, i64::MAX)
                })?;
                while tasks::shuffle_step(&self.services.db, &self.services.config)?
                    == Progress::More
                {}
                self.hear()?;
            }
            let busy = if day.weekday().num_days_from_monday() < 5 {
                38..50
            } else {
                30..40
            };
            let count = self.rng.random_range(busy);
            self.complete_some(count, now)?;
        }
        Ok(())
    }

    /// Closes every date before `day`, at the time when the nightly run does.
    fn settle_until(&self, day: NaiveDate, now: DateTime<Utc>) -> Result<(), CliError> {
        let config = &self.services.config;
        let night = config.zone.instant_of(day, config.payout_at) + Duration::minutes(1);
        self.clock.set(night.min(now));
        self.hear()?;
        accounting::settle_due(&self.services.db, config)?;
        self.hear()
    }

    /// Moves the clock to an hour of a day, but not into the future; tells whether it moved that far.
    fn be_at(&self, day: NaiveDate, at: u32, now: DateTime<Utc>) -> bool {
        let wanted = self.services.config.zone.instant_of(day, hour(at));
        self.clock.set(wanted.min(now).max(self.clock.now()));
        wanted <= now
    }

    fn complete_some(&mut self, count: usize, now: DateTime<Utc>) -> Result<(), CliError> {
        let mut open = self
            .services
            .db
            .read_blocking(tasks::ROLE, tasks::list_open_assignments)?;
        open.shuffle(&mut self.rng);
        for (task, assignee) in open.into_iter().take(count) {
            let pause = self.rng.random_range(5..90);
            self.clock
                .set((self.clock.now() + Duration::seconds(pause)).min(now));
            let actor = self
                .services
                .db
                .read_blocking(auth::ROLE, |conn| auth::actor_of(conn, assignee))?;
            self.write(tasks::ROLE, Some(actor.id), |tx| {
                tasks::complete_task(tx, &actor, task)
            })?;
        }
        self.hear()
    }

    /// Lets every subscriber hear everything that was published.
    fn hear(&self) -> Result<(), CliError> {
        let db = &self.services.db;
        loop {
            for subscriber in &self.subscribers {
                while bus::step(db, subscriber.as_ref())? == Progress::More {}
            }
            let statuses = db.read_blocking(bus::ROLE, bus::statuses)?;
            if statuses.iter().all(|row| row.lag() == 0) {
                return Ok(());
            }
        }
    }

    fn actor(&self, username: &str) -> Result<Actor, CliError> {
        let db = &self.services.db;
        Ok(db.read_blocking(auth::ROLE, |conn| auth::actor_by_username(conn, username))?)
    }

    /// A unit of work of the one who acts in it.
    fn write<T>(
        &self,
        role: crate::platform::db::DbRole,
        actor: Option<crate::platform::ids::UserId>,
        work: impl FnOnce(&mut crate::platform::db::Tx<'_>) -> crate::platform::error::AppResult<T>,
    ) -> Result<T, CliError> {
        let origin = Origin {
            actor: actor.map(|actor| actor.0),
            ..Origin::system()
        };
        Ok(self
            .services
            .db
            .transaction_blocking(Lane::Worker, role, origin, work)?)
    }
}

fn hour(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).expect("hours below 24")
}

fn show_progress(day: usize, days: usize) {
    let mut out = std::io::stdout();
    if out.is_terminal() {
        drop(write!(
            out,
            "\r  the company lives through day {day} of {days}"
        ));
    } else if day == 1 || day.is_multiple_of(10) || day == days {
        drop(writeln!(
            out,
            "  the company lives through day {day} of {days}"
        ));
    }
    drop(out.flush());
}
