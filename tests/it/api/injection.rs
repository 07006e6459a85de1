//! T-INJ-3: quotes, comments, wildcards and NUL in every parameter of the API and of the lists: never a fault of ours, never a row more.

use ates::auth::Role;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::document::{operations, written};
use crate::routes::table::ROUTES;
use crate::routes::world::World;
use crate::support::raw::send;
use crate::support::{Api, Browser};

const CORPUS: &[&str] = &[
    "'",
    "\"",
    "\\",
    "%",
    "_",
    "\0",
    "a\0b",
    "';--",
    "' or '1'='1",
    "\" or \"\"=\"",
    "') or 1=1 --",
    "1 or 1=1",
    "1; drop table auth.users",
    "'; select pg_sleep(9) --",
    "/* x */",
    "x' union select null --",
    "$1",
    "$$x$$",
    "%%%",
    "\\%' --",
    "E'\\x27'",
    "U&'\\0027'",
    "\u{FEFF}'",
    "ʼ or 1=1",
    "\u{1}\u{7f}",
    "👾'",
    "NaN",
    "-1",
    "99999999999999999999",
    "{{7*7}}",
    "../../etc/passwd",
];

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The status of a question, with the rows of its answer.
fn ask(world: &World, api: &Api, target: &str) -> (u16, usize) {
    let token = format!("Bearer {}", api.token().unwrap());
    let answer = send(
        &world.app.base(),
        "GET",
        target,
        &[("authorization", &token)],
        "",
    );
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let rows = ["items", "days"]
        .into_iter()
        .find_map(|name| Some(body[name].as_array()?.len()));
    (answer.status, rows.unwrap_or(0))
}

/// The path with something real in place of its names.
fn filled(world: &World, method: &str, path: &str) -> String {
    let route = ROUTES
        .iter()
        .find(|route| route.method == method && route.path == path)
        .unwrap();
    world.path(route)
}

