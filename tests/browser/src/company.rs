//! The company that the suite looks at: some days of the demo's history and what else a screen needs to have something to show.
//!
//! It is made once for each build of the program, as a template on the tests' server; every test works on a copy of its own.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, UNIX_EPOCH};

use diesel::PgConnection;

use crate::client::Client;
use crate::database::{connect, drop_database, run, server, text, url_of};
use crate::product::{free_port, program};

/// Everybody's password.
pub const PASSWORD: &str = "a parrot never tells";

/// How many days of history the company has.
const DAYS: &str = "6";
/// Whether the developer has open tasks for a list.
const ENOUGH_TO_DO: &str =
    "select 'enough' from tasks.tasks t join auth.users u on u.id = t.assignee_id
     where u.username = 'developer' and t.status <> 'done' having count(*) >= 5";
/// How long making it may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// Held while the template is made.
const LOCK: i64 = 0x0041_5445_5343;

/// The name of the database to copy.
pub(crate) fn template() -> String {
    let name = format!("browser_company_{:016x}", stamp());
    let mut conn = connect(&server());
    run(&mut conn, &format!("select pg_advisory_lock({LOCK})"));
    let known = format!("select datname from pg_database where datname = '{name}'");
    if text(&mut conn, &known).is_none() {
        make(&mut conn, &name);
    }
    run(&mut conn, &format!("select pg_advisory_unlock({LOCK})"));
    name
}

/// Tells one build of the program, and this file, from another.
fn stamp() -> u64 {
    let about = std::fs::metadata(program()).expect("the program is built");
    let changed = about.modified().expect("a time of change");
    let mut hasher = DefaultHasher::new();
    changed
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .hash(&mut hasher);
    about.len().hash(&mut hasher);
    include_str!("company.rs").hash(&mut hasher);
    hasher.finish()
}

fn make(conn: &mut PgConnection, name: &str) {
    let fresh = format!("{name}_fresh");
    drop_database(conn, &fresh);
    run(conn, &format!("create database {fresh}"));
    let url = url_of(&server(), &fresh);
    let folder = std::env::temp_dir().join(&fresh);
    let port = free_port();
    let base = format!("http://127.0.0.1:{port}");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("demo-password"), PASSWORD).expect("a file");
    let demo = Command::new(program())
        .args(["demo", "--days", DAYS, "--data"])
        .arg(&folder)
        .env("DATABASE_URL", &url)
        .env("ATES_BIND", format!("127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts; is it built?");
    let demo = Running(demo);
    wait_until(|| Client::new(&base).try_get("/health/ready") == Some(200));
    // A short history leaves little open, and the lot may leave out whose pages are looked at.
    import_tasks(&url, &folder, "manager", 400);
    let mut company = connect(&url);
    while text(&mut company, ENOUGH_TO_DO).is_none() {
        import_tasks(&url, &folder, "manager", 100);
    }
    prepare(&mut company, &base);
    drop(company);
    drop(demo);
    drop(std::fs::remove_dir_all(&folder));
    let guests = format!("select 1 from pg_stat_activity where datname = '{fresh}'");
    wait_until(|| text(conn, &guests).is_none());
    run(conn, &format!("alter database {fresh} rename to {name}"));
}

/// A program that ends with whoever started it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Brings in so many tasks of somebody's; the folder is for a file.
pub(crate) fn import_tasks(url: &str, folder: &Path, author: &str, tasks: usize) {
    let file = folder.join(format!("tasks-{}.csv", std::process::id()));
    let rows: String = (1..=tasks)
        .map(|number| format!("POPUG-{number},Sweep cage {number},\n"))
        .collect();
    std::fs::write(&file, format!("jira_id,title,description\n{rows}")).expect("a file");
    let imported = Command::new(program())
        .args(["import", "tasks"])
        .arg(&file)
        .args(["--as", author])
        .env("DATABASE_URL", url)
        .status()
        .expect("the program starts");
    drop(std::fs::remove_file(&file));
    assert!(imported.success(), "no tasks");
}

/// What the demo's history does not have.
fn prepare(conn: &mut PgConnection, base: &str) {
    // The demo gives a password to four of its people; here everybody has one, and nobody has chosen a language or colours.
    let known = "update auth.users set password_hash = (select password_hash from auth.users where username = 'developer'), language = null, theme = null;
         insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, attempts, error_class, error, first_failed_at, last_failed_at)
           select 'analytics.projection', e.event_id, e.event_id, e.seq, 0, e.subject_id, 'dead', 5, 'planted', 'The seed of this event was cracked', e.recorded_at, e.recorded_at
           from bus.events e order by e.seq limit 6";
    run(conn, known);
    let mut manager = Client::of(base, "manager");
    let title = "Перьепересчёт".repeat(15);
    let task = [
        ("title", title.as_str()),
        ("jira_id", "POPUG-20261121"),
        ("description", "Count them.\n\nThen count them again."),
    ];
    assert_eq!(manager.submit("/tasks/new", "/tasks", &task).status, 303);
    let mut accountant = Client::of(base, "accountant");
    for (employee, amount) in [("developer", "2.50"), ("developer", "-9876.54")] {
        let ask = [
            ("employee", employee),
            ("amount", amount),
            ("reason", "A seed was counted twice"),
        ];
        let asked = accountant.submit(
            "/accounting/corrections/new",
            "/accounting/corrections",
            &ask,
        );
        assert_eq!(asked.status, 303, "{}", asked.html);
    }
    let open = "select 1 from tasks.tasks where status = 'saving'";
    wait_until(|| text(conn, open).is_none());
    // Whoever comes last has no task yet.
    let mut administrator = Client::of(base, "administrator");
    let novice = [
        ("username", "novice"),
        ("email", "novice@uberpopug.example"),
        ("name", "Константин-Максимилиан"),
        ("surname", "Преображенский-Вознесенский"),
        ("password", PASSWORD),
        ("roles", "developer"),
    ];
    let made = administrator.submit("/admin/users/new", "/admin/users", &novice);
    assert_eq!(made.status, 303, "{}", made.html);
}

/// Waits until something holds.
fn wait_until(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "the company is not made");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}
