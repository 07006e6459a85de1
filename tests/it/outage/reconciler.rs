//! The reconciler after its database was gone in the middle of a round (R13).

use diesel::connection::SimpleConnection;

use super::pair::Pair;
use super::process::{Process, command, free_port};
use crate::support::database::{count, text};
use crate::support::wait_until;

#[test]
fn r13_a_round_that_ended_with_the_database_is_made_again_when_it_is_back() {
    let pair = Pair::alone();
    let settings = [
        ("DATABASE_URL", pair.both.as_str()),
        ("ATES_RECONCILE_SECONDS", "1"),
    ];
    assert!(command(&pair.both, &["migrate"]).0);
    let mut process = Process::start(free_port(), &[], &settings);
    let made = |since: &str| {
        let rounds = format!("platform.reconciler where round_at > '{since}'");
        count(&mut pair.connect("one"), &rounds) == 1
    };
    wait_until("a first round", || made("epoch"));
    let mut holder = pair.connect("one");
    holder
        .batch_execute("begin; lock table accounting.transfers")
        .unwrap();
    wait_until("a round is under way and cannot go on", || {
        let claimed =
            "platform.reconciler where next_at > clock_timestamp() + interval '4 minutes'";
        let waits = "pg_stat_activity where wait_event_type = 'Lock'";
        let mut conn = pair.connect("one");
        count(&mut conn, claimed) == 1 && count(&mut conn, waits) > 0
    });
    pair.run("crash");
    pair.run("revive");
    drop(holder);
    let back = text(
        &mut pair.connect("one"),
        "select clock_timestamp()::text as t",
    );
    wait_until(
        "the next round, long before another may take it over",
        || made(&back),
    );
    assert!(process.is_alive());
}
