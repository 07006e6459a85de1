//! The real program under load, killed again and again at random moments: nothing acknowledged is lost, nothing is doubled, and what must
//! agree agrees at every one of these moments, before anything repairs it (M42).
//!
//! Twelve kills; `ATES_TEST_KILLS=300` makes it three hundred (T-CRASH-1, M42). The seed is printed; `ATES_TEST_SEED=… cargo nextest run crash` plays the same moments again.

use std::collections::HashSet;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::outage::load::assert_nothing_lost;
use crate::support::client::{Api, try_post};
use crate::support::database::{count, number};
use crate::support::{Person, TestApp, wait_until};

const KILLS: usize = 12;
const CLIENTS: usize = 64;

/// What the clients were told.
#[derive(Default)]
pub struct Acknowledged {
    pub created: HashSet<String>,
    pub completed: HashSet<String>,
    pub presses: usize,
}

pub struct Server {
    child: Child,
    base: String,
}

impl Server {
    fn start(database: &str, port: u16) -> Self {
        Self::start_with(database, port, &[])
    }

    pub fn start_with(database: &str, port: u16, settings: &[(&str, &str)]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_ates"))
            .arg("serve")
            .env("DATABASE_URL", database)
            .env("ATES_BIND", format!("127.0.0.1:{port}"))
            .env("ATES_BELL_SECONDS", "1")
            .env("RUST_LOG", "error")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            child,
            base: format!("http://127.0.0.1:{port}"),
        };
        let ready = Api::anonymous(server.base.clone());
        wait_until("the server is ready", || {
            ready.try_get("/health/ready") == Some(200)
        });
        server
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// The most memory that it has had so far, in KiB.
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// The memory that it has now, in KiB.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    fn status(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix(what));
        let size = size.and_then(|size| size.trim().strip_suffix(" kB"));
        size.unwrap().parse().unwrap()
    }

    /// How many files and lines it has open.
    pub fn files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .unwrap()
            .count()
    }

    /// Asks it to stop, as a supervisor does.
    pub fn ask_to_stop(&self) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(asked.unwrap().success());
    }

    /// Asks it to stop and waits for that; how long it took. It must end well.
    pub fn end(mut self) -> Duration {
        let begun = crate::support::stopwatch::Stopwatch::start();
        self.ask_to_stop();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        begun.elapsed()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn m42_t_crash_1_kills_at_random_moments_lose_and_double_nothing_and_leave_no_half_of_anything() {
    let kills = std::env::var("ATES_TEST_KILLS")
        .ok()
        .and_then(|kills| kills.parse().ok())
        .unwrap_or(KILLS);
    let seed = std::env::var("ATES_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random);
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);

    let app = TestApp::start();
    let names: Vec<String> = (0..CLIENTS).map(|n| format!("worker{n}")).collect();
    let mut people: Vec<(&str, &[&str])> = names
        .iter()
        .map(|name| (name.as_str(), &["developer"] as &[&str]))
        .collect();
    people.push(("manager", &["manager"]));
    let people = app.register_all(&people);
    let database = app.stop();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();

    let mut server = Server::start(database.url(), port);
    let told = Arc::new(Mutex::new(Acknowledged::default()));
    let stop = Arc::new(AtomicBool::new(false));
    let acts = Arc::new(AtomicUsize::new(0));
    // All of them are in before the first begins: a machine that is busy with some lets the others wait at the door.
    let apis: Vec<Api> = people
        .iter()
        .map(|person| {
            let base = server.base.clone();
            Api::log_in(base, &person.username, crate::support::PASSWORD)
        })
        .collect();
    let clients: Vec<_> = people
        .iter()
        .zip(apis)
        .map(|(person, api)| {
            let (told, stop, acts, person) = (
                Arc::clone(&told),
                Arc::clone(&stop),
                Arc::clone(&acts),
                person.clone(),
            );
            std::thread::spawn(move || work(&api, &person, &told, &stop, &acts))
        })
        .collect();

    wait_until("work of every kind is under way", || {
        let told = told.lock().unwrap();
        told.created.len() > kills && told.completed.len() > kills / 2
    });
    for kill in 1..=kills {
        let goal = acts.load(Ordering::SeqCst) + rng.random_range(2..40);
        wait_until("the clients did some work", || {
            acts.load(Ordering::SeqCst) >= goal
        });
        std::thread::park_timeout(Duration::from_micros(rng.random_range(0..50_000)));
        server.kill();
        println!(
            "kill {kill} after {} acknowledged acts",
            acts.load(Ordering::SeqCst)
        );
        agree(&mut database.connect());
        server = Server::start(database.url(), port);
    }
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().unwrap();
    }
    let told = std::mem::take(&mut *told.lock().unwrap());
    assert_nothing_lost(|| database.connect(), told);
    drop(server);
    let mut conn = database.connect();
    let difference = number(
        &mut conn,
        "select (coalesce((select sum(amount_minor) from report_v1.transfers), 0)
           - coalesce((select sum(balance_minor) from report_v1.balances), 0))::bigint as n",
    );
    assert_eq!(difference, 0, "balances are the sum of the transfers");
    assert!(disagreements(&mut conn).is_empty());
    conn.batch_execute(
        "begin; set local session_replication_role = replica;
         delete from tasks.journal where kind = 'create'
           and task_id = (select task_id from tasks.journal where kind = 'create' limit 1)",
    )
    .unwrap();
    assert_eq!(
        disagreements(&mut conn),
        ["tasks without a creation in the journal"],
        "the control: a half is seen"
    );
    conn.batch_execute("rollback").unwrap();
    drop(conn);

    let verified = Command::new(env!("CARGO_BIN_EXE_ates"))
        .arg("verify")
        .env("DATABASE_URL", database.url())
        .output()
        .unwrap();
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
}

