//! The real program, killed in the middle of a shuffle: the run goes on where it stopped, and no task is drawn twice.

use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use super::bring_in;
use crate::crash::Server;
use crate::support::client::Api;
use crate::support::database::{count, number};
use crate::support::{PASSWORD, TestApp, wait_until};

const TASKS: i64 = 3_000;
const KILLS: i64 = 3;

#[test]
fn t12_a_run_that_is_killed_in_the_middle_goes_on_and_draws_each_task_once() {
    let app = TestApp::start();
    let names: Vec<String> = (0..20).map(|n| format!("popug{n}")).collect();
    let mut people: Vec<(&str, &[&str])> = names
        .iter()
        .map(|name| (name.as_str(), &["developer"] as &[&str]))
        .collect();
    people.push(("lev", &["manager"]));
    let people = app.register_all(&people);
    bring_in(&app, &people[20], usize::try_from(TASKS).unwrap());
    let database = app.stop();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let start = || Server::start_with(database.url(), port, &[("ATES_SHUFFLE_CHUNK", "25")]);

    let mut server = start();
    let lev = Api::log_in(server.base().to_owned(), "lev", PASSWORD);
    let (status, run) = lev.post("/api/v1/tasks/reassign", &json!({}));
    assert_eq!(status, 202, "{run}");
    let mut conn = database.connect();
    let mut done = move || {
        number(
            &mut conn,
            "select max(done)::bigint as n from tasks.shuffles",
        )
    };
    for kill in 1..=KILLS {
        wait_until("some of the run is done", || {
            done() >= kill * TASKS / (KILLS + 1)
        });
        server.kill();
        let reached = done();
        println!("kill {kill} after {reached} of {TASKS}");
        assert!(reached < TASKS, "the run was over before the kill");
        server = start();
    }
    wait_until("the run ends and is booked", || {
        let mut conn = database.connect();
        count(&mut conn, "tasks.shuffles where state <> 'done'") == 0
            && count(&mut conn, "report_v1.consumers where lag > 0") == 0
    });
    drop(server);

    let mut conn = database.connect();
    assert_eq!(done(), TASKS);
    let of_run = "report_v1.assignments where run_id is not null";
    assert_eq!(count(&mut conn, of_run), TASKS);
    assert_eq!(
        count(
            &mut conn,
            &format!("(select distinct task_id from {of_run}) t")
        ),
        TASKS,
        "exactly one assignment a task"
    );
    let fees = "report_v1.transfers where kind = 'assignment_fee'";
    assert_eq!(count(&mut conn, fees), 2 * TASKS);
    for command in [
        vec!["verify"],
        vec!["shuffle", "check", run["uid"].as_str().unwrap()],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_ates"))
            .args(&command)
            .env("DATABASE_URL", database.url())
            .output()
            .unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
    }
}
