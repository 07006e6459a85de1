//! Ordinary work for long: memory, files and sessions of the database stay where they are (T-DOS-5).
//!
//! As many requests as half a minute brings here, as fast as they are answered; `ATES_TEST_LONG` takes an hour of them at their pace.

use diesel::PgConnection;
use serde_json::json;

use super::load::{is_long, lend_password};
use super::pace::{in_a_calm_round, pace};
use crate::crash::Server;
use crate::endurance::free_port;
use crate::scale::history;
use crate::support::database::{TestDatabase, count};
use crate::support::raw::send;
use crate::support::{Api, Browser, PASSWORD, TestApp, wait_until};

/// Requests a second, and clients who share them.
const RATE: usize = 20;
const CLIENTS: usize = 8;

/// What the process may take more for each minute of that, KiB.
const A_MINUTE: u64 = 1 << 10;

/// Sessions that the program may have: three pools of eight, the watch of the bus and the one of the primary.
const SESSIONS: i64 = 26;

/// Files that come and go with the lines of the moment.
const SOME_FILES: usize = 24;

/// Somebody who is logged in, with a browser and a script.
struct Visitor {
    cookie: String,
    token: String,
}

/// A house with visitors.
struct House {
    database: TestDatabase,
    server: Server,
    visitors: Vec<Visitor>,
}

impl House {
    fn open(faults: &str) -> Self {
        let app = TestApp::start();
        // Without an administrator the log-in page leads elsewhere.
        app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
        history::write(&app, 60, 1, 600);
        lend_password(&app);
        let database = app.stop();
        let settings = [
            ("ATES_METRICS_BIND", ""),
            ("ATES_BASE_URL", "http://127.0.0.1:8080"),
            ("ATES_FAULTS", faults),
        ];
        let server = Server::start_with(database.url(), free_port(), &settings);
        let visitors = (0..if is_long() { 200 } else { 10 })
            .map(|number| {
                let name = format!("popug{}", number % 60);
                let mut browser = Browser::new(server.base().to_owned());
                let form = [("username", name.as_str()), ("password", PASSWORD)];
                assert_eq!(browser.post("/login", &form).status, 303);
                let session = browser.cookie("ates_session").unwrap();
                let api = Api::log_in(server.base().to_owned(), &name, PASSWORD);
                Visitor {
                    cookie: format!("ates_session={session}"),
                    token: format!("Bearer {}", api.token().unwrap()),
                }
            })
            .collect();
        Self {
            database,
            server,
            visitors,
        }
    }

    /// One request of a usual day, over a line of its own.
    fn ask(&self, number: usize) {
        let visitor = &self.visitors[number % self.visitors.len()];
        let page = [("cookie", visitor.cookie.as_str())];
        let script = [
            ("authorization", visitor.token.as_str()),
            ("content-type", "application/json"),
        ];
        let title = json!({ "title": format!("Task {number}") }).to_string();
        let (method, path, headers, body, wanted) = match number % 10 {
            0 => ("POST", "/api/v1/tasks", &script[..], title.as_str(), 201),
            1 => ("GET", "/api/v1/tasks/mine", &script[..], "", 200),
            2 => ("GET", "/api/v1/accounting/balance", &script[..], "", 200),
            3 => ("GET", "/account", &page[..], "", 200),
            4 => ("GET", "/profile", &page[..], "", 200),
            5 => ("GET", "/health/ready", &[][..], "", 200),
            6 => ("GET", "/nothing", &page[..], "", 404),
            _ => ("GET", "/tasks", &page[..], "", 200),
        };
        let ask = || send(self.server.base(), method, path, headers, body);
        let mut answer = ask();
        // On a machine that stands still for five seconds the server gives up a line before it has read from it; then nothing was done.
        if answer.status == 408 {
            answer = ask();
        }
        assert_eq!(answer.status, wanted, "{path}: {}", answer.head);
    }

    /// Some minutes of that; complains when the process holds more afterwards than it may.
    fn minutes(&self, minutes: f64) -> Result<(), String> {
        let requests = (minutes * 60.0 * RATE as f64) as usize;
        let rate = if is_long() { RATE as f64 } else { f64::MAX };
        let (before, files) = (self.server.memory(), self.server.files());
        pace(rate, requests, CLIENTS, |number| self.ask(number));
        wait_until("what was opened is closed", || {
            self.server.files() <= files + SOME_FILES
        });
        let mut conn = self.database.connect();
        let sessions = sessions(&mut conn);
        let grown = self.server.memory().saturating_sub(before);
        let told = format!("{requests} requests: {grown} KiB more, {sessions} sessions");
        println!("{told}, {} files", self.server.files());
        assert!(sessions <= SESSIONS, "{told}");
        if grown as f64 > minutes * A_MINUTE as f64 {
            return Err(told);
        }
        Ok(())
    }
}

fn sessions(conn: &mut PgConnection) -> i64 {
    let own =
        "pg_stat_activity where datname = current_database() and application_name like 'ates %'";
    count(conn, own)
}

#[test]
fn t_dos_5_ordinary_work_takes_no_more_after_an_hour_than_before() {
    let (warm, minutes) = if is_long() { (10.0, 50.0) } else { (0.5, 0.5) };
    let house = House::open("");
    drop(house.minutes(warm));
    in_a_calm_round("memory", || house.minutes(minutes));
    drop(house);
    // The control: four thousand bytes that are kept of each request are seen.
    let leaking = House::open("plant=kept_bytes");
    drop(leaking.minutes(0.5));
    assert!(leaking.minutes(0.5).is_err());
}