#[test]
fn t_inj_3_no_parameter_of_the_api_reaches_a_statement() {
    let world = World::build();
    let api = world.visitor(Role::Administrator).api;
    let (mut asked, mut wrong) = (0, Vec::new());
    for (route, operation) in operations(&written()) {
        let Some(path) = route
            .strip_prefix("GET /api/")
            .map(|path| format!("/api/{path}"))
        else {
            continue;
        };
        let whole = filled(&world, "GET", &path);
        let (_, rows) = ask(&world, &api, &whole);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            for text in CORPUS {
                let target = if parameter["in"] == "path" {
                    path.replace(&format!("{{{name}}}"), &encoded(text))
                } else {
                    format!("{whole}?{name}={}", encoded(text))
                };
                let (status, found) = ask(&world, &api, &target);
                asked += 1;
                // A text that no task has finds none; what is no value of its kind is refused.
                let fits = match status {
                    200 => found <= rows && (name != "q" || found == 0 || is_in_a_title(text)),
                    404 => parameter["in"] == "path",
                    422 => true,
                    _ => false,
                };
                if !fits {
                    wrong.push(format!(
                        "{target} gets {status} with {found} of {rows} rows"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(asked >= 700, "{asked}");
}

/// Whether a text is a part of the titles of that company.
fn is_in_a_title(text: &str) -> bool {
    "A task to be paid, A task of somebody else".contains(text)
}

#[test]
fn t_inj_3_no_text_in_a_body_reaches_a_statement() {
    let world = World::build();
    let root = world.app.register("root", &["administrator"]);
    let person = world.app.register("someone", &["other"]);
    let api = world.app.api(&root);
    let user = format!("/api/v1/users/{}", person.id);
    let account = json!({ "username": "newbird", "email": "newbird@uberpopug.example", "name": "New", "surname": "Bird",
        "password": "a feather in the wind", "roles": ["developer"] });
    let bodies = [
        (
            "POST",
            "/api/v1/auth/token",
            json!({ "username": "nobody", "password": "x", "totp": "1" }),
        ),
        (
            "POST",
            "/api/v1/auth/token",
            json!({ "grant_type": "client_credentials", "client_id": "x", "client_secret": "x" }),
        ),
        (
            "POST",
            "/api/v1/auth/refresh",
            json!({ "refresh_token": "x" }),
        ),
        (
            "POST",
            "/api/v1/auth/logout",
            json!({ "refresh_token": "x" }),
        ),
        ("POST", "/api/v1/users", account),
        (
            "PATCH",
            user.as_str(),
            json!({ "name": "x", "surname": "x", "email": "x@uberpopug.example" }),
        ),
        (
            "PATCH",
            "/api/v1/me",
            json!({ "name": "x", "surname": "x", "email": "x@uberpopug.example" }),
        ),
        (
            "POST",
            "/api/v1/tasks",
            json!({ "title": "x", "jira_id": "A-1", "description": "x" }),
        ),
        (
            "POST",
            "/api/v1/accounting/payouts",
            json!({ "business_date": "2026-03-02" }),
        ),
        (
            "POST",
            "/api/v1/ops/consumers/nobody/pause",
            json!({ "reason": "x" }),
        ),
        (
            "POST",
            "/api/v1/ops/consumers/nobody/resume",
            json!({ "holder": "x" }),
        ),
        (
            "POST",
            "/api/v1/ops/stop",
            json!({ "reason": "x", "password": "x" }),
        ),
        (
            "POST",
            "/api/v1/ops/release",
            json!({ "reason": "It is over", "password": "x" }),
        ),
    ];
    let mut wrong = Vec::new();
    for (method, path, body) in bodies {
        for name in body.as_object().unwrap().keys() {
            for text in CORPUS {
                let mut body = body.clone();
                body[name] = json!(text);
                let (status, answer) = api.send(method, path, &body);
                let fits = status < 500 && (!text.contains('\0') || status >= 400);
                if !fits {
                    wrong.push(format!("{method} {path} {body} gets {status}: {answer}"));
                }
                let both = json!({ name: { "a": text }, (*text): 1 });
                if api.send(method, path, &both).0 != 422 {
                    wrong.push(format!("{method} {path} {both} is not refused"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What was taken is stored as it was written, once.
    let (_, mine) = api.get("/api/v1/tasks?limit=100");
    let titles: Vec<&str> = mine["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles
            .iter()
            .filter(|title| **title == "' or '1'='1")
            .count(),
        1,
        "{titles:?}"
    );
    world.app.settle_idle();
}

/// Rows of the tables of a page, or lines of a file.
fn rows_of(browser: &mut Browser, target: &str) -> (u16, usize) {
    let page = browser.get(target);
    let rows = if page.html.trim_start().starts_with('<') {
        page.all("tbody tr").len()
    } else {
        page.html.lines().count()
    };
    (page.status, rows)
}

/// Names that the lists have in their addresses.
const NAMES: &[&str] = &[
    "q",
    "status",
    "assignee",
    "cursor",
    "from",
    "to",
    "kind",
    "user",
    "state",
    "consumer",
    "class",
    "key",
    "type",
    "topic",
    "subject",
    "actor",
    "action",
    "role",
    "date",
    "page",
    "sort",
    "job",
    "only",
    "person",
    "creators",
    "pressers",
    "correlation",
];

#[test]
fn t_inj_3_no_address_of_a_list_reaches_a_statement() {
    let world = World::build();
    let mut browser = world.visitor(Role::Administrator).browser.unwrap();
    let lists = [
        "/tasks",
        "/tasks/all",
        "/tasks/all.csv",
        "/shuffles",
        "/account",
        "/account.csv",
        "/account/statements",
        "/accounting",
        "/accounting.csv",
        "/accounting/balances",
        "/accounting/balances.csv",
        "/accounting/payouts",
        "/accounting/corrections",
        "/analytics",
        "/admin/users",
        "/admin/mails",
        "/admin/account-mails",
        "/admin/events",
        "/admin/events.csv",
        "/admin/dead-letters",
        "/admin/runs",
        "/admin/audit",
        "/admin/audit.csv",
        "/admin/abuse",
    ];
    // One of each kind for every name; the first alone where time counts.
    let corpus = [
        "') or 1=1 --%",
        "\0",
        "'",
        "\\",
        "_",
        "x' union select null --",
    ];
    let corpus = if std::env::var_os("ATES_TEST_LONG").is_some() {
        &corpus[..]
    } else {
        &corpus[..1]
    };
    let (mut asked, mut wrong) = (0, Vec::new());
    for list in lists {
        let (status, rows) = rows_of(&mut browser, list);
        assert_eq!(status, 200, "{list}");
        let nul = browser.get(&format!("{list}?q=%00"));
        assert_eq!(nul.status, 422, "{list}");
        for name in NAMES {
            for text in corpus {
                let target = format!("{list}?{name}={}", encoded(text));
                let (status, found) = rows_of(&mut browser, &target);
                asked += 1;
                // The audit itself grows by what is asked.
                let grows = list.starts_with("/admin/audit");
                if !matches!(status, 200 | 303 | 404 | 422)
                    || found > rows && !grows && status == 200
                {
                    wrong.push(format!(
                        "{target} gets {status} with {found} of {rows} rows"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(asked >= 500, "{asked}");
}
