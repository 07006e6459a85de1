//! Keyboard shortcuts, the palette's rows, and the script that works them (S-1, WCAG 2.1.4).

use serde_json::Value;

use crate::support::client::Browser;
use crate::support::{TestApp, database::count};

fn rows(browser: &mut Browser, words: &str) -> Vec<Value> {
    let page = browser.get(&format!("/search/palette?q={words}"));
    assert_eq!(page.status, 200, "{}", page.html);
    let rows: Value = serde_json::from_str(&page.html).unwrap();
    rows["items"].as_array().unwrap().clone()
}

fn hrefs(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["href"].as_str().unwrap())
        .collect()
}

#[test]
fn s1_the_script_is_ours_small_and_on_every_page() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    for path in ["/tasks", "/account", "/profile", "/help", "/nowhere"] {
        let page = browser.get(path);
        let scripts = page.attributes("script", "src");
        let ours = scripts.iter().find(|script| script.ends_with("/app.js"));
        assert!(ours.is_some(), "{path}: {scripts:?}");
        assert!(page.all("script").iter().all(String::is_empty), "{path}");
    }
    let page = browser.get("/tasks");
    let path = page.attribute("script[src$='app.js']", "src").unwrap();
    let script = browser.get(&path);
    assert_eq!(script.status, 200);
    assert!(script.bytes.len() <= 6 * 1024, "{}", script.bytes.len());
    for banned in ["eval(", "Function(", "innerHTML", "style="] {
        assert!(!script.html.contains(banned), "{banned}");
    }
}

#[test]
fn s1_keys_are_on_until_their_person_switches_them_off() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("root", &["administrator"])]);
    let mut browser = app.log_in(&people[0]);
    let page = browser.get("/tasks");
    assert_eq!(
        page.attribute("body", "data-leaps").as_deref(),
        Some("t/tasks a/account"),
        "only where they may go"
    );
    assert!(page.has("template#palette"));
    let root = app.log_in(&people[1]).get("/tasks");
    assert_eq!(
        root.attribute("body", "data-leaps").as_deref(),
        Some("t/tasks a/account f/accounting n/analytics u/admin/users")
    );

    let off = [("time_zone", ""), ("theme", "auto"), ("shortcuts", "off")];
    let page = browser.submit("/profile/display", &off);
    assert_eq!(
        page.attribute("#shortcuts option[selected]", "value")
            .as_deref(),
        Some("off")
    );
    let page = browser.get("/tasks");
    assert_eq!(page.attribute("body", "data-leaps"), None);
    assert!(!page.has("template#palette") && !page.has(".keyhint"));
    // The switch of the menu leaves it as it is, and so does a form that knows nothing of it.
    browser.submit(
        "/profile/appearance",
        &[("theme", "dark"), ("back", "/tasks")],
    );
    browser.submit("/profile/display", &[("time_zone", ""), ("theme", "dark")]);
    assert_eq!(browser.get("/tasks").attribute("body", "data-leaps"), None);
    let wrong = [("theme", "auto"), ("shortcuts", "maybe")];
    assert_eq!(browser.post("/profile/display", &wrong).status, 422);
    let audited = "platform.audit_log where action = 'auth.display_changed' and detail->>'shortcuts' = 'false'";
    assert_eq!(count(&mut app.conn(), audited), 1);

    let nobody = app.browser().get("/login");
    assert_eq!(nobody.attribute("body", "data-leaps"), None);
}

#[test]
fn s1_the_palette_offers_what_its_person_may_do() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("lev", &["manager"]),
        ("root", &["administrator"]),
    ]);
    let mut kesha = app.log_in(&people[0]);
    let all = rows(&mut kesha, "");
    let all = hrefs(&all);
    assert!(
        all.contains(&"/tasks/new") && all.contains(&"/account"),
        "{all:?}"
    );
    for forbidden in [
        "/shuffles/new",
        "/tasks/all",
        "/admin",
        "/analytics",
        "/accounting",
    ] {
        assert!(!all.contains(&forbidden), "{forbidden}");
    }
    for href in &all {
        assert_eq!(app.log_in(&people[0]).get(href).status, 200, "{href}");
    }
    let mut lev = app.log_in(&people[1]);
    let found = rows(&mut lev, "shuffle");
    assert_eq!(hrefs(&found), ["/shuffles/new", "/shuffles"]);
    let mut root = app.log_in(&people[2]);
    let found = rows(&mut root, "users");
    assert!(hrefs(&found).contains(&"/admin/users"), "{found:?}");
    assert_eq!(rows(&mut root, "no%20such%20thing").len(), 0);
    let mut russian = app.log_in(&people[2]).speaking("ru");
    let page = russian.get("/search/palette?q=%D0%BB%D1%8E%D0%B4%D0%B8");
    assert!(page.html.contains("Люди"), "{}", page.html);
    assert!(rows(&mut root, "").len() <= 20, "the answer stays small");
}

#[test]
fn s1_the_palette_can_be_asked_as_fast_as_people_type_and_not_faster() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("anna", &["developer"])]);
    let mut browser = app.log_in(&people[0]);
    let answers: Vec<u16> = (0..80)
        .map(|_| browser.get("/search/palette?q=").status)
        .collect();
    assert!(answers[..20].iter().all(|status| *status == 200));
    assert!(answers.contains(&429), "{answers:?}");
    assert_eq!(app.log_in(&people[1]).get("/search/palette?q=").status, 200);
    let page = app.browser().get("/search/palette?q=");
    assert_eq!(page.status, 303, "nobody is sent to log in");
}
