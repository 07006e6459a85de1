//! The invariants, each with faults that it must find.

use ates::accounting;
use ates::operations;
use chrono::{DateTime, Duration, Utc};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use serde_json::json;

use crate::support::database::count;
use crate::support::{Person, TestApp};

/// A company with a closed day, two open tasks, completed ones and a shuffle, which does nothing of itself.
pub fn company() -> TestApp {
    let app = TestApp::with(|settings| {
        settings
            .workers(false)
            .set("ATES_FEE_MIN", 10)
            .set("ATES_FEE_MAX", 10)
            .set("ATES_REWARD_MIN", 40)
            .set("ATES_REWARD_MAX", 40)
    });
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("chief", &["manager"]),
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("gosha", &["developer"]),
    ]);
    app.clock().advance(Duration::minutes(5));
    create_tasks(&app, &people[1], 12);
    complete_all(&app, &people[2..]);
    app.at("2026-03-03T09:00:00Z");
    let closed = accounting::settle_due(app.db(), app.config()).unwrap();
    assert_eq!(closed.len(), 1);
    app.drain();
    create_tasks(&app, &people[1], 2);
    assert_eq!(
        app.api(&people[1])
            .post("/api/v1/tasks/reassign", &json!({}))
            .0,
        202
    );
    app.settle_idle();
    app
}

fn create_tasks(app: &TestApp, person: &Person, tasks: usize) {
    let api = app.api(person);
    for number in 1..=tasks {
        let title = format!("Task {number}");
        assert_eq!(api.post("/api/v1/tasks", &json!({ "title": title })).0, 201);
    }
    app.drain();
}

fn complete_all(app: &TestApp, people: &[Person]) {
    for person in people {
        let api = app.api(person);
        let (_, mine) = api.get("/api/v1/tasks/mine?status=open");
        for task in mine["items"].as_array().unwrap() {
            let uid = task["uid"].as_str().unwrap();
            assert_eq!(
                api.post(&format!("/api/v1/tasks/{uid}/complete"), &json!({}))
                    .0,
                200
            );
        }
    }
    app.drain();
}

/// The numbers of the invariants that a fault breaks; the fault is undone again.
fn found(conn: &mut PgConnection, now: DateTime<Utc>, fault: &str) -> Vec<u8> {
    let mut numbers = Vec::new();
    conn.test_transaction(|conn| {
        // Triggers and foreign keys are off, as for somebody who got around all of them.
        conn.batch_execute("set local session_replication_role = replica")?;
        conn.batch_execute(fault)?;
        let findings = operations::verify(conn, now).unwrap();
        // Whatever touches a closed date breaks its seal besides; the seals have tests of their own.
        numbers.extend(
            findings
                .iter()
                .filter(|finding| !finding.holds() && finding.invariant.number != 12)
                .map(|finding| finding.invariant.number),
        );
        for finding in findings.iter().filter(|finding| !finding.holds()) {
            assert!(!finding.sample.is_empty() && finding.to_string().contains(&finding.sample[0]));
        }
        Ok::<_, diesel::result::Error>(())
    });
    numbers
}