/// What was written in one transaction agrees as soon as nobody writes.
fn agree(conn: &mut PgConnection) {
    // Postgres may still be ending the last statements of the killed program.
    wait_until("the sessions of the killed program are gone", || {
        count(
            conn,
            "pg_stat_activity where datname = current_database() and application_name like 'ates %'",
        ) == 0
    });
    assert_eq!(disagreements(conn), [""; 0]);
}

/// The halves of what is written in one transaction: no task without its journal and its events, no completion without its
/// row, no transfer without its change of the balance and its event.
fn disagreements(conn: &mut PgConnection) -> Vec<&'static str> {
    let mut found = Vec::new();
    for (what, rows) in [
        (
            "tasks without a creation in the journal",
            "tasks.tasks t where (select count(*) from tasks.journal j where j.task_id = t.id and j.kind = 'create') <> 1",
        ),
        (
            "tasks whose assignments are not in the journal",
            "tasks.tasks t where (select count(*) from tasks.journal j where j.task_id = t.id and j.kind = 'assign') <> t.assignment_seq",
        ),
        (
            "tasks whose completion is not in the journal",
            "tasks.tasks t where (t.status = 'done') <> exists (
               select from tasks.journal j where j.task_id = t.id and j.kind = 'complete')",
        ),
        (
            "rows of the journal without their event",
            "tasks.journal j where j.event_id is not null and not exists (select from bus.events e where e.event_id = j.event_id)",
        ),
        (
            "balances that are not the sum and the number of their transfers",
            "accounting.balances b left join (
               select account_id, sum(amount_minor) as amount, count(*) as version from accounting.transfers group by account_id
             ) t using (account_id)
             where b.amount_minor <> coalesce(t.amount, 0) or b.version <> coalesce(t.version, 0)",
        ),
        (
            "transfers without their event",
            "accounting.transfers t where not exists (
               select from bus.events e where e.event_type = 'audit_log_record.created' and e.payload->>'transfer' = t.id::text)",
        ),
        (
            "prices without the first fee or the event",
            "accounting.task_prices p where not exists (
               select from accounting.transfers t where t.task_id = p.task_id and t.kind = 'assignment_fee')
             or not exists (select from bus.events e where e.event_type = 'task.estimated' and e.subject_id = p.task_id)",
        ),
    ] {
        if count(conn, rows) != 0 {
            found.push(what);
        }
    }
    found
}

/// Creates, completes and, as the manager, shuffles; a refused or broken request is simply not counted as acknowledged.
fn work(
    api: &Api,
    person: &Person,
    told: &Mutex<Acknowledged>,
    stop: &AtomicBool,
    acts: &AtomicUsize,
) {
    let mut turn = 0_u32;
    while !stop.load(Ordering::SeqCst) {
        turn += 1;
        let done = if person.username == "manager" {
            std::thread::park_timeout(Duration::from_millis(100));
            press(api, told)
        } else if turn % 2 == 1 {
            create(api, &format!("Task {turn} of {}", person.username), told)
        } else {
            complete(api, told)
        };
        if done {
            acts.fetch_add(1, Ordering::SeqCst);
        } else {
            // Sixty-four who knock without a pause would keep the program from coming back.
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

pub fn create(api: &Api, title: &str, told: &Mutex<Acknowledged>) -> bool {
    let Some((201, task)) = try_post(api, "/api/v1/tasks", &json!({ "title": title })) else {
        return false;
    };
    told.lock()
        .unwrap()
        .created
        .insert(task["uid"].as_str().unwrap().to_owned());
    true
}

pub fn complete(api: &Api, told: &Mutex<Acknowledged>) -> bool {
    let Some((200, mine)) = api.try_get_json("/api/v1/tasks/mine?status=open&limit=1") else {
        return false;
    };
    let Some(task) = mine["items"][0]["uid"].as_str() else {
        return false;
    };
    let Some((200, _)) = try_post(api, &format!("/api/v1/tasks/{task}/complete"), &json!({}))
    else {
        return false;
    };
    assert!(
        told.lock().unwrap().completed.insert(task.to_owned()),
        "{task} was completed twice"
    );
    true
}

pub fn press(api: &Api, told: &Mutex<Acknowledged>) -> bool {
    let Some((202, _)) = try_post(api, "/api/v1/tasks/reassign", &json!({})) else {
        return false;
    };
    told.lock().unwrap().presses += 1;
    true
}
