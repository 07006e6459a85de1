//! The chaos run of the real program: three servers and two recorders on one Postgres, all of which are killed, cut, frozen,
//! paused and restarted while people work. Then it must be as if nothing had happened.
//!
//! It lasts a minute; `ATES_TEST_CHAOS_SECONDS=600` makes it ten.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ates::auth::{self, NewPerson, RoleSet};
use ates::platform::db::{self, Lane, Origin};
use diesel::{Connection, PgConnection};

use super::cluster::Cluster;
use super::fleet::{Instance, Kind, Launch, free_port};
use super::load::{self, Load};
use super::monkey::{Monkey, Tools};
use super::{judge, recorder, stage, trial};
use crate::crash::Acknowledged;
use crate::support::client::Api;
use crate::support::database::count;
use crate::support::{PASSWORD, wait_until};

const SERVERS: usize = 3;
const PEOPLE: usize = 10;

#[test]
fn a_minute_of_chaos_loses_doubles_and_reorders_nothing() {
    let seconds = std::env::var("ATES_TEST_CHAOS_SECONDS")
        .ok()
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(60);
    let seed = trial::seed();
    let cluster = Cluster::start();
    let url = cluster.url();
    let mut conn = PgConnection::establish(&url).unwrap();
    db::migrate(&mut conn).unwrap();
    stage::set(&mut conn);
    let own = recorder::open(&url);
    let names = register(&own);

    let launch = Launch {
        database: url.clone(),
        faults: Some("handler_error=0.02,handler_panic=0.002".to_owned()),
        dawdle_ms: 0,
    };
    let healthy = Launch {
        faults: None,
        ..launch.clone()
    };
    let ports: Vec<u16> = (0..SERVERS).map(|_| free_port()).collect();
    let bases: Vec<String> = ports
        .iter()
        .map(|port| format!("http://127.0.0.1:{port}"))
        .collect();
    let mut fleet: Vec<Instance> = ports
        .iter()
        .map(|port| Instance::start(Kind::Server(*port), &healthy))
        .collect();
    fleet.extend((0..2).map(|_| Instance::start(Kind::Recorders, &launch)));
    for base in &bases {
        let api = Api::anonymous(base.clone());
        wait_until("a server is ready", || {
            api.try_get("/health/ready") == Some(200)
        });
    }
    let tokens = load::tokens(&bases[0], &names);
    wait_until("tasks knows the people", || {
        load::takes_work(&bases[0], &tokens[0].1)
    });
    for instance in &mut fleet[..SERVERS] {
        instance.restart(&launch);
    }

    let told = Arc::new(Mutex::new(Acknowledged::default()));
    let load = Load::none().people(&bases, &tokens, &told);
    let tools = Tools {
        kill: true,
        freeze: true,
        pause: true,
        terminate: true,
        longest_pause: Duration::from_secs(2),
    };
    let mut monkey = Monkey::new(seed, &url, Some(&cluster), tools);
    monkey.play(Duration::from_secs(seconds), &mut fleet, &launch);
    load.end();
    for instance in &mut fleet {
        instance.restart(&healthy);
    }
    trial::calm(&own, &url, Duration::from_secs(90 + seconds / 4));
    drop(fleet);

    let mut conn = PgConnection::establish(&url).unwrap();
    let told = told.lock().unwrap();
    println!("{:#?}", monkey.deeds);
    println!(
        "{} created, {} completed, {} presses, {} events, {} heard, {} were parked once",
        told.created.len(),
        told.completed.len(),
        told.presses,
        count(&mut conn, "bus.events"),
        count(&mut conn, "proof.heard"),
        count(&mut conn, "bus.parked_items"),
    );
    let mut findings = monkey.deeds.findings;
    findings.extend(judge::of_the_bus(&mut conn));
    findings.extend(judge::of_the_product(&mut conn));
    findings.extend(unkept(&told, &mut conn));
    stage::strike(&mut conn);
    drop(conn);
    findings.extend(command(&url, &["verify"]));
    findings.extend(command(&url, &["events", "doctor"]));
    assert!(findings.is_empty(), "seed {seed}: {findings:#?}");
    assert!(
        told.created.len() > 20 && told.completed.len() > 5,
        "too little work to mean anything"
    );
}

fn register(own: &db::Db) -> Vec<String> {
    let hash = auth::hash_password(PASSWORD).unwrap();
    let names: Vec<String> = (1..PEOPLE)
        .map(|n| format!("worker{n}"))
        .chain(["manager".to_owned()])
        .collect();
    let people: Vec<NewPerson> = names
        .iter()
        .zip(1..)
        .map(|(name, line)| NewPerson {
            line,
            username: name.clone(),
            email: format!("{name}@uberpopug.example"),
            name: "Popug".to_owned(),
            surname: "Popug".to_owned(),
            roles: RoleSet::parse(if name == "manager" {
                "manager"
            } else {
                "developer"
            })
            .unwrap(),
            password_hash: Some(hash.clone()),
        })
        .collect();
    own.transaction_blocking(Lane::Worker, auth::ROLE, Origin::system(), |tx| {
        auth::register_people(tx, &people)
    })
    .unwrap()
    .unwrap();
    names
}

/// What people were told and is not so.
fn unkept(told: &Acknowledged, conn: &mut PgConnection) -> Vec<String> {
    let created = told
        .created
        .iter()
        .filter(|task| count(conn, &format!("report_v1.tasks where task_id = '{task}'")) != 1)
        .map(|task| format!("P1: the acknowledged task {task} is not there"))
        .collect::<Vec<_>>();
    let completed = told
        .completed
        .iter()
        .filter(|task| {
            let rewards = format!(
                "report_v1.transfers where task_id = '{task}' and kind = 'completion_reward'"
            );
            count(conn, &rewards) != 1
        })
        .map(|task| format!("P1: the acknowledged completion of {task} has no reward"));
    let mut findings: Vec<String> = created.into_iter().chain(completed).collect();
    if count(conn, "tasks.shuffles") < i64::try_from(told.presses).unwrap() {
        findings.push("P1: an acknowledged press was lost".to_owned());
    }
    findings
}

/// What one of the program's own checks finds.
fn command(url: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_ates"))
        .args(arguments)
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    (!output.status.success()).then(|| {
        format!(
            "ates {}: {}{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}
