//! The rounds of the reconciler, and the badge that tells of them (R13).

use std::time::Duration;

use ates::accounting;
use ates::operations;
use ates::platform::agreement::{self, Standing};
use ates::platform::partitions;
use ates::platform::stop;
use chrono::TimeDelta;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;

use super::invariants::company;
use crate::support::TestApp;
use crate::support::database::text;

/// How long the two looks of a round are apart in the tests.
pub const MOMENT: Duration = Duration::from_millis(20);

/// A company of three closed dates, with open tasks; nothing runs of itself.
pub fn old_company() -> TestApp {
    let app = company();
    app.at("2026-03-05T09:00:00Z");
    let closed = accounting::settle_due(app.db(), app.config()).unwrap();
    assert_eq!(closed.len(), 2);
    app.drain();
    app
}

/// Makes a round at once.
pub fn round(app: &TestApp) {
    app.conn()
        .batch_execute("update platform.reconciler set next_at = 'epoch'")
        .unwrap();
    assert!(operations::reconcile(app.db(), MOMENT).unwrap());
}

fn sql(conn: &mut PgConnection, change: &str) {
    conn.batch_execute(&format!(
        "set session_replication_role = replica; {change}; set session_replication_role = origin"
    ))
    .unwrap();
}

#[test]
fn r13_books_that_agree_stay_open_and_every_page_of_money_says_as_of_when() {
    let app = old_company();
    let people = [
        app.register("buh", &["accountant"]),
        app.register("boss2", &["administrator"]),
    ];
    let mut buh = app.log_in(&people[0]);
    assert!(buh.get("/accounting").all("#agreement")[0].contains("not been compared yet"));
    app.drain();
    app.clock().advance(TimeDelta::minutes(3));
    for _ in 0..6 {
        round(&app);
    }
    let conn = &mut app.conn();
    assert!(stop::current(conn).unwrap().is_none());
    let agreement = agreement::find(conn).unwrap();
    assert!(agreement.differs.is_empty(), "{agreement:?}");
    assert_eq!(agreement.swept_at, Some(app.clock().now()));
    assert_eq!(
        agreement.standing(app.clock().now()),
        Standing::Agree(app.clock().now())
    );
    let mut root = app.log_in(&people[1]);
    for path in [
        "/accounting",
        "/admin",
        "/admin/checks",
        "/admin/emergency-stop",
    ] {
        let page = root.get(path);
        let badge = page.all("#agreement").join(" ");
        assert!(
            badge.contains("The books agree as of") && badge.contains("12:03"),
            "{path}: {badge}"
        );
    }
    app.clock().advance(TimeDelta::minutes(10));
    let badge = buh.get("/accounting").all("#agreement").join(" ");
    assert!(badge.contains("not been compared since"), "{badge}");
}

#[test]
fn r13_a_balance_that_was_changed_by_hand_stops_the_project_within_a_round() {
    let app = old_company();
    round(&app);
    let conn = &mut app.conn();
    let balance = "accounting.balances set amount_minor = amount_minor + 1
        where account_id = (select min(account_id::text)::uuid from accounting.balances)";
    sql(conn, &format!("update {balance}"));
    round(&app);
    let stop = stop::current(conn).unwrap().expect("it is stopped");
    assert_eq!(stop.check_number, Some(2));
    assert_eq!(stop.findings.len(), 1);
    assert_eq!(
        agreement::find(conn).unwrap().standing(app.clock().now()),
        Standing::Differ
    );
    sql(conn, &format!("update {}", balance.replace("+ 1", "- 1")));
    release(conn);
    round(&app);
    assert!(stop::current(conn).unwrap().is_none());
}

const OLD_REWARD: &str = "accounting.transfers set amount_minor = amount_minor + 100 where id = (select min(id::text)::uuid
    from accounting.transfers where kind = 'completion_reward' and business_date = '2026-03-02')";

fn release(conn: &mut PgConnection) {
    conn.batch_execute(
        "update platform.emergency_stops set released_at = now(), released_by_name = 'x', release_reason = 'y' where released_at is null",
    )
    .unwrap();
}

#[test]
fn r13_what_differs_in_an_old_date_differs_until_it_is_mended_and_stops_again_in_the_round_after_a_release()
 {
    let app = old_company();
    for _ in 0..4 {
        round(&app);
    }
    let conn = &mut app.conn();
    sql(conn, &format!("update {OLD_REWARD}"));
    for _ in 0..4 {
        round(&app);
    }
    assert!(stop::current(conn).unwrap().is_some());
    for again in 0..6 {
        round(&app);
        let agreement = agreement::find(conn).unwrap();
        let standing = agreement.standing(app.clock().now());
        assert_eq!(
            standing,
            Standing::Differ,
            "round {again}: nobody mended it"
        );
    }
    release(conn);
    round(&app);
    let stop = stop::current(conn).unwrap().expect("within a round");
    assert!([4, 7, 12].contains(&stop.check_number.unwrap()), "{stop:?}");
    sql(
        conn,
        &format!("update {}", OLD_REWARD.replace("+ 100", "- 100")),
    );
    release(conn);
    round(&app);
    assert!(stop::current(conn).unwrap().is_none(), "it is mended");
    assert!(agreement::find(conn).unwrap().differs.is_empty());
}

#[test]
fn t_ops_5_an_edit_of_one_of_a_hundred_old_dates_is_found_within_two_rounds() {
    let app = old_company();
    app.at("2026-06-12T09:00:00Z");
    partitions::make(app.db()).unwrap();
    let closed = accounting::settle_due(app.db(), app.config()).unwrap();
    assert!(closed.len() > 95, "{}", closed.len());
    let conn = &mut app.conn();
    let place = "select concat_ws(' ', slice_after, suspect_from) as t from platform.reconciler";
    for _ in 0..3 {
        round(&app);
    }
    assert!(
        text(conn, place).as_str() >= "2026-03-04",
        "the sweep will not come by for days"
    );
    sql(conn, &format!("update {OLD_REWARD}"));
    // The server counts at once only when it is asked to.
    conn.batch_execute("select pg_stat_force_next_flush()")
        .unwrap();
    for _ in 0..2 {
        round(&app);
    }
    assert!(stop::current(conn).unwrap().is_some());
    sql(
        conn,
        &format!("update {}", OLD_REWARD.replace("+ 100", "- 100")),
    );
    release(conn);
}

#[test]
fn r13_what_is_not_about_money_alerts_and_stops_nothing() {
    let app = old_company();
    let conn = &mut app.conn();
    conn.batch_execute("grant update on accounting.transfers to ates_accounting")
        .unwrap();
    round(&app);
    assert!(stop::current(conn).unwrap().is_none());
    let agreement = agreement::find(conn).unwrap();
    assert_eq!(agreement.differs[0].number, 10);
    assert!(matches!(
        agreement.standing(app.clock().now()),
        Standing::Agree(_)
    ));
    conn.batch_execute("revoke update on accounting.transfers from ates_accounting")
        .unwrap();
    round(&app);
    assert!(agreement::find(conn).unwrap().differs.is_empty());
}

#[test]
fn r13_one_process_makes_a_round_and_it_rests_as_long_as_its_share_demands() {
    let app = old_company();
    round(&app);
    assert!(
        !operations::reconcile(app.db(), MOMENT).unwrap(),
        "too early"
    );
    let pace = text(
        &mut app.conn(),
        "select (pace_ms >= took_ms * 3 and pace_ms >= 20)::text as t from platform.reconciler",
    );
    assert_eq!(pace, "true");
}
