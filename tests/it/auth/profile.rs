//! One's own record as a page: name, address, meta information, and what one prefers to see.

use chrono::Duration;
use serde_json::json;

use crate::support::database::{count, text};
use crate::support::smtp::SmtpSink;
use crate::support::{TestApp, wait_until};

#[test]
fn a05_a09_a_popug_changes_their_own_name_and_meta_information_on_a_page() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let (mut browser, api) = (app.log_in(&kesha), {
        app.clock().advance(Duration::seconds(1));
        app.api(&kesha)
    });
    let sent = [
        ("name", "  Иннокентий "),
        ("surname", "Попугаев"),
        ("meta", r#"{"perch": "top", "wings": 2}"#),
    ];
    let page = browser.submit("/profile/record", &sent);
    assert!(
        page.text().contains("Иннокентий Попугаев"),
        "{}",
        page.text()
    );
    assert!(page.all("textarea#meta")[0].contains("\"perch\": \"top\""));
    let (_, me) = api.get("/api/v1/me");
    assert_eq!(me["meta"], json!({ "perch": "top", "wings": 2 }));
    assert_eq!(me["name"], "Иннокентий");
    for (field, fields) in [
        ("name", [("name", " "), ("surname", "B"), ("meta", "")]),
        ("surname", [("name", "A"), ("surname", "<b>"), ("meta", "")]),
        ("meta", [("name", "A"), ("surname", "B"), ("meta", "[1]")]),
        ("meta", [("name", "A"), ("surname", "B"), ("meta", "{")]),
    ] {
        let page = browser.post("/profile/record", &fields);
        assert_eq!(page.status, 422, "{field}");
        let wrong = format!(".error-summary a[href=\"#{field}\"]");
        assert!(page.has(&wrong), "{field}: {}", page.text());
    }
    let roles = [("name", "A"), ("surname", "B"), ("roles", "administrator")];
    assert_eq!(
        browser.post("/profile/record", &roles).status,
        422,
        "no right to roles"
    );
    assert_eq!(api.get("/api/v1/me").1["name"], "Иннокентий");
}

#[test]
fn a05_another_address_is_told_to_the_old_one() {
    let post = SmtpSink::start();
    let app = TestApp::with(|settings| settings.smtp(&post.url()));
    let people = app.register_all(&[("kesha", &["developer"]), ("anna", &["developer"])]);
    let mut browser = app.log_in(&people[0]);
    let taken = browser.post("/profile/address", &[("email", "ANNA@uberpopug.example")]);
    assert_eq!(taken.status, 422);
    assert_eq!(
        taken.attribute("#email", "value").as_deref(),
        Some("ANNA@uberpopug.example")
    );
    assert_eq!(
        browser.post("/profile/address", &[("email", "x")]).status,
        422
    );
    app.clock().advance(Duration::minutes(6));
    let asked = browser.post("/profile/address", &[("email", "kesha@nest.example")]);
    assert_eq!(asked.status, 403, "the password is asked for again");
    assert!(asked.has("#confirmation"));
    let page = browser.post_confirmed("/profile/address", &[("email", "kesha@nest.example")]);
    assert_eq!(page.location.as_deref(), Some("/profile"));
    let page = browser.get("/profile");
    assert!(
        page.text().contains("kesha@nest.example"),
        "{}",
        page.text()
    );
    wait_until("the old address is told", || post.count() == 1);
    let mail = post.mails().remove(0);
    assert_eq!(mail.to, "kesha@uberpopug.example");
    assert!(mail.text().contains("another address"), "{}", mail.text());
    assert!(!mail.raw.contains("nest.example"), "not which one");
    assert_eq!(
        count(
            &mut app.conn(),
            "platform.audit_log where action = 'auth.own_record_updated' and address is not null"
        ),
        1
    );
    app.drain();
    let known = text(
        &mut app.conn(),
        "select email as t from accounting.employees where username = 'kesha'",
    );
    assert_eq!(known, "kesha@nest.example", "mails about money follow");
}

#[test]
fn zone_theme_and_language_are_kept_with_the_account_and_there_after_a_log_in_anywhere() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    let theme = |page: &crate::support::Page| page.attribute("html", "data-theme").unwrap();
    assert_eq!(theme(&browser.get("/profile")), "auto");
    let chosen = [("time_zone", "Asia/Tokyo"), ("theme", "dark")];
    let page = browser.submit("/profile/display", &chosen);
    assert_eq!(theme(&page), "dark");
    assert!(page.text().contains("Asia/Tokyo"), "{}", page.text());
    assert_eq!(
        browser
            .post("/profile/language", &[("language", "ru")])
            .status,
        303
    );

    app.clock().advance(Duration::seconds(1));
    let mut elsewhere = app.log_in(&kesha);
    let page = elsewhere.get("/profile");
    assert_eq!(theme(&page), "dark", "from the first page on");
    assert_eq!(page.attribute("html", "lang").as_deref(), Some("ru"));
    // Noon in Moscow is six in the evening in Tokyo.
    let sessions = elsewhere.get("/profile/access");
    assert!(sessions.html.contains("18:00"), "{}", sessions.text());
    assert!(!sessions.html.contains("12:00"), "{}", sessions.text());

    // The switch in the menu is kept with the account too.
    assert_eq!(
        page.attribute("form.prefs", "action").as_deref(),
        Some("/profile/appearance")
    );
    let back = [("theme", "light"), ("back", "/tasks")];
    let page = elsewhere.post("/profile/appearance", &back);
    assert_eq!(page.location.as_deref(), Some("/tasks"));
    assert_eq!(theme(&browser.get("/profile")), "light");

    for wrong in [
        [("time_zone", "Moon/Tycho"), ("theme", "dark")],
        [("time_zone", "Asia/Tokyo"), ("theme", "pink")],
    ] {
        assert_eq!(
            browser.post("/profile/display", &wrong).status,
            422,
            "{wrong:?}"
        );
    }
    let company = [("time_zone", ""), ("theme", "light")];
    assert_eq!(browser.post("/profile/display", &company).status, 303);
    assert!(browser.get("/profile/access").html.contains("12:00"));
    assert_eq!(
        count(
            &mut app.conn(),
            "platform.audit_log where action = 'auth.display_changed'"
        ),
        3
    );
}
