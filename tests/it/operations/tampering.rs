//! Edits by somebody who owns the database and has switched every trigger off (T-OPS-5), and a busy system that nobody touches.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ates::accounting;
use ates::platform::agreement;
use ates::platform::stop;
use chrono::TimeDelta;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::reconciler::{old_company, round};
use crate::crash::Acknowledged;
use crate::proof::fleet::free_port;
use crate::proof::load::{self, Load};
use crate::support::database::count;
use crate::support::{Api, PASSWORD, TestApp, wait_until};

/// Rounds in which an edit must be found: one for the present and one for each old date, and one more.
const ROUNDS: usize = 4;

/// An edit: what it is, the checks that may name it, the edit and its repair.
struct Edit {
    name: &'static str,
    checks: &'static [i16],
    edit: &'static str,
    repair: &'static str,
}

const EDITS: &[Edit] = &[
    Edit {
        name: "a balance is raised",
        checks: &[2],
        edit: "update accounting.balances set amount_minor = amount_minor + 1
            where account_id = (select min(account_id::text)::uuid from accounting.balances)",
        repair: "update accounting.balances set amount_minor = amount_minor - 1
            where account_id = (select min(account_id::text)::uuid from accounting.balances)",
    },
    Edit {
        name: "a reward of an old closed date is raised",
        checks: &[4, 7, 12],
        edit: "update accounting.transfers set amount_minor = amount_minor + 100 where id = (select min(id::text)::uuid
            from accounting.transfers where kind = 'completion_reward' and business_date = '2026-03-02')",
        repair: "update accounting.transfers set amount_minor = amount_minor - 100 where id = (select min(id::text)::uuid
            from accounting.transfers where kind = 'completion_reward' and business_date = '2026-03-02')",
    },
    Edit {
        name: "a fee of today is deleted, and the balance with it",
        checks: &[3],
        edit: "create table public.kept as select * from accounting.transfers
              where kind = 'assignment_fee' and business_date = '2026-03-05' order by id limit 1;
            delete from accounting.transfers t using public.kept k where t.id = k.id;
            update accounting.balances b set amount_minor = b.amount_minor - k.amount_minor from public.kept k
              where b.account_id = k.account_id",
        repair: "insert into accounting.transfers select * from public.kept;
            update accounting.balances b set amount_minor = b.amount_minor + k.amount_minor from public.kept k
              where b.account_id = k.account_id;
            drop table public.kept",
    },
    Edit {
        name: "an adjustment without a reason is inserted, and the balance moved with it",
        checks: &[5],
        edit: "insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, reason_event_id,
              business_date, created_at)
            select '00000000-0000-0000-0000-0000000000bb', 'adjustment', account_id, '00000000-0000-0000-0000-00000000ad05', 10000,
              version + 1, amount_minor + 10000, gen_random_uuid(), '2026-03-05', '2026-03-05 09:01Z'
            from accounting.balances order by account_id limit 1;
            update accounting.balances set amount_minor = amount_minor + 10000, version = version + 1
              where account_id = (select account_id from accounting.balances order by account_id limit 1)",
        repair: "delete from accounting.transfers where id = '00000000-0000-0000-0000-0000000000bb';
            update accounting.balances set amount_minor = amount_minor - 10000, version = version - 1
              where account_id = (select account_id from accounting.balances order by account_id limit 1)",
    },
    Edit {
        name: "a second reward is inserted before the first date",
        checks: &[4, 7],
        edit: "select platform.make_months('transfers', '2026-02-01', '2026-02-28');
            insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, task_id,
              reason_event_id, business_date, created_at)
            select '00000000-0000-0000-0000-0000000000dd', kind, account_id, contra_id, amount_minor, -1, balance_minor, task_id,
              gen_random_uuid(), '2026-02-26', '2026-02-26 09:00Z'
            from accounting.transfers where kind = 'completion_reward' and business_date = '2026-03-02' order by id limit 1",
        repair: "delete from accounting.transfers where id = '00000000-0000-0000-0000-0000000000dd'",
    },
    Edit {
        name: "a payout is listed twice",
        checks: &[7],
        edit: "insert into accounting.payouts (business_date, employee_id, amount_minor, transfer_id)
            select business_date + 1, employee_id, amount_minor, '00000000-0000-0000-0000-0000000000cc'
            from accounting.payouts where business_date = '2026-03-02' order by employee_id limit 1",
        repair: "delete from accounting.payouts where transfer_id = '00000000-0000-0000-0000-0000000000cc'",
    },
    Edit {
        name: "the price of a task that is done is changed",
        checks: &[3, 4],
        edit: "update accounting.task_prices set reward_minor = reward_minor + 100
            where task_id = (select min(task_id::text)::uuid from accounting.transfers where kind = 'completion_reward')",
        repair: "update accounting.task_prices set reward_minor = reward_minor - 100
            where task_id = (select min(task_id::text)::uuid from accounting.transfers where kind = 'completion_reward')",
    },
    Edit {
        name: "a statement is changed",
        checks: &[7],
        edit: "update accounting.statements set fees_minor = fees_minor - 100, rewards_minor = rewards_minor + 100
            where business_date = '2026-03-02'
              and account_id = (select min(account_id::text)::uuid from accounting.statements where business_date = '2026-03-02')",
        repair: "update accounting.statements set fees_minor = fees_minor + 100, rewards_minor = rewards_minor - 100
            where business_date = '2026-03-02'
              and account_id = (select min(account_id::text)::uuid from accounting.statements where business_date = '2026-03-02')",
    },
    Edit {
        name: "the stored earnings of an old closed date are raised",
        checks: &[7],
        edit: "update accounting.business_days set fees_minor = fees_minor + 700 where business_date = '2026-03-02'",
        repair: "update accounting.business_days set fees_minor = fees_minor - 700 where business_date = '2026-03-02'",
    },
    Edit {
        name: "today is declared closed",
        checks: &[7, 8, 12],
        edit: "update accounting.business_days set state = 'closed', closed_at = '2026-03-05 09:00Z', started_at = '2026-03-05 09:00Z',
              people = 0, paid_minor = 0 where business_date = '2026-03-05'",
        repair: "update accounting.business_days set state = 'open', closed_at = null, started_at = null, people = null, paid_minor = null
            where business_date = '2026-03-05'",
    },
    Edit {
        name: "an assignment that never was is written into the journal",
        checks: &[3],
        edit: "create table public.kept as select * from tasks.journal where kind = 'assign' order by id desc limit 1;
            update public.kept set id = id + 1000000, assignment_seq = assignment_seq + 100, event_id = gen_random_uuid();
            insert into tasks.journal select * from public.kept",
        repair: "delete from tasks.journal j using public.kept k where j.id = k.id; drop table public.kept",
    },
];

