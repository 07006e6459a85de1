//! A release brings its migrations while people work and somebody reads for long (T-OPS-3). `./check --long` also has the release
//! before at work on the newer schema.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ates::platform::db;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;

use super::Ends;
use super::pace::in_a_calm_round;
use crate::support::database::{TestDatabase, count};
use crate::support::wait_until;

/// The release before: its next migration changes the table of the users, which everybody reads.
const BEFORE: &str = "20261121000061";

/// What a migration may cost anybody.
const STALL: Duration = Duration::from_secs(2);

/// Somebody waits to have a table alone.
const WAITS: &str = "pg_locks where not granted and mode = 'AccessExclusiveLock'
  and database = (select oid from pg_database where datname = current_database())";

/// Looks people up until the end, with the deadline that pages have; how long that took at most.
fn look_up(database: &TestDatabase, over: &AtomicBool) -> Result<Duration, String> {
    let mut conn = database.connect();
    conn.batch_execute("set lock_timeout = '2s'").unwrap();
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::SeqCst) {
        let asked = Instant::now();
        conn.batch_execute("select username from auth.users limit 1")
            .map_err(|error| error.to_string())?;
        longest = longest.max(asked.elapsed());
        std::thread::park_timeout(Duration::from_millis(5));
    }
    Ok(longest)
}

/// Makes a change while somebody reads the users until it has waited for them so often; what that cost those who look people up.
fn cost(
    database: &TestDatabase,
    times: usize,
    change: impl FnOnce(&mut PgConnection) + Send,
) -> Result<Duration, String> {
    let (mut reader, mut watch) = (database.connect(), database.connect());
    reader
        .batch_execute("begin; select count(*) from auth.users")
        .unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ends = Ends(&over);
        let people = scope.spawn(|| look_up(database, &over));
        let changing = scope.spawn(|| change(&mut database.connect()));
        for _ in 0..times {
            wait_until("the change waits", || count(&mut watch, WAITS) > 0);
            wait_until("it lets others go first", || count(&mut watch, WAITS) == 0);
        }
        reader.batch_execute("commit").unwrap();
        changing.join().unwrap();
        drop(ends);
        people.join().unwrap()
    })
}

#[test]
fn t_ops_3_a_migration_behind_a_long_reader_holds_nobody_up() {
    // A reader of some seconds here, of half a minute in the long form.
    let times = if std::env::var_os("ATES_TEST_LONG").is_some() {
        10
    } else {
        2
    };
    in_a_calm_round("those who look people up", || {
        let database = TestDatabase::of_release(BEFORE);
        let longest = cost(&database, times, |conn| {
            assert!(db::migrate(conn).unwrap() >= 5);
        })?;
        assert_eq!(db::pending_migrations(&mut database.connect()).unwrap(), 0);
        if longest > STALL {
            return Err(format!("held up for {longest:?}"));
        }
        println!("nobody waited longer than {longest:?}");
        Ok(())
    });
    // The control: whoever waits until it is their turn holds everybody up.
    let database = TestDatabase::of_release(BEFORE);
    let stubborn = cost(&database, 1, |conn| {
        let change = "set lock_timeout = '5s'; alter table auth.users add column more text";
        assert!(conn.batch_execute(change).is_err());
    });
    assert!(
        stubborn.as_ref().is_err_and(|why| why.contains("lock")),
        "{stubborn:?}"
    );
}
