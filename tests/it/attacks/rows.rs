//! Somebody who reaches the database with the rights of the program, or writes sums that are none (A13, A16).

use diesel::connection::SimpleConnection;

use crate::accounting::books::Books;
use crate::support::database::text;

/// What may never be changed or taken away, by whichever role.
const KEPT: [&str; 6] = [
    "accounting.transfers",
    "accounting.task_prices",
    "tasks.journal",
    "bus.events",
    "platform.audit_log",
    "accounting.payouts",
];

#[test]
fn a13_the_database_takes_no_price_and_no_transfer_that_is_no_sum() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let task = books.create_priced(&kesha, 1_000, 3_000);
    let before = books.balance(&kesha);
    for (fee, reward) in [
        ("0", "2000"),
        ("-1000", "2000"),
        ("1000", "0"),
        ("1000", "-1"),
        ("1000", "9223372036854775807"),
        ("9223372036854775808", "2000"),
    ] {
        let price = format!(
            "insert into accounting.task_prices (task_id, fee_minor, reward_minor, created_at) values (gen_random_uuid(), {fee}, {reward}, now())"
        );
        let refused = books
            .app
            .conn()
            .batch_execute(&price)
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("check constraint") || refused.contains("out of range"),
            "{price}: {refused}"
        );
    }
    for (kind, amount) in [
        ("assignment_fee", "0"),
        ("assignment_fee", "1000"),
        ("completion_reward", "0"),
        ("completion_reward", "-3000"),
        ("payout", "1000"),
        ("adjustment", "0"),
        ("gift", "1000"),
    ] {
        let transfer = format!(
            "insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, task_id,
               assignment_seq, reason_event_id, business_date, created_at)
             select gen_random_uuid(), '{kind}', account_id, contra_id, {amount}, version + 1000, balance_minor, task_id,
               assignment_seq + 1000, gen_random_uuid(), business_date, created_at
             from accounting.transfers where task_id = '{task}' and kind = 'assignment_fee'"
        );
        let refused = books
            .app
            .conn()
            .batch_execute(&transfer)
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("check constraint"),
            "{kind} {amount}: {refused}"
        );
    }
    assert_eq!(books.balance(&kesha), before);
}

#[test]
fn a14_a16_a70_no_role_of_the_program_may_change_or_delete_what_happened() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 1, 1);
    let mut conn = books.app.conn();
    let roles = text(
        &mut conn,
        "select string_agg(rolname, ' ' order by rolname) as t from pg_roles where rolname like 'ates\\_%'",
    );
    let roles: Vec<&str> = roles.split(' ').collect();
    assert!(
        roles.contains(&"ates_accounting") && roles.len() >= 6,
        "{roles:?}"
    );
    for table in KEPT {
        for act in [
            format!("delete from {table}"),
            format!("truncate {table}"),
            format!("drop table {table}"),
            format!("alter table {table} disable trigger all"),
        ] {
            for role in &roles {
                let refused = conn.batch_execute(&format!("begin; set local role {role}; {act}"));
                conn.batch_execute("rollback").unwrap();
                let refused = refused.unwrap_err().to_string();
                assert!(
                    refused.contains("permission denied") || refused.contains("must be owner"),
                    "{role}: {act}: {refused}"
                );
            }
        }
    }
    for role in &roles {
        let update = format!(
            "begin; set local role {role}; update accounting.transfers set amount_minor = amount_minor + 1"
        );
        let refused = conn.batch_execute(&update);
        conn.batch_execute("rollback").unwrap();
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("permission denied"),
            "{role}"
        );
    }
}
