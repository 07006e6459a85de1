//! A company with a past, by the same SQL as the measurements have it from.

use diesel::connection::SimpleConnection;

use ates::platform::ids::UserId;

use crate::support::TestApp;
use crate::support::client::Browser;
use crate::support::database::text;

const SQL: &str = include_str!("../../../benches/history.sql");

/// So many people, of whom each had a task on each of so many dates, and so many tasks that are open.
pub fn write(app: &TestApp, people: usize, dates: usize, open: usize) {
    write_with(app, people, dates, open, true);
}

/// The same, and the last of the dates is not settled yet.
pub fn write_until_close(app: &TestApp, people: usize, dates: usize, open: usize) {
    write_with(app, people, dates, open, false);
}

fn write_with(app: &TestApp, people: usize, dates: usize, open: usize, settled: bool) {
    let plain: String = SQL
        .lines()
        .filter(|line| !line.starts_with('\\'))
        .map(|line| format!("{line}\n"))
        .collect();
    let sql = plain
        .replace(
            ":'moment'",
            &format!("'{}'", app.clock().now().to_rfc3339()),
        )
        .replace(":people", &people.to_string())
        .replace(":hands", "4")
        .replace(":dates", &dates.to_string())
        .replace(":settled", if settled { "1" } else { "0" })
        .replace(":open", &open.to_string())
        .replace(":done", "0");
    let (written, rest) = sql.split_once("\ncommit;\n").unwrap();
    let mut conn = app.conn();
    conn.batch_execute(written).unwrap();
    conn.batch_execute("commit").unwrap();
    conn.batch_execute(rest.trim()).unwrap();
}

/// Somebody of the history, by number.
pub fn person(app: &TestApp, number: usize) -> UserId {
    let query = format!("select bench.person({number})::text as t");
    UserId(text(&mut app.conn(), &query).parse().unwrap())
}

/// The browser of somebody of the history, logged in.
pub fn browser_of(app: &TestApp, person: UserId) -> Browser {
    let now = app.clock().now().to_rfc3339();
    app.conn()
        .batch_execute(&format!(
            "insert into auth.sessions (id_hash, user_id, session_version, created_at, last_seen_at, expires_at, confirmed_at)
             select sha256(convert_to('of-{0}', 'UTF8')), '{0}', 1, t, t, t + interval '8 hours', t from (select timestamptz '{now}' as t) n",
            person.0
        ))
        .unwrap();
    let mut browser = app.browser();
    browser.set_cookie("ates_session", &format!("of-{}", person.0));
    browser
}
