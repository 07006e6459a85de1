//! Bringing in users and tasks from files, as an operator does it.

use std::io::Write;
use std::process::{Command, Output};

use tempfile::NamedTempFile;

use crate::support::database::{TestDatabase, count, text};

/// Runs the program on a database with nothing of this process' settings.
fn ates(database: &TestDatabase, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ates"))
        .args(args)
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", database.url())
        .output()
        .unwrap()
}

fn import(database: &TestDatabase, what: &str, content: &str, more: &[&str]) -> Output {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    ates(database, &[&["import", what, path], more].concat())
}

fn refusal(output: &Output) -> String {
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    words
}

fn accepted(output: &Output) -> String {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const PEOPLE: &str = "username,email,name,surname,roles
root,root@uberpopug.example,Arthur,Finch,administrator
kesha,kesha@uberpopug.example,Кеша,Попугаев,developer;accountant
roma,roma@uberpopug.example,Roma,Ara,developer
";

#[test]
fn a_company_comes_in_from_two_files_and_every_task_is_priced_and_charged() {
    let database = TestDatabase::create();
    assert!(accepted(&import(&database, "users", PEOPLE, &[])).contains("3 users imported"));
    let tasks = "jira_id,title,description\n,[POP-7] - Feed the macaw,\nPOP-8,Clean the perch,\"Two\nlines\"\n,Plain,\n";
    assert!(accepted(&import(&database, "tasks", tasks, &[])).contains("3 tasks imported"));
    let conn = &mut database.connect();
    assert_eq!(count(conn, "tasks.tasks where status = 'open'"), 3);
    assert_eq!(
        count(conn, "accounting.transfers where kind = 'assignment_fee'"),
        3
    );
    assert_eq!(
        count(
            conn,
            "tasks.tasks where jira_id = 'POP-7' and title = 'Feed the macaw'"
        ),
        1
    );
    let creator = "select string_agg(distinct u.username, ' ') as t from tasks.tasks t join auth.users u on u.id = t.created_by";
    assert_eq!(text(conn, creator), "root");
    accepted(&ates(&database, &["verify"]));
    accepted(&import(
        &database,
        "tasks",
        "jira_id,title,description\n,Another,\n",
        &["--as", "kesha"],
    ));
    assert_eq!(text(conn, creator), "kesha root");
}

#[test]
fn one_bad_line_keeps_out_the_whole_file_and_every_bad_line_is_named() {
    let database = TestDatabase::create();
    accepted(&import(&database, "users", PEOPLE, &[]));
    let words = refusal(&import(
        &database,
        "tasks",
        "jira_id,title,description\n,Good,\n,No [good] title,\nfour,fields,in,here\n,,\n",
        &[],
    ));
    let lines: Vec<&str> = words.lines().collect();
    assert!(
        lines[0].contains("nothing was imported, 3 lines are wrong"),
        "{words}"
    );
    for (line, start) in lines[1..].iter().zip([
        "line 3: the title has",
        "line 4: expected 3 fields",
        "line 5: the title is empty",
    ]) {
        assert!(line.starts_with(start), "{words}");
    }
    assert_eq!(count(&mut database.connect(), "tasks.tasks"), 0);
    assert_eq!(
        count(&mut database.connect(), "bus.events where topic = 'task'"),
        0
    );
}

#[test]
fn people_who_are_there_already_or_twice_in_the_file_are_refused_by_line() {
    let database = TestDatabase::create();
    accepted(&import(&database, "users", PEOPLE, &[]));
    let again = "username,email,name,surname,roles
gosha,gosha@uberpopug.example,Gosha,Popug,developer
KESHA,other@uberpopug.example,Kesha,Popug,developer
gosha,third@uberpopug.example,Gosha,Popug,developer
vasya,no address,Vasya,Popug,pilot
";
    let words = refusal(&import(&database, "users", again, &[]));
    for line in [
        "line 3: username: ",
        "line 4: username: ",
        "line 5: email: ",
        "line 5: roles: ",
    ] {
        assert!(words.contains(line), "{line} is not in: {words}");
    }
    assert_eq!(count(&mut database.connect(), "auth.users"), 3);
}

#[test]
fn a_wrong_file_or_creator_is_one_line() {
    let database = TestDatabase::create();
    let tasks = "jira_id,title,description\n,Good,\n";
    assert!(refusal(&import(&database, "tasks", tasks, &[])).contains("no administrator"));
    assert!(
        refusal(&import(&database, "tasks", tasks, &["--as", "nobody"]))
            .contains("no active user nobody")
    );
    assert!(
        refusal(&import(&database, "users", tasks, &[])).contains("expected the columns username")
    );
    assert!(
        refusal(&ates(&database, &["import", "users", "/nowhere.csv"])).contains("/nowhere.csv")
    );
}
