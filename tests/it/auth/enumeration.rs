//! T-AUTH-5: nobody learns from an answer whether there is such a person, neither by its text nor by the work that it takes.

use ates::platform::metrics;
use chrono::Duration;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{WRONG, user_path};
use crate::support::client::{Api, Page};
use crate::support::{PASSWORD, TestApp};

/// An answer without what differs from one request to the next, and with the hashes that it took.
fn face(page: &Page, login: &str, hashes: u64) -> (u16, Option<String>, String, u64) {
    let body = match page.html.find("name=\"csrf\"") {
        // Each browser has its own form token.
        Some(_) => page
            .html
            .split("value=\"")
            .map(|part| match part.split_once('"') {
                Some((value, rest)) if value.len() == 64 => rest.to_owned(),
                _ => part.replace(login, "LOGIN"),
            })
            .collect::<Vec<_>>()
            .join("|"),
        None => page.html.clone(),
    };
    let body = without_keys(&body);
    (page.status, page.location.clone(), body, hashes)
}

/// Without ids, such as that of the request.
fn without_keys(text: &str) -> String {
    text.split(['"', ' ', '<', '>'])
        .filter(|word| uuid::Uuid::parse_str(word).is_err())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn t_auth_5_known_and_unknown_names_get_the_same_bytes_for_the_same_work() {
    let app = TestApp::with(|settings| {
        settings
            .workers(false)
            .set("ATES_SELF_REGISTRATION", "true")
    });
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("gone", &["developer"]),
        ("robot", &["internalservice"]),
        ("root", &["administrator"]),
        ("silent", &["developer"]),
    ]);
    assert_eq!(app.api(&people[3]).delete(&user_path(&people[1])).0, 204);
    let no_password = "update auth.users set password_hash = null where username = 'silent'";
    app.conn().batch_execute(no_password).unwrap();
    let known = ["gone", "robot", "silent", "kesha@uberpopug.example"];

    let log_in = |login: &str, password: &str| {
        app.clock().advance(Duration::minutes(1));
        let before = metrics::password_hashes();
        let page = app
            .browser()
            .post("/login", &[("username", login), ("password", password)]);
        face(&page, login, metrics::password_hashes() - before)
    };
    let unknown = log_in("nobody", WRONG);
    assert_eq!((unknown.0, unknown.3), (422, 1));
    for login in known {
        assert_eq!(log_in(login, WRONG), unknown, "{login}");
    }
    for login in ["gone", "silent"] {
        assert_eq!(log_in(login, PASSWORD), unknown, "{login}");
    }

    let ask = |login: &str| {
        app.clock().advance(Duration::minutes(1));
        let before = metrics::password_hashes();
        let body = json!({ "username": login, "password": WRONG });
        let (status, mut answer) = Api::anonymous(app.base()).post("/api/v1/auth/token", &body);
        answer.as_object_mut().unwrap().remove("request_id");
        (status, answer, metrics::password_hashes() - before)
    };
    let unknown = ask("nobody");
    assert_eq!((unknown.0, unknown.2), (401, 1));
    for login in known {
        assert_eq!(ask(login), unknown, "{login}");
    }

    let reset = |login: &str| {
        app.clock().advance(Duration::hours(1));
        let before = metrics::password_hashes();
        let page = app.browser().post("/password/reset", &[("login", login)]);
        face(&page, login, metrics::password_hashes() - before)
    };
    let unknown = reset("nobody");
    assert_eq!((unknown.0, unknown.3), (303, 0));
    for login in known {
        assert_eq!(reset(login), unknown, "{login}");
    }

    let register = |username: &str, email: &str| {
        app.clock().advance(Duration::hours(1));
        let before = metrics::password_hashes();
        let page = app.browser().post(
            "/register",
            &[
                ("username", username),
                ("email", email),
                ("name", "New"),
                ("surname", "Bird"),
                ("password", "a nest above the waterfall"),
            ],
        );
        face(&page, username, metrics::password_hashes() - before)
    };
    let unknown = register("nobody", "nobody@uberpopug.example");
    assert_eq!((unknown.0, unknown.3), (303, 1));
    for (username, email) in [
        ("newbird", "kesha@uberpopug.example"),
        ("kesha", "new@uberpopug.example"),
        ("kesha", "kesha@uberpopug.example"),
        ("gone", "gone@uberpopug.example"),
        ("robot", "robot@uberpopug.example"),
    ] {
        assert_eq!(register(username, email), unknown, "{username} {email}");
    }
}

/// How often a time of the one kind is longer than one of the other: 0.5 when nobody can tell them apart.
fn area_under_curve(known: &[u128], unknown: &[u128]) -> f64 {
    let mut wins = 0.0;
    for one in known {
        for other in unknown {
            wins += match one.cmp(other) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    let pairs = u32::try_from(known.len() * unknown.len()).unwrap();
    wins / f64::from(pairs)
}

/// Asks an endpoint about a name.
type Ask = fn(&TestApp, &str);

/// The times themselves, which a busy machine blurs: in the long form only.
#[test]
fn t_auth_5_nobody_can_tell_by_the_time_either() {
    if std::env::var_os("ATES_TEST_LONG").is_none() {
        println!("left out: the times are measured in the long form");
        return;
    }
    let app = TestApp::with(|settings| {
        settings
            .workers(false)
            .set("ATES_SELF_REGISTRATION", "true")
    });
    app.register("kesha", &["developer"]);
    let endpoints: [(&str, Ask); 4] = [
        ("log-in form", |app, name| {
            let fields = [("username", name), ("password", WRONG)];
            assert_eq!(app.browser().post("/login", &fields).status, 422);
        }),
        ("auth_user", |app, name| {
            let body = json!({ "username": name, "password": WRONG });
            let api = Api::anonymous(app.base());
            assert_eq!(api.post("/api/v1/auth/token", &body).0, 401);
        }),
        ("reset", |app, name| {
            let page = app.browser().post("/password/reset", &[("login", name)]);
            assert_eq!(page.status, 303);
        }),
        ("registration", |app, name| {
            let email = format!("{name}@uberpopug.example");
            let fields = [
                ("username", name),
                ("email", &email),
                ("name", "New"),
                ("surname", "Bird"),
                ("password", "a nest above the waterfall"),
            ];
            assert_eq!(app.browser().post("/register", &fields).status, 303);
        }),
    ];
    let mut told = Vec::new();
    for (endpoint, ask) in endpoints {
        let mut times = [Vec::new(), Vec::new()];
        for pair in 0..300 {
            // By turns, so that whatever else the machine does falls on both.
            for turn in [pair % 2, 1 - pair % 2] {
                app.clock().advance(Duration::hours(1));
                let start = std::time::Instant::now();
                ask(&app, ["kesha", "nobody"][turn]);
                times[turn].push(start.elapsed().as_nanos());
            }
        }
        let area = area_under_curve(&times[0], &times[1]);
        println!("T-AUTH-5 {endpoint}: AUC {area:.3} over 300 pairs");
        if !(0.45..=0.55).contains(&area) {
            told.push((endpoint, area));
        }
    }
    assert!(told.is_empty(), "the times tell: {told:?}");
    // The measure itself can tell: half as long again is seen at once.
    let short: Vec<u128> = (0..300).map(|n| 1_000 + n).collect();
    let long: Vec<u128> = short.iter().map(|time| time * 3 / 2).collect();
    assert!(area_under_curve(&long, &short) > 0.9);
}
