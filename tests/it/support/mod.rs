//! The test house: a database of its own for each test, the real server on a free port, people who log in and click.

pub mod client;
pub mod contracts;
pub mod database;
pub mod nats;
pub mod provider;
pub mod raw;
pub mod smtp;
pub mod stopwatch;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use ates::app::{self, Services};
use ates::auth::{self, NewPerson, RoleSet};
use ates::bus;
use ates::operations;
use ates::platform::clock::Clock;
use ates::platform::config::Config;
use ates::platform::db::{Db, Lane, Origin, READER};
use ates::platform::partitions;
use ates::platform::workers::{Health, Workers};
use chrono::{DateTime, Utc};
use diesel::PgConnection;
use uuid::Uuid;

pub use client::{Api, Browser, Page};
use database::TestDatabase;
use stopwatch::Stopwatch;

/// The password of everyone in the tests.
pub const PASSWORD: &str = "a parrot never tells";

/// How long a test waits for a condition before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a test wants otherwise than usual.
#[derive(Default)]
pub struct Settings {
    values: Vec<(String, String)>,
    no_workers: bool,
    database: Option<TestDatabase>,
    only_shows: Option<String>,
}

impl Settings {
    /// Sets a configuration key.
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.values.push((key.to_owned(), value.to_string()));
        self
    }

    /// Sends mails to a server.
    pub fn smtp(self, url: &str) -> Self {
        self.set("ATES_SMTP_URL", url)
    }

    /// Whether the bus, the jobs and the mail worker run.
    pub fn workers(mut self, run: bool) -> Self {
        self.no_workers = !run;
        self
    }

    /// Only shows what is at an address, as `ates serve --read-only` does.
    pub fn only_shows(mut self, url: &str) -> Self {
        self.only_shows = Some(url.to_owned());
        self.no_workers = true;
        self.database = Some(TestDatabase::elsewhere(url));
        self
    }

    /// Starts on the database that another app left.
    pub fn on(mut self, database: TestDatabase) -> Self {
        self.database = Some(database);
        self
    }
}

/// A running product with a database of its own. When it goes, it checks every invariant.
pub struct TestApp {
    services: Services,
    clock: Clock,
    address: SocketAddr,
    web: actix_web::dev::ServerHandle,
    web_thread: Option<std::thread::JoinHandle<()>>,
    workers: Option<Workers>,
    database: Option<TestDatabase>,
    verify_at_end: bool,
    planted_events: bool,
}

/// Somebody who takes part in a test.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: Uuid,
    pub username: String,
    pub email: String,
}

/// The morning on which tests begin, unless they move the clock: Monday, noon in Moscow.
pub fn monday() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

impl TestApp {
    pub fn start() -> Self {
        Self::with(|settings| settings)
    }