/// As somebody who got around every trigger.
fn sql(conn: &mut PgConnection, change: &str) {
    conn.batch_execute(&format!(
        "begin; set local session_replication_role = replica; {change}; commit"
    ))
    .unwrap();
}

#[test]
fn t_ops_5_every_edit_by_the_owner_of_the_database_is_found_and_stops_the_writes() {
    let app = old_company();
    let people = app.register_all(&[("boss2", &["administrator"]), ("chief2", &["manager"])]);
    for title in ["First of today", "Second of today"] {
        let manager = app.api(&people[1]);
        let body = json!({ "title": title });
        assert_eq!(manager.post("/api/v1/tasks", &body).0, 201);
    }
    app.drain();
    app.clock().advance(TimeDelta::minutes(5));
    let (admin, manager) = (app.api(&people[0]), app.api(&people[1]));
    for _ in 0..ROUNDS {
        round(&app);
    }
    let conn = &mut app.conn();
    assert_eq!(count(conn, "platform.emergency_stops"), 0);
    for edit in EDITS {
        sql(conn, edit.edit);
        let found = (0..ROUNDS).find_map(|_| {
            round(&app);
            stop::current(conn).unwrap()
        });
        let Some(stop) = found else {
            panic!("not found: {}", edit.name);
        };
        let number = stop.check_number.unwrap();
        assert!(
            edit.checks.contains(&number),
            "{}: check {number}, {:?}",
            edit.name,
            stop.findings
        );
        assert!(!stop.findings.is_empty(), "{}", edit.name);
        refuses_everything(&app, &manager, edit.name);
        sql(conn, edit.repair);
        let body =
            json!({ "reason": format!("Repaired by hand: {}", edit.name), "password": PASSWORD });
        let (status, answer) = admin.post("/api/v1/ops/release", &body);
        assert_eq!(status, 200, "{}: {answer}", edit.name);
        for _ in 0..ROUNDS {
            round(&app);
        }
        assert!(
            stop::current(conn).unwrap().is_none(),
            "{} was repaired",
            edit.name
        );
    }
    let edits = i64::try_from(EDITS.len()).unwrap();
    for action in ["operations.stopped", "operations.released"] {
        assert_eq!(
            count(conn, &format!("report_v1.audit where action = '{action}'")),
            edits
        );
    }
    let body = json!({ "title": "Life goes on" });
    assert_eq!(manager.post("/api/v1/tasks", &body).0, 201);
}

