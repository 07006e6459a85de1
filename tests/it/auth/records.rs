//! The record of a user: who is told of it, who may read it, and what of it nobody ever sees.

use ates::accounting;
use chrono::Duration;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::user_path;
use crate::support::database::{number, text};
use crate::support::smtp::SmtpSink;
use crate::support::{Api, TestApp, wait_until};

/// Roles of the database whose modules have no business with secrets.
const OTHERS: [&str; 5] = [
    "ates_tasks",
    "ates_accounting",
    "ates_analytics",
    "ates_bus",
    "ates_reader",
];

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

#[test]
fn a17_a_user_is_known_by_uid_alone_and_neither_name_nor_address_twice() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let root = app.api(&people[0]);
    let newcomer = |username: &str, email: &str| {
        json!({ "username": username, "email": email, "name": "Kesha", "surname": "Popug",
            "password": "seeds under the old roof", "roles": ["developer"] })
    };
    for (username, email) in [
        ("kesha", "other@uberpopug.example"),
        ("KESHA", "other@uberpopug.example"),
        ("other", "kesha@uberpopug.example"),
        ("other", "Kesha@UberPopug.example"),
    ] {
        let (status, problem) = root.post("/api/v1/users", &newcomer(username, email));
        assert_eq!(status, 409, "{username} {email}: {problem}");
    }
    let taken = json!({ "email": "kesha@uberpopug.example" });
    assert_eq!(root.patch(&user_path(&people[0]), &taken).0, 409);
    // Two birds may have one name: it is the log-in name and the address that tell them apart.
    assert_eq!(
        root.post(
            "/api/v1/users",
            &newcomer("other", "other@uberpopug.example")
        )
        .0,
        201
    );

    let (_, list) = root.get("/api/v1/users");
    for user in list["items"].as_array().unwrap() {
        assert_eq!(
            keys(user),
            [
                "active",
                "email",
                "meta",
                "name",
                "permissions",
                "role",
                "roles",
                "surname",
                "uid",
                "username"
            ]
        );
        user["uid"].as_str().unwrap().parse::<uuid::Uuid>().unwrap();
    }
    let mut browser = app.log_in(&people[0]);
    for page in ["/admin/users", "/admin/audit", "/profile"] {
        let links = browser.get(page).attributes("a[href*='/users/']", "href");
        for link in links {
            let last = link.rsplit('/').next().unwrap();
            let known = last.parse::<uuid::Uuid>().is_ok() || last == "new";
            assert!(known, "{page} leads to {link}");
        }
    }
    let rows = number(
        &mut app.conn(),
        "select count(*) as n from information_schema.columns where table_schema = 'auth' and table_name = 'users'
           and (data_type in ('integer', 'smallint') or column_name = 'id' and data_type <> 'uuid')",
    );
    assert_eq!(rows, 0, "there is no number of a row that could be shown");
}

#[test]
fn a19_other_modules_keep_what_they_need_of_a_user_and_hear_of_every_change() {
    let post = SmtpSink::start();
    let app = TestApp::with(|settings| {
        settings
            .smtp(&post.url())
            .set("ATES_FEE_MIN", 1)
            .set("ATES_FEE_MAX", 2)
    });
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("mgr", &["manager"]),
        ("kesha", &["developer"]),
    ]);
    let (root, manager) = (app.api(&people[0]), app.api(&people[1]));
    for number in 0..40 {
        let task = json!({ "title": format!("Seed {number}") });
        assert_eq!(manager.post("/api/v1/tasks", &task).0, 201);
    }
    app.drain();
    let open_of = |username: &str| {
        number(
            &mut app.conn(),
            &format!(
                "select count(*) as n from tasks.tasks t join auth.users u on u.id = t.assignee_id
                 where t.status = 'open' and u.username = '{username}'"
            ),
        )
    };
    let shuffle = || {
        assert_eq!(manager.post("/api/v1/tasks/reassign", &json!({})).0, 202);
        app.settle_idle();
    };
    assert_eq!(open_of("kesha"), 40);

    // The chance that a newcomer gets none of forty is less than one in a trillion.
    let gosha = app.register("gosha", &["developer"]);
    shuffle();
    assert!(open_of("gosha") > 0);
    let change = json!({ "roles": ["manager"] });
    assert_eq!(root.patch(&user_path(&gosha), &change).0, 200);
    app.settle_idle();
    shuffle();
    assert_eq!((open_of("gosha"), open_of("kesha")), (0, 40));

    let kesha = app.api(&people[2]);
    let (_, mine) = kesha.get("/api/v1/tasks/mine?limit=100");
    for task in mine["items"].as_array().unwrap() {
        let done = format!("/api/v1/tasks/{}/complete", task["uid"].as_str().unwrap());
        assert_eq!(kesha.post(&done, &json!({})).0, 200);
    }
    let change = json!({ "email": "kesha@nest.example", "surname": "Kakadu" });
    assert_eq!(root.patch(&user_path(&people[2]), &change).0, 200);
    app.drain();
    let known = text(
        &mut app.conn(),
        &format!(
            "select concat_ws(' ', e.email, e.name, (select name from tasks.employees t where t.id = e.id)) as t
             from accounting.employees e where e.id = '{}'",
            people[2].id
        ),
    );
    assert!(
        known.contains("kesha@nest.example") && known.contains("Kakadu"),
        "{known}"
    );
    app.clock().advance(Duration::days(1));
    accounting::settle_due(app.db(), app.config()).unwrap();
    // One to the old address, that there is another; one about the payout, to the new.
    wait_until("the payout is mailed", || {
        post.mails()
            .iter()
            .any(|mail| mail.to == "kesha@nest.example")
    });
    let told: Vec<String> = post.mails().into_iter().map(|mail| mail.to).collect();
    assert!(
        told.contains(&"kesha@uberpopug.example".to_owned()),
        "{told:?}"
    );
}

#[test]
fn a21_the_full_record_is_auths_own_and_no_other_module_reads_its_secrets() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let mut conn = app.conn();
    let stamps = |conn: &mut _| {
        text(
            conn,
            &format!(
                "select concat_ws('|', created_at, updated_at, created_at < updated_at) as t from auth.users where id = '{}'",
                people[1].id
            ),
        )
    };
    let before = stamps(&mut conn);
    assert!(
        before.ends_with('f'),
        "made and not changed since: {before}"
    );
    app.clock().advance(Duration::hours(1));
    let root = Api::log_in(app.base(), "root", crate::support::PASSWORD);
    assert_eq!(
        root.patch(&user_path(&people[1]), &json!({ "name": "Innokenty" }))
            .0,
        200
    );
    let after = stamps(&mut conn);
    assert!(after.ends_with('t'), "changed since it was made: {after}");
    assert_eq!(before.split('|').next(), after.split('|').next());

    let tables: Vec<String> = text(
        &mut conn,
        "select string_agg(tablename::text, ' ') as t from pg_tables where schemaname = 'auth'",
    )
    .split(' ')
    .map(str::to_owned)
    .collect();
    assert!(tables.len() > 10, "{tables:?}");
    for table in &tables {
        for role in OTHERS {
            let read = format!("begin; set local role {role}; select * from auth.{table} limit 1");
            let error = conn.batch_execute(&read).unwrap_err().to_string();
            assert!(
                error.contains("permission denied"),
                "{role} and {table}: {error}"
            );
            conn.batch_execute("rollback").unwrap();
        }
        conn.batch_execute(&format!(
            "begin; set local role ates_auth; select * from auth.{table} limit 1; rollback"
        ))
        .unwrap_or_else(|error| panic!("auth cannot read its own {table}: {error}"));
    }
}
