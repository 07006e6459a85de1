//! The product under test, driven through its own use cases; nothing of it runs by itself.

use std::cell::{Cell, RefCell, RefMut};

use ates::accounting;
use ates::app::Services;
use ates::auth::{self, Actor, UserChange};
use ates::bus::{self, Holder, Item, ParkedFilter, Selection, Start, Subscriber};
use ates::platform::db::{Db, DbRole, Lane, Origin, Tx};
use ates::platform::error::{AppError, AppResult};
use ates::platform::ids::UserId;
use ates::platform::workers::Progress;
use ates::platform::{clock::Clock, partitions};
use ates::tasks;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use uuid::Uuid;

use super::op::{Ear, Verdict};
use crate::support::database::count;
use crate::support::{Browser, Person, TestApp};

/// Who is there from the first day on; the first three are the office.
const PEOPLE: [(&str, &str); 8] = [
    ("root", "administrator"),
    ("second", "administrator"),
    ("buh", "accountant"),
    ("mgr", "manager"),
    ("kesha", "developer"),
    ("gosha", "developer"),
    ("yasha", "boss"),
    ("arkasha", "other"),
];

/// How many of them are the office.
pub const OFFICE: usize = 3;

/// Tasks in one chunk of a shuffle.
pub const CHUNK: usize = 3;

const REASON: &str = "The books said something else";

/// A subscriber of the product that can be made to fall.
struct Fragile {
    inner: Box<dyn Subscriber>,
    /// Cut the connection after the next effects.
    cut: Cell<bool>,
    /// What it can make nothing of.
    refused: Cell<Option<Uuid>>,
}

impl Subscriber for Fragile {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn role(&self) -> DbRole {
        self.inner.role()
    }

    fn types(&self) -> &'static [&'static str] {
        self.inner.types()
    }

    fn start(&self) -> Start {
        self.inner.start()
    }

    fn key(&self, item: &Item) -> Uuid {
        self.inner.key(item)
    }

    fn money(&self) -> bool {
        self.inner.money()
    }

    fn repeatable(&self) -> bool {
        self.inner.repeatable()
    }

    fn rebuildable(&self) -> bool {
        self.inner.rebuildable()
    }

    fn clear(&self, tx: &mut Tx<'_>) -> AppResult<()> {
        self.inner.clear(tx)
    }

    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        let refused = self.refused.get();
        if items.iter().any(|item| Some(item.subject) == refused) {
            return Err(AppError::Invalid(Vec::new()));
        }
        self.inner.handle(tx, items)?;
        if self.cut.replace(false) {
            tx.conn()
                .batch_execute("reset role; select pg_terminate_backend(pg_backend_pid())")?;
        }
        Ok(())
    }
}

/// What an operation answered: the status that a page would have.
pub fn word(error: &AppError) -> Result<&'static str, String> {
    match error {
        AppError::NotFound => Ok("404"),
        AppError::Forbidden | AppError::Refused(_) => Ok("403"),
        AppError::Conflict(_) => Ok("409"),
        AppError::Invalid(_) => Ok("422"),
        other => Err(format!("it failed: {other}")),
    }
}

/// One company for many cases, each of which begins on its first day.
pub struct Company {
    pub app: TestApp,
    conn: RefCell<PgConnection>,
    process: RefCell<(Services, Vec<Fragile>)>,
    pub people: Vec<Person>,
    browsers: RefCell<Vec<Browser>>,
    /// The same as they were on the first day: what a session is confirmed with changes its id.
    logged_in: Vec<Browser>,
}

type Outcome<T> = Result<Result<T, &'static str>, String>;

fn told<T>(outcome: AppResult<T>) -> Outcome<T> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(error) => word(&error).map(Err),
    }
}

fn fragile(services: &Services) -> Vec<Fragile> {
    let wrap = |inner| Fragile {
        inner,
        cut: Cell::new(false),
        refused: Cell::new(None),
    };
    services.subscribers().into_iter().map(wrap).collect()
}

/// Sessions that outlive every case.
const FOR_EVER: &str =
    "update auth.sessions set expires_at = '2100-01-01', last_seen_at = '2100-01-01'";

