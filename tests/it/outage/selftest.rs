//! `ates selftest` where the address names a standby first, as after a failover (R15).

use std::process::{Command, Stdio};

use super::pair::Pair;
use crate::support::database::count;
use crate::support::wait_until;

#[test]
fn r15_the_self_test_waits_for_a_standby_that_is_asked_first_and_has_not_heard_of_its_database() {
    let pair = Pair::start();
    let place = pair.folder().display().to_string();
    let standby_first = format!("postgres:///ates?host={place}/two,{place}/one&user=ates");
    pair.run("pause");
    let running = Command::new(env!("CARGO_BIN_EXE_ates"))
        .arg("selftest")
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", &standby_first)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut primary = pair.connect("one");
    wait_until("the primary has its database", || {
        count(
            &mut primary,
            "pg_database where datname like 'ates\\_scratch\\_%'",
        ) > 0
    });
    pair.run("resume");
    let done = running.wait_with_output().unwrap();
    let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
    assert!(done.status.success(), "{said}");
}
