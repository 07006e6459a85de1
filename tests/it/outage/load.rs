//! People who create and complete while something falls, and what they were told.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::PgConnection;

use crate::crash::{Acknowledged, complete, create, press};
use crate::support::client::Api;
use crate::support::database::{TestDatabase, count};
use crate::support::stopwatch::Stopwatch;
use crate::support::{PASSWORD, TestApp, wait_until};

/// Workers and a manager in a database of its own server; their names.
pub fn populate(url: &str, workers: usize) -> Vec<String> {
    let app = TestApp::with(|settings| settings.workers(false).on(TestDatabase::at(url)));
    let names: Vec<String> = (0..workers)
        .map(|number| format!("worker{number}"))
        .collect();
    let mut people: Vec<(&str, &[&str])> = names
        .iter()
        .map(|name| (name.as_str(), &["developer"] as &[&str]))
        .collect();
    people.push(("manager", &["manager"]));
    people.push(("root", &["administrator"]));
    app.register_all(&people);
    drop(app.stop());
    names
}

/// Clients at work.
pub struct Load {
    told: Arc<Mutex<Acknowledged>>,
    stop: Arc<AtomicBool>,
    acts: Arc<AtomicUsize>,
    slowest: Arc<Mutex<Duration>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// All of these people at the process at `base`, and the manager, who presses now and then.
    pub fn start(base: &str, names: &[String]) -> Self {
        let mut load = Self {
            told: Arc::default(),
            stop: Arc::default(),
            acts: Arc::default(),
            slowest: Arc::default(),
            clients: Vec::new(),
        };
        let manager = "manager".to_owned();
        for name in names.iter().chain([&manager]) {
            let api = Api::log_in(base.to_owned(), name, PASSWORD);
            let (told, stop) = (Arc::clone(&load.told), Arc::clone(&load.stop));
            let (acts, slowest) = (Arc::clone(&load.acts), Arc::clone(&load.slowest));
            let name = name.clone();
            load.clients.push(std::thread::spawn(move || {
                let mut turn = 0_u32;
                while !stop.load(Ordering::SeqCst) {
                    turn += 1;
                    let began = Stopwatch::start();
                    let done = match (name.as_str(), turn % 2) {
                        ("manager", _) => press(&api, &told),
                        (_, 1) => create(&api, &format!("Task {turn} of {name}"), &told),
                        _ => complete(&api, &told),
                    };
                    let mut slowest = slowest.lock().unwrap();
                    *slowest = began.elapsed().max(*slowest);
                    drop(slowest);
                    acts.fetch_add(usize::from(done), Ordering::SeqCst);
                    let rest = if name == "manager" { 300 } else { 20 };
                    std::thread::park_timeout(Duration::from_millis(rest));
                }
            }));
        }
        load
    }

    /// Waits until so many more acts were acknowledged; how long that took.
    pub fn await_acts(&self, more: usize) -> Duration {
        let (began, goal) = (Stopwatch::start(), self.acts.load(Ordering::SeqCst) + more);
        wait_until("work goes on", || self.acts.load(Ordering::SeqCst) >= goal);
        began.elapsed()
    }

    /// The longest that anybody waited for an act, of one or two requests.
    pub fn slowest(&self) -> Duration {
        *self.slowest.lock().unwrap()
    }

    /// Ends it; what was acknowledged.
    pub fn end(self) -> Acknowledged {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.join().unwrap();
        }
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

/// What was acknowledged and is not there, or is there twice.
pub fn lost(conn: &mut PgConnection, told: &Acknowledged) -> Vec<String> {
    let mut lost = Vec::new();
    let mut look = |from: String| {
        if count(conn, &from) != 1 {
            lost.push(from);
        }
    };
    for task in &told.created {
        look(format!("report_v1.tasks where task_id = '{task}'"));
    }
    for task in &told.completed {
        look(format!(
            "report_v1.transfers where task_id = '{task}' and kind = 'completion_reward'"
        ));
    }
    lost
}

/// Waits until everything is booked, and looks that nothing acknowledged is lost; with the control that a loss would be seen.
pub fn assert_nothing_lost(connect: impl Fn() -> PgConnection, mut told: Acknowledged) {
    wait_until("everything is booked", || {
        let mut conn = connect();
        count(&mut conn, "report_v1.consumers where lag > 0") == 0
            && count(&mut conn, "tasks.shuffles where state <> 'done'") == 0
            && count(&mut conn, "report_v1.tasks where status = 'saving'") == 0
    });
    let mut conn = connect();
    println!(
        "{} created, {} completed, {} presses",
        told.created.len(),
        told.completed.len(),
        told.presses
    );
    assert_eq!(lost(&mut conn, &told), [""; 0]);
    let fees = count(
        &mut conn,
        "report_v1.transfers where kind = 'assignment_fee'",
    );
    assert_eq!(
        fees,
        count(&mut conn, "report_v1.assignments"),
        "one fee an assignment"
    );
    assert!(count(&mut conn, "tasks.shuffles") >= i64::try_from(told.presses).unwrap());
    told.created.insert(uuid::Uuid::nil().to_string());
    assert_eq!(
        lost(&mut conn, &told).len(),
        1,
        "the control: a task that is nowhere is missed"
    );
}