impl Company {
    pub fn found() -> Self {
        let mut app = TestApp::with(|settings| {
            settings
                .workers(false)
                .set("ATES_SHUFFLE_CHUNK", CHUNK)
                .set("ATES_WORKER_POOL", 4)
        });
        app.expect_broken();
        let people = app.register_all(
            &PEOPLE
                .map(|(name, role)| (name, [role]))
                .each_ref()
                .map(|(name, role)| (*name, &role[..])),
        );
        let browsers: Vec<Browser> = people[..OFFICE]
            .iter()
            .map(|person| app.log_in(person))
            .collect();
        app.step_all();
        let mut conn = app.conn();
        conn.batch_execute(FOR_EVER).unwrap();
        super::reset::remember(&mut conn);
        let services = app.services().clone();
        let ears = fragile(&services);
        Self {
            conn: RefCell::new(conn),
            process: RefCell::new((services, ears)),
            people,
            browsers: RefCell::new(browsers.clone()),
            logged_in: browsers,
            app,
        }
    }

    /// Everything is as it was on the first day.
    pub fn reset(&self) {
        self.app.clock().set(crate::support::monday());
        super::reset::restore(&mut self.conn());
        self.browsers.replace(self.logged_in.clone());
        let mut process = self.process.borrow_mut();
        process.1 = fragile(&process.0);
    }