fn refuses_everything(app: &TestApp, manager: &Api, name: &str) {
    let transfers = count(&mut app.conn(), "accounting.transfers");
    for (path, body) in [
        ("/api/v1/tasks", json!({ "title": "Refused" })),
        ("/api/v1/tasks/reassign", json!({})),
    ] {
        let (status, problem) = manager.post(path, &body);
        assert_eq!(status, 503, "{name}: {path}");
        assert_eq!(problem["type"], "/problems/stopped");
    }
    assert_eq!(manager.get("/api/v1/tasks").0, 200, "reading works");
    assert!(
        accounting::settle_due(app.db(), app.config()).is_err(),
        "{name}"
    );
    assert!(accounting::sweep(app.db(), app.config()).is_err(), "{name}");
    assert!(ates::tasks::shuffle_step(app.db(), app.config()).is_err());
    assert_eq!(count(&mut app.conn(), "accounting.transfers"), transfers);
}

#[test]
fn t_ops_5_a_running_program_finds_an_edit_by_itself() {
    let app = TestApp::with(|settings| settings.set("ATES_RECONCILE_SECONDS", 1));
    let root = app.register("root", &["administrator"]);
    let kesha = app.register("kesha", &["developer"]);
    let api = app.api(&kesha);
    assert_eq!(
        api.post("/api/v1/tasks", &json!({ "title": "Work" })).0,
        201
    );
    app.drain();
    let conn = &mut app.conn();
    sql(
        conn,
        "update accounting.balances set amount_minor = amount_minor + 1",
    );
    wait_until("the reconciler has stopped it", || {
        stop::current(conn).unwrap().is_some()
    });
    let (status, problem) = api.post("/api/v1/tasks", &json!({ "title": "More work" }));
    assert_eq!(status, 503, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("balance is the sum") && !detail.contains(&kesha.id.to_string()),
        "the check is named, nobody's money is: {detail}"
    );
    sql(
        conn,
        "update accounting.balances set amount_minor = amount_minor - 1",
    );
    let body = json!({ "reason": "The balance is as it was", "password": PASSWORD });
    assert_eq!(app.api(&root).post("/api/v1/ops/release", &body).0, 200);
    assert_eq!(
        api.post("/api/v1/tasks", &json!({ "title": "More work" }))
            .0,
        201
    );
}

/// The real program with a reconciler that makes a round a second.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn t_ops_5_an_untouched_busy_system_is_never_stopped() {
    let seconds = std::env::var("ATES_TEST_BUSY_SECONDS")
        .ok()
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(15);
    let app = TestApp::with(|settings| settings.workers(false));
    let names: Vec<String> = (0..6)
        .map(|number| format!("worker{number}"))
        .chain(["manager".to_owned()])
        .collect();
    for name in &names {
        let role = if name == "manager" {
            "manager"
        } else {
            "developer"
        };
        app.register(name, &[role]);
    }
    let database = app.stop();
    let port = free_port();
    let _server = Server(
        Command::new(env!("CARGO_BIN_EXE_ates"))
            .arg("serve")
            .env("DATABASE_URL", database.url())
            .env("ATES_BIND", format!("127.0.0.1:{port}"))
            .env("ATES_METRICS_BIND", "")
            .env("ATES_RECONCILE_SECONDS", "1")
            .env("RUST_LOG", "off")
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let bases = [format!("http://127.0.0.1:{port}")];
    let anonymous = Api::anonymous(bases[0].clone());
    wait_until("the server is ready", || {
        anonymous.try_get("/health/ready") == Some(200)
    });
    let tokens = load::tokens(&bases[0], &names);
    let told = Arc::new(Mutex::new(Acknowledged::default()));
    let load = Load::none().people(&bases, &tokens, &told);
    let (end, conn) = (
        Instant::now() + Duration::from_secs(seconds),
        &mut database.connect(),
    );
    let mut rounds = std::collections::BTreeSet::new();
    while Instant::now() < end {
        let agreement = agreement::find(conn).unwrap();
        assert!(
            agreement.differs.iter().all(|check| !check.money),
            "{agreement:?}"
        );
        rounds.extend(agreement.round_at);
        std::thread::park_timeout(Duration::from_millis(100));
    }
    load.end();
    assert_eq!(count(conn, "platform.emergency_stops"), 0);
    let told = told.lock().unwrap();
    println!(
        "{} rounds over {} created, {} completed, {} presses, {} transfers",
        rounds.len(),
        told.created.len(),
        told.completed.len(),
        told.presses,
        count(conn, "accounting.transfers"),
    );
    assert!(rounds.len() >= 3 && told.created.len() > 20);
}