    pub fn with(adapt: impl FnOnce(Settings) -> Settings) -> Self {
        let settings = adapt(Settings::default());
        let database = settings.database.unwrap_or_else(TestDatabase::create);
        let mut values = vec![
            ("DATABASE_URL".to_owned(), database.url().to_owned()),
            ("ATES_BIND".to_owned(), "127.0.0.1:0".to_owned()),
            ("ATES_BELL_SECONDS".to_owned(), "3600".to_owned()),
            ("ATES_FIRST_RUN_SETUP".to_owned(), "false".to_owned()),
            ("ATES_RECONCILE_SECONDS".to_owned(), "3600".to_owned()),
            // So that a page shows what a test has just done, whoever did it; the cache has a test of its own.
            ("ATES_REPORT_CACHE_SECONDS".to_owned(), "0".to_owned()),
            // Everybody in a test comes from one address; the limit has tests of its own.
            ("ATES_LOGIN_BURST".to_owned(), "0".to_owned()),
        ];
        values.extend(settings.values);
        let config = Config::from_values(values).unwrap();
        let clock = Clock::fixed(monday());
        let db = match &settings.only_shows {
            Some(url) => Db::read_only(&config, url, clock.clone()),
            None => Db::new(&config, database.url(), clock.clone()),
        };
        let services = Services::new(config, db, false).unwrap();
        let workers = (!settings.no_workers).then(|| services.start_workers().unwrap());
        if settings.no_workers && settings.only_shows.is_none() {
            partitions::make(&services.db).unwrap();
            bus::register(&services.db, &services.subscribers()).unwrap();
            ates::accounting::open_first_day(&services.db, &services.config).unwrap();
        }
        let board = workers.as_ref().map(Workers::board).unwrap_or_default();
        let (tell, told) = mpsc::channel();
        let served = services.clone();
        let web_thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let bound = app::bind(&served, board).unwrap();
                tell.send((bound.address, bound.handle())).unwrap();
                bound.run().await.unwrap();
            });
        });
        let (address, web) = told.recv().unwrap();
        Self {
            services,
            clock,
            address,
            web,
            web_thread: Some(web_thread),
            workers,
            database: Some(database),
            verify_at_end: settings.only_shows.is_none(),
            planted_events: false,
        }
    }

    pub fn db(&self) -> &Db {
        &self.services.db
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn config(&self) -> &Config {
        &self.services.config
    }

    pub fn services(&self) -> &Services {
        &self.services
    }

    /// How each background worker is.
    pub fn health(&self) -> BTreeMap<String, Health> {
        self.workers
            .as_ref()
            .map(|workers| workers.board().all())
            .unwrap_or_default()
    }

    /// A superuser's connection, for looking at rows and planting faults.
    pub fn conn(&self) -> PgConnection {
        self.database.as_ref().unwrap().connect()
    }

    /// A superuser's connection to the server, beside the app's database.
    pub fn server_conn(&self) -> PgConnection {
        database::connect_to("postgres")
    }

    /// The name of the database.
    pub fn database_name(&self) -> String {
        self.database.as_ref().unwrap().name().to_owned()
    }

    /// The address of the database.
    pub fn url(&self) -> &str {
        self.database.as_ref().unwrap().url()
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the server and the workers but keeps the database, for another start.
    pub fn stop(mut self) -> TestDatabase {
        self.halt();
        self.verify_at_end = false;
        self.database.take().unwrap()
    }

    /// For tests that break an invariant on purpose.
    pub fn expect_broken(&mut self) {
        self.verify_at_end = false;
    }

    /// For tests that put events into the log which the product would never write.
    pub fn expect_planted_events(&mut self) {
        self.planted_events = true;
    }

    /// Registers somebody through the real use case, with the tests' password, and waits until every module knows them.
    pub fn register(&self, username: &str, roles: &[&str]) -> Person {
        self.register_all(&[(username, roles)]).remove(0)
    }

    pub fn register_all(&self, people: &[(&str, &[&str])]) -> Vec<Person> {
        static HASH: OnceLock<String> = OnceLock::new();
        let hash = HASH.get_or_init(|| auth::hash_password(PASSWORD).unwrap());
        let new: Vec<NewPerson> = people
            .iter()
            .zip(1..)
            .map(|((username, roles), line)| NewPerson {
                line,
                username: (*username).to_owned(),
                email: format!("{username}@uberpopug.example"),
                name: capitalised(username),
                surname: "Popug".to_owned(),
                roles: RoleSet::parse(&roles.join(";")).unwrap(),
                password_hash: Some(hash.clone()),
            })
            .collect();
        let ids = self
            .db()
            .transaction_blocking(Lane::Worker, auth::ROLE, Origin::system(), |tx| {
                auth::register_people(tx, &new)
            })
            .unwrap()
            .unwrap();
        self.drain();
        people
            .iter()
            .zip(ids)
            .map(|((username, _), id)| Person {
                id: id.0,
                username: (*username).to_owned(),
                email: format!("{username}@uberpopug.example"),
            })
            .collect()
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.base())
    }

    pub fn log_in(&self, person: &Person) -> Browser {
        let mut browser = self.browser();
        let page = browser.post(
            "/login",
            &[("username", &person.username), ("password", PASSWORD)],
        );
        assert_eq!(
            page.status,
            303,
            "{} could not log in: {}",
            person.username,
            page.text()
        );
        browser
    }

    pub fn api(&self, person: &Person) -> Api {
        Api::log_in(self.base(), &person.username, PASSWORD)
    }

    /// Waits until every running subscriber has dealt with every event.
    pub fn drain(&self) {
        if self.workers.is_none() {
            return self.step_all();
        }
        wait_until("the bus is drained", || {
            let statuses = self.db().read_blocking(bus::ROLE, bus::statuses).unwrap();
            statuses.iter().all(|row| row.paused || row.lag() == 0)
        });
    }

    /// Without workers: lets every subscriber work until nothing is left.
    pub fn step_all(&self) {
        let subscribers = self.services.subscribers();
        loop {
            let statuses = self.db().read_blocking(bus::ROLE, bus::statuses).unwrap();
            let behind = |name| {
                statuses
                    .iter()
                    .any(|row| row.name == name && !row.paused && row.lag() > 0)
            };
            let mut stepped = false;
            for subscriber in subscribers.iter().filter(|one| behind(one.name())) {
                bus::step(self.db(), subscriber.as_ref()).unwrap();
                stepped = true;
            }
            if !stepped {
                break;
            }
        }
    }

    /// Waits until no shuffle is queued or running, and the bus is drained.
    pub fn settle_idle(&self) {
        let mut conn = self.conn();
        wait_until("no shuffle is under way", || {
            if self.workers.is_none() {
                ates::tasks::shuffle_step(self.db(), self.config()).unwrap();
            }
            database::count(&mut conn, "tasks.shuffles where state <> 'done'") == 0
        });
        self.drain();
    }

    /// Moves the clock to an instant.
    pub fn at(&self, instant: &str) {
        self.clock.set(instant.parse().unwrap());
    }

    /// Every invariant of `ates verify` holds.
    pub fn assert_verified(&self) {
        let now = self.clock.now();
        let findings = self
            .db()
            .read_blocking(READER, |conn| operations::verify(conn, now))
            .unwrap();
        let broken: Vec<String> = findings
            .iter()
            .filter(|finding| finding.count > 0)
            .map(ToString::to_string)
            .collect();
        assert!(broken.is_empty(), "broken invariants: {broken:#?}");
    }

    fn halt(&mut self) {
        if let Some(thread) = self.web_thread.take() {
            drop(self.web.stop(false));
            thread.join().unwrap();
        }
        if let Some(workers) = self.workers.take() {
            workers.stop();
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.halt();
            return;
        }
        if self.verify_at_end && self.database.is_some() {
            self.drain();
            self.assert_verified();
            if !self.planted_events {
                contracts::assert_published(&mut self.conn());
            }
        }
        self.halt();
    }
}

/// Waits for a condition; fails the test when it does not come true.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Stopwatch::start();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