    pub fn roles() -> impl Iterator<Item = &'static str> {
        PEOPLE.iter().map(|(_, role)| *role)
    }

    pub fn conn(&self) -> RefMut<'_, PgConnection> {
        self.conn.borrow_mut()
    }

    pub fn clock(&self) -> &Clock {
        self.app.clock()
    }

    fn db(&self) -> Db {
        self.process.borrow().0.db.clone()
    }

    fn actor(&self, id: Uuid) -> AppResult<Actor> {
        self.db()
            .read_blocking(auth::ROLE, |conn| auth::actor_of(conn, UserId(id)))
    }

    fn write<T>(
        &self,
        role: DbRole,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>,
    ) -> AppResult<T> {
        self.db()
            .transaction_blocking(Lane::Worker, role, Origin::system(), work)
    }

    pub fn create(&self, author: Uuid) -> Outcome<Uuid> {
        let text = tasks::TaskText::parse("Feed the macaw", "POP-1", "")
            .map_err(|error| error.to_string())?;
        told(
            self.actor(author).and_then(|actor| {
                self.write(tasks::ROLE, |tx| tasks::create_task(tx, &actor, text))
            }),
        )
        .map(|outcome| outcome.map(|task| task.id.0))
    }

    pub fn import(&self, author: Uuid, count: usize) -> Outcome<()> {
        let row = |line| tasks::TaskRow {
            line,
            jira_id: String::new(),
            title: format!("Bird {line}"),
            description: String::new(),
        };
        let rows = (2..).map(row).take(count).collect();
        told(self.actor(author).and_then(|actor| {
            let outcome = self.write(tasks::ROLE, |tx| {
                tasks::import_tasks(tx, actor.id, rows, &mut |_, _| {})
            })?;
            outcome
                .map(drop)
                .map_err(|errors| AppError::internal(format!("{errors:?}")))
        }))
    }

    pub fn complete(&self, by: Uuid, task: Uuid) -> Outcome<()> {
        told(self.actor(by).and_then(|actor| {
            self.write(tasks::ROLE, |tx| {
                tasks::complete_task(tx, &actor, task.into())
            })
            .map(drop)
        }))
    }

    pub fn press(&self, by: Uuid) -> Outcome<()> {
        told(self.actor(by).and_then(|actor| {
            self.write(tasks::ROLE, |tx| tasks::request_shuffle(tx, &actor, 1_000))
                .map(drop)
        }))
    }

    pub fn chunk(&self) -> Outcome<()> {
        let process = self.process.borrow();
        told(tasks::shuffle_step(&process.0.db, &process.0.config).map(drop))
    }

    fn with_ear<T>(&self, ear: Ear, work: impl FnOnce(&Db, &Fragile) -> T) -> T {
        let process = self.process.borrow();
        let found = process
            .1
            .iter()
            .find(|fragile| fragile.name() == ear.name());
        work(&process.0.db, found.expect("a subscriber of the product"))
    }

    /// A subscriber steps until it is idle.
    pub fn deliver(&self, ear: Ear) -> Result<(), String> {
        self.with_ear(ear, |db, fragile| {
            for _ in 0..100 {
                if bus::step(db, fragile).map_err(|error| format!("a step failed: {error}"))?
                    == Progress::Idle
                {
                    return Ok(());
                }
            }
            Err("it steps without an end".to_owned())
        })
    }

    /// Whether nobody who is not paused has anything left to hear.
    pub fn is_quiet(&self) -> bool {
        let behind = "bus.subscribers where not paused and position < (select coalesce(max(seq), 0) from bus.events)";
        count(&mut self.conn(), behind) == 0
    }

    /// The connection is cut in the middle of a step; tells whether there was a middle.
    pub fn cut(&self, ear: Ear) -> Result<bool, String> {
        self.with_ear(ear, |db, fragile| {
            fragile.cut.set(true);
            let outcome = bus::step(db, fragile);
            let happened = !fragile.cut.replace(false);
            match outcome {
                Ok(_) if !happened => Ok(false),
                Err(error) if happened && error.is_transient() => Ok(true),
                other => Err(format!("cut: {happened}, and it said {other:?}")),
            }
        })
    }

    pub fn refuse(&self, task: Option<Uuid>) {
        self.with_ear(Ear::Ledger, |_, fragile| fragile.refused.set(task));
    }

    pub fn pause(&self, ear: Ear) -> Outcome<()> {
        told(bus::pause(
            &self.db(),
            ear.name(),
            &keeper(),
            "a reason",
            Origin::system(),
        ))
    }

    pub fn resume(&self, ear: Ear) -> Outcome<()> {
        told(bus::resume(
            &self.db(),
            ear.name(),
            &keeper(),
            Origin::system(),
        ))
    }

    /// Everything from the first event on is told again.
    pub fn rewind(&self, ear: Ear) -> Result<(), String> {
        let (db, system) = (self.db(), Origin::system());
        let outcome = bus::pause(&db, ear.name(), &Holder::Deploy, "a reason", system.clone())
            .and_then(|()| bus::rewind(&db, ear.name(), 0, system.clone()))
            .and_then(|()| bus::resume(&db, ear.name(), &Holder::Deploy, system));
        outcome.map_err(|error| format!("rewind: {error}"))?;
        self.deliver(ear)
    }

    pub fn rebuild(&self) -> Result<(), String> {
        self.with_ear(Ear::Analytics, |db, fragile| {
            bus::rebuild(db, fragile, Origin::system())
                .map(drop)
                .map_err(|error| format!("rebuild: {error}"))
        })
    }

    pub fn replay(&self) -> Result<(), String> {
        let all = Selection::Filter(ParkedFilter::default());
        bus::replay(&self.db(), &all, Origin::system())
            .map(drop)
            .map_err(|error| error.to_string())
    }

    /// The nightly run: a line for each date that it took up.
    pub fn night(&self) -> Result<Vec<String>, String> {
        let process = self.process.borrow();
        let runs = accounting::settle_due(&process.0.db, &process.0.config)
            .map_err(|error| error.to_string())?;
        Ok(runs.iter().map(line).collect())
    }

    pub fn pay_date(&self, date: chrono::NaiveDate) -> Result<String, String> {
        let process = self.process.borrow();
        match accounting::settle_date(&process.0.db, &process.0.config, date) {
            Ok(run) => Ok(line(&run)),
            Err(error) => Ok(format!("{date}: {}", word(&error)?)),
        }
    }

    pub fn sweep(&self) -> Result<(), String> {
        let process = self.process.borrow();
        accounting::sweep(&process.0.db, &process.0.config).map_err(|error| error.to_string())
    }

    pub fn deactivate(&self, id: Uuid) -> Outcome<()> {
        let root = self.people[0].id;
        told(self.actor(root).and_then(|root| {
            self.write(auth::ROLE, |tx| {
                auth::deactivate_user(tx, &root, UserId(id))
            })
        }))
    }

    pub fn change_role(&self, id: Uuid, role: &str) -> Outcome<()> {
        let root = self.people[0].id;
        let change = UserChange {
            roles: Some(vec![role.to_owned()]),
            ..UserChange::default()
        };
        told(self.actor(root).and_then(|root| {
            self.write(auth::ROLE, |tx| {
                auth::update_user(tx, self.app.config(), &root, UserId(id), &change)
            })
        }))
    }

    pub fn hire(&self, username: &str, role: &str) -> Result<Uuid, String> {
        let person = auth::ImportedPerson {
            line: 1,
            username: username.to_owned(),
            email: format!("{username}@uberpopug.example"),
            name: "Popug".to_owned(),
            surname: "Popug".to_owned(),
            roles: role.to_owned(),
        };
        let person = person.check().map_err(|errors| format!("{errors:?}"))?;
        let ids = self.write(auth::ROLE, |tx| auth::register_people(tx, &[person]));
        match ids {
            Ok(Ok(ids)) => Ok(ids[0].0),
            other => Err(format!("hiring {username}: {other:?}")),
        }
    }

    /// Somebody of the office asks for a correction; gives where it is decided.
    pub fn ask(&self, asker: usize, username: &str, cents: i64) -> Outcome<String> {
        let amount = format!(
            "{}{}.{:02}",
            if cents < 0 { "-" } else { "" },
            cents.abs() / 100,
            cents.abs() % 100
        );
        let fields = [
            ("employee", username),
            ("amount", &amount),
            ("reason", REASON),
        ];
        let page =
            self.browsers.borrow_mut()[asker % OFFICE].post("/accounting/corrections", &fields);
        match (page.status, page.location.clone()) {
            (303, Some(location)) if location.starts_with("/accounting/corrections/") => {
                Ok(Ok(location))
            }
            (422, _) => Ok(Err("422")),
            (status, location) => Err(format!(
                "asking was answered {status} {location:?} {}",
                page.text()
            )),
        }
    }

    pub fn decide(&self, by: usize, correction: &str, verdict: Verdict) -> Outcome<()> {
        let path = format!("{correction}/{}", verdict.word());
        let page = self.browsers.borrow_mut()[by % OFFICE].post_confirmed(&path, &[]);
        self.conn().batch_execute(FOR_EVER).unwrap();
        match page.status {
            303 if page.location.as_deref() == Some(correction) => Ok(Ok(())),
            403 => Ok(Err("403")),
            409 => Ok(Err("409")),
            status => Err(format!(
                "a {} was answered {status} {:?}",
                verdict.word(),
                page.location
            )),
        }
    }

    /// The process ends, and another one starts on the same database.
    pub fn restart(&self) -> Result<(), String> {
        let refused = self.with_ear(Ear::Ledger, |_, fragile| fragile.refused.get());
        let config = self.app.config().clone();
        let url = self.app.url().to_owned();
        let db = Db::new(&config, &url, self.clock().clone());
        let begin = || -> AppResult<Services> {
            let services = Services::new(config, db, false)?;
            partitions::make(&services.db)?;
            bus::register(&services.db, &services.subscribers())?;
            accounting::open_first_day(&services.db, &services.config)?;
            Ok(services)
        };
        let services = begin().map_err(|error| format!("a restart: {error}"))?;
        let ears = fragile(&services);
        self.process.replace((services, ears));
        self.refuse(refused);
        Ok(())
    }
}

fn keeper() -> Holder {
    Holder::Operator("kesha".to_owned())
}

fn line(run: &accounting::Run) -> String {
    let date = run.business_date;
    let paid = format!("{date}: {} paid {}", run.people, run.total.minor());
    match &run.status {
        accounting::RunStatus::Done => paid,
        accounting::RunStatus::Held(held) => format!("{paid}, {held} held"),
        accounting::RunStatus::Waiting(wait) if wait.words().contains("ledger") => {
            format!("{date}: waits for the ledger")
        }
        other => format!("{date}: {other}"),
    }
}
