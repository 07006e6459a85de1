//! Many writers, one reader: whatever commits late is never behind the reader.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::SimpleConnection;

use super::{append, head, piece, quiet, subjects};
use crate::support::database::count;

const WRITERS: u128 = 6;
const EACH: u128 = 20;

#[test]
fn e05_a_reader_never_misses_an_event_while_many_writers_commit_out_of_order() {
    let (app, api) = quiet();
    let before = head(&api);
    let done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let mut conn = app.conn();
                scope.spawn(move || {
                    for number in 0..EACH {
                        conn.batch_execute("begin; select pg_sleep(random() * 0.01)")
                            .unwrap();
                        append(&mut conn, writer * EACH + number + 1);
                        conn.batch_execute("select pg_sleep(random() * 0.01); commit")
                            .unwrap();
                    }
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let (mut after, mut seen) = (before, Vec::new());
            loop {
                let last = done.load(Ordering::SeqCst);
                let told = piece(&api, &format!("after={after}"));
                seen.extend(subjects(&told));
                after = told["next"].as_i64().unwrap();
                if last && after >= told["head"].as_i64().unwrap() {
                    return seen;
                }
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    assert_eq!(seen.len() as u128, WRITERS * EACH, "each once");
    assert_eq!(
        seen.iter().copied().collect::<BTreeSet<_>>(),
        (1..=WRITERS * EACH).collect()
    );
}

#[test]
fn e05_while_an_event_is_not_committed_no_later_one_is_told() {
    let (app, api) = quiet();
    let before = head(&api);
    let (mut slow, mut fast) = (app.conn(), app.conn());
    slow.batch_execute("begin").unwrap();
    append(&mut slow, 1);
    std::thread::scope(|scope| {
        let waits = scope.spawn(move || append(&mut fast, 2));
        crate::support::wait_until("the second writer waits for the first", || {
            count(
                &mut app.conn(),
                "pg_locks where locktype = 'advisory' and not granted",
            ) > 0
        });
        let told = piece(&api, &format!("after={before}"));
        assert_eq!(
            (subjects(&told), told["next"].as_i64()),
            (vec![], Some(before))
        );
        slow.batch_execute("commit").unwrap();
        waits.join().unwrap();
    });
    assert_eq!(subjects(&piece(&api, &format!("after={before}"))), [1, 2]);
}

#[test]
fn e05_without_the_lock_of_the_log_a_reader_would_miss_what_commits_late() {
    let (mut app, api) = quiet();
    app.expect_broken();
    let before = head(&api);
    app.conn()
        .batch_execute(
            "do $$ begin
               execute replace(pg_get_functiondef('bus.append'::regproc), 'perform pg_advisory_xact_lock(7781, 1);', '');
             end $$",
        )
        .unwrap();
    let (mut slow, mut fast) = (app.conn(), app.conn());
    slow.batch_execute("begin").unwrap();
    append(&mut slow, 1);
    append(&mut fast, 2);
    let told = piece(&api, &format!("after={before}"));
    assert_eq!(subjects(&told), [2]);
    slow.batch_execute("commit").unwrap();
    let rest = piece(&api, &format!("after={}", told["next"]));
    assert_eq!(subjects(&rest), [] as [u128; 0], "the test above can fail");
}
