//! The restore drill (T-OPS-7, A66), on a small company in a durable Postgres.

use std::process::{Command, Output};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use crate::proof::cluster::Cluster;
use crate::support::database::count;

fn ates(database: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ates"))
        .args(args)
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", database)
        .output()
        .unwrap()
}

fn drill(database: &str) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/drill"))
        .args(["--ates", env!("CARGO_BIN_EXE_ates")])
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", database)
        .output()
        .unwrap();
    let words = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&words).into_owned())
}

#[test]
fn t_ops_7_a_backup_is_restored_to_a_moment_and_is_the_same() {
    let cluster = Cluster::start();
    let url = cluster.url();
    assert!(ates(&url, &["migrate"]).status.success());
    let folder = tempfile::tempdir().unwrap();
    let csv = |name: &str, head: &str, line: &dyn Fn(usize) -> String| -> String {
        let path = folder.path().join(name);
        let lines: Vec<String> = (1..=40).map(line).collect();
        std::fs::write(&path, format!("{head}\n{}\n", lines.join("\n"))).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let people = csv("people.csv", "username,email,name,surname,roles", &|n| {
        let role = if n == 1 { "administrator" } else { "developer" };
        format!("popug{n},popug{n}@uberpopug.example,Popug{n},Number{n},{role}")
    });
    let tasks = csv("tasks.csv", "jira_id,title,description", &|n| {
        format!("POP-{n},Task {n},")
    });
    for (what, file) in [("users", &people), ("tasks", &tasks)] {
        let done = ates(&url, &["import", what, file]);
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    let mut conn = PgConnection::establish(&url).unwrap();
    assert_eq!(count(&mut conn, "report_v1.transfers"), 40);
    let (code, words) = drill(&url);
    println!("{words}");
    assert_eq!(code, Some(0), "{words}");
    for said in [
        "encrypted",
        "ok      restore: to the moment exactly",
        "ok      restored to the moment: digest",
        "ok      dumped and restored: digest",
        "drill passed",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
    assert_eq!(
        count(&mut conn, "pg_replication_slots") + count(&mut conn, "pg_stat_replication"),
        0,
        "nothing is left on the server"
    );
    if std::env::var_os("ATES_TEST_LONG").is_some() {
        // Books that were wrong before the backup are wrong in it, and the drill says so.
        conn.batch_execute(
            "set session_replication_role = replica;
             update accounting.balances set amount_minor = amount_minor + 1",
        )
        .unwrap();
        let (code, words) = drill(&url);
        assert_eq!(code, Some(2), "{words}");
        assert!(words.contains("BROKEN"), "{words}");
    }
}