/// Faults with the invariants that find them, and nothing else does.
const FAULTS: &[(&[u8], &str)] = &[
    (&[1], "update accounting.transfers set contra_id = gen_random_uuid()
        where id = (select min(id::text)::uuid from accounting.transfers)"),
    (&[2], "update accounting.balances set amount_minor = amount_minor + 1
        where account_id = (select min(account_id::text)::uuid from accounting.balances)"),
    (&[2], "delete from accounting.balances where amount_minor <> 0"),
    (&[3], "update accounting.task_prices set fee_minor = fee_minor + 100
        where task_id = (select task_id from accounting.transfers where kind = 'completion_reward' limit 1)"),
    (&[3], "update tasks.journal j set assignee_id = e.id from tasks.employees e
        where j.id = (select min(id) from tasks.journal where kind = 'assign') and e.assignable and e.id <> j.assignee_id"),
    (&[3], "delete from tasks.journal where id = (select min(id) from tasks.journal where kind = 'assign')"),
    (&[4], "update accounting.task_prices set reward_minor = reward_minor + 100
        where task_id = (select task_id from accounting.transfers where kind = 'completion_reward' limit 1)"),
    (&[4], "update tasks.tasks set status = 'open', completed_at = null, completed_by = null
        where id = (select task_id from accounting.transfers where kind = 'completion_reward' limit 1)"),
    (&[4], "update tasks.tasks set completed_by = gen_random_uuid()
        where id = (select task_id from accounting.transfers where kind = 'completion_reward' limit 1)"),
    (&[4], "update tasks.journal set occurred_at = occurred_at + interval '1 hour' where kind = 'assign'
        and task_id = (select task_id from accounting.transfers where kind = 'completion_reward' limit 1)"),
    (&[5], "drop index accounting.transfers_2026_03_reason_key;
        update accounting.transfers set reason_event_id = '00000000-0000-0000-0000-000000000001' where kind = 'payout'"),
    (&[6], "insert into tasks.tasks (id, title, status, assignee_id, assignment_seq, created_at, created_by, updated_at)
        select gen_random_uuid(), 'forgotten', 'saving', id, 1, '2026-03-03 08:00Z', id, '2026-03-03 08:00Z'
        from tasks.employees limit 1"),
    (&[6], "update bus.subscribers set position = position - 1 where name = 'analytics.projection'"),
    (&[3, 6], "with gone as (delete from accounting.transfers where id = (select id from accounting.transfers
          where kind = 'assignment_fee' and business_date = '2026-03-03' limit 1) returning account_id, amount_minor)
        update accounting.balances b set amount_minor = b.amount_minor - gone.amount_minor from gone where gone.account_id = b.account_id"),
    (&[4, 6, 7], "with gone as (delete from accounting.transfers where id = (select id from accounting.transfers
          where kind = 'completion_reward' limit 1) returning account_id, amount_minor)
        update accounting.balances b set amount_minor = b.amount_minor - gone.amount_minor from gone where gone.account_id = b.account_id"),
    (&[7], "update accounting.payouts set amount_minor = amount_minor + 1"),
    (&[7], "delete from accounting.payouts where employee_id = (select min(employee_id::text)::uuid from accounting.payouts)"),
    (&[7], "update accounting.transfers set amount_minor = amount_minor - 1 where kind = 'payout';
        update accounting.payouts set amount_minor = amount_minor + 1;
        update accounting.balances set amount_minor = amount_minor - 1 where account_id in (select employee_id from accounting.payouts)"),
    (&[7], "delete from accounting.mails; with gone as (delete from accounting.transfers where kind = 'payout' returning account_id, amount_minor)
        update accounting.balances b set amount_minor = b.amount_minor - gone.amount_minor from gone where gone.account_id = b.account_id;
        delete from accounting.payouts"),
    (&[8], "update accounting.transfers set created_at = created_at + interval '2 days'
        where id = (select id from accounting.transfers where kind = 'completion_reward' and business_date = '2026-03-02' limit 1)"),
    (&[9], "delete from accounting.mails where id = (select min(id::text)::uuid from accounting.mails)"),
    (&[9], "alter table accounting.mails drop constraint mails_message_id_key; update accounting.mails set message_id = 'one for all'"),
    (&[10], "grant update on accounting.transfers to ates_accounting"),
    (&[10], "grant truncate on bus.events_0000 to ates_bus"),
    (&[10], "grant delete on archive.transfers to ates_accounting"),
    (&[10], "drop trigger transfers_2026_03_append_only on accounting.transfers_2026_03"),
    (&[10], "grant insert (title) on tasks.tasks to ates_analytics"),
    (&[10], "alter table accounting.task_prices disable trigger task_prices_append_only"),
    (&[10], "alter table accounting.payouts disable trigger payouts_guard_stop"),
    (&[10], "alter table accounting.bank_file_lines disable trigger bank_file_lines_guard_stop"),
    (&[10], "grant update on accounting.bank_files to ates_accounting"),
    (&[5], "insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, reason_event_id,
          business_date, created_at)
        select gen_random_uuid(), 'adjustment', account_id, '00000000-0000-0000-0000-00000000ad05', 100, version + 1, amount_minor + 100,
          gen_random_uuid(), '2026-03-03', '2026-03-03 09:00Z' from accounting.balances where version > 0 limit 1;
        update accounting.balances b set amount_minor = b.amount_minor + 100 from accounting.transfers t
          where t.kind = 'adjustment' and t.account_id = b.account_id"),
    (&[7], "update accounting.statements set fees_minor = fees_minor - 100, rewards_minor = rewards_minor + 100
        where account_id = (select min(account_id::text)::uuid from accounting.statements)"),
    (&[7], "delete from accounting.statements where account_id = (select min(account_id::text)::uuid from accounting.statements)"),
    (&[7], "update accounting.business_days set paid_minor = paid_minor + 1 where state = 'closed'"),
    (&[7], "update accounting.business_days set fees_minor = fees_minor + 700 where state = 'closed'"),
    (&[7], "update accounting.business_days set rewards_minor = rewards_minor + 700 where state = 'closed'"),
    (&[7], "update accounting.business_days set negative_balances = negative_balances + 1 where state = 'closed'"),
    (&[10], "alter table accounting.business_days disable trigger business_days_guard_closed"),
    (&[10], "alter table accounting.day_seals disable trigger day_seals_append_only"),
    (&[11], "update bus.events set payload = jsonb_set(payload, '{roles}', '[\"developer\", \"manager\"]')
        where event_type = 'account.created' and payload ->> 'username' in ('kesha', 'roma', 'gosha')"),
];

#[test]
fn sens_each_invariant_finds_its_own_faults_and_no_other_does() {
    let app = company();
    let conn = &mut app.conn();
    let now = app.clock().now() + Duration::minutes(2);
    assert!(
        found(conn, now, "select").is_empty(),
        "nothing is broken before"
    );
    assert!(
        count(conn, "accounting.payouts") > 1,
        "the faults of payouts need two of them"
    );
    let mut wrong = Vec::new();
    for (expected, fault) in FAULTS {
        let numbers = found(conn, now, fault);
        if numbers != *expected {
            wrong.push(format!(
                "{fault}\n  expected {expected:?}, found {numbers:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for number in 1..=11 {
        assert!(
            FAULTS.iter().any(|(expected, _)| *expected == [number]),
            "no fault for {number}"
        );
    }
}

#[test]
fn sens_what_an_operator_has_paused_does_not_count_as_waiting() {
    let app = company();
    let now = app.clock().now() + Duration::minutes(2);
    let behind = "update bus.subscribers set position = position - 1, paused = true where name = 'analytics.projection'";
    assert!(found(&mut app.conn(), now, behind).is_empty());
}
