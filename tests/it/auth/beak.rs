//! The shape of a beak as a credential (A02).

use chrono::Duration;

use crate::support::database::{count, number, text};
use crate::support::{Browser, Page, Person, TestApp};

const HOOK: &str = "A2 B1 C1 D2 D3 C4 C3 B3";
/// The same line, drawn smaller and elsewhere.
const DRAWN: &str = "410,220 420,210 430,210 440,220 440,230 430,240 430,230 420,230";
const CREST: &str = "A4 A2 B3 B1 C3 C1 D2 D4";

fn start() -> TestApp {
    TestApp::with(|settings| settings.set("ATES_BEAK_LOG_IN", "true"))
}

fn enrol(browser: &mut Browser, shape: &str) -> Page {
    let fields = [("shape", shape), ("again", shape)];
    browser.post_confirmed("/profile/credentials/beak", &fields)
}

fn log_in(app: &TestApp, login: &str, shape: &str) -> (Browser, Page) {
    let mut browser = app.browser();
    let page = browser.post("/login/beak", &[("username", login), ("shape", shape)]);
    (browser, page)
}

fn enrolled(app: &TestApp) -> Person {
    let kesha = app.register("kesha", &["developer"]);
    assert_eq!(enrol(&mut app.log_in(&kesha), HOOK).status, 303);
    kesha
}

#[test]
fn a02_a_shape_logs_in_wherever_and_however_large_it_is_drawn() {
    let app = start();
    enrolled(&app);
    for (login, shape) in [("kesha", HOOK), ("kesha@uberpopug.example", DRAWN)] {
        let (mut browser, page) = log_in(&app, login, shape);
        assert_eq!(page.location.as_deref(), Some("/"), "{}", page.text());
        assert_eq!(browser.get("/profile").status, 200);
    }
    let method = "select payload->>'method' as t from bus.events where event_type = 'account.logged_in' order by seq desc limit 1";
    assert_eq!(text(&mut app.conn(), method), "beak");
    let failures = "auth.login_failures where failures > 0";
    assert_eq!(count(&mut app.conn(), failures), 0);
}

#[test]
fn a02_another_shape_and_an_unknown_name_are_refused_alike() {
    let app = start();
    enrolled(&app);
    app.register("lory", &["developer"]);
    let mut said = Vec::new();
    for (login, shape) in [
        ("kesha", CREST),
        ("kesha", "no shape at all"),
        ("lory", HOOK),
        ("nobody", HOOK),
    ] {
        app.clock().advance(Duration::minutes(1));
        let (mut browser, page) = log_in(&app, login, shape);
        assert_eq!(browser.get("/profile").status, 303);
        said.push((page.status, page.all(".error-summary")));
    }
    assert_eq!(said[0].0, 422);
    assert!(said.iter().all(|answer| *answer == said[0]), "{said:?}");
    let failures = "select string_agg(username || failures, ' ' order by username) as t from auth.login_failures where failures > 0";
    assert_eq!(text(&mut app.conn(), failures), "kesha2 lory1 nobody1");
    let (_, page) = log_in(&app, "nobody", HOOK);
    assert_eq!(
        (page.status, page.headers.contains_key("retry-after")),
        (429, true)
    );
    let (_, page) = log_in(&app, "lory", HOOK);
    assert_eq!(page.status, 422, "each name waits by itself");
}

#[test]
fn a02_two_popugs_cannot_enrol_the_same_shape() {
    let app = start();
    let kesha = enrolled(&app);
    let lory = app.register("lory", &["developer"]);
    let mut browser = app.log_in(&lory);
    let page = enrol(&mut browser, DRAWN);
    assert_eq!((page.status, page.has("#shape[aria-invalid]")), (422, true));
    let refused = "platform.audit_log where action = 'auth.beak_refused'";
    assert_eq!(count(&mut app.conn(), refused), 1);
    let failures = "select failures::bigint as n from auth.login_failures where username = 'lory'";
    assert_eq!(
        number(&mut app.conn(), failures),
        1,
        "asking for shapes is counted"
    );
    assert_eq!(enrol(&mut browser, DRAWN).status, 429);
    app.clock().advance(Duration::minutes(1));
    assert_eq!(enrol(&mut browser, CREST).status, 303);
    let twice = "insert into auth.beaks (user_id, shape_hash, created_at) select u.id, b.shape_hash, now()
                 from auth.users u, auth.beaks b where u.username = 'third' and b.user_id <> u.id limit 1";
    app.register("third", &["developer"]);
    let error = diesel::connection::SimpleConnection::batch_execute(&mut app.conn(), twice);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("beaks_shape_hash_key")
    );
    let mut own = app.log_in(&kesha);
    assert_eq!(
        enrol(&mut own, HOOK).status,
        303,
        "one's own shape may be kept anew"
    );
}

#[test]
fn a02_a_shape_is_drawn_twice_with_the_password_and_kept_as_a_keyed_hash() {
    let app = start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    let mut send = |shape: &str, again: &str| {
        let fields = [("shape", shape), ("again", again)];
        browser.post("/profile/credentials/beak", &fields)
    };
    assert!(send(HOOK, CREST).has("#again[aria-invalid]"));
    assert!(send("A1 B1 C1", "A1 B1 C1").has("#shape[aria-invalid]"));
    app.clock().advance(Duration::minutes(6));
    assert!(
        send(HOOK, HOOK).has("#confirmation"),
        "the password is asked for again"
    );
    assert_eq!(count(&mut app.conn(), "auth.beaks"), 0);
    let fields = [("shape", HOOK), ("again", DRAWN)];
    assert_eq!(
        browser
            .post_confirmed("/profile/credentials/beak", &fields)
            .status,
        303
    );
    let stored = text(
        &mut app.conn(),
        "select encode(shape_hash, 'hex') as t from auth.beaks",
    );
    use sha2::Digest;
    let plain = hex::encode(sha2::Sha256::digest([4, 1, 2, 7, 11, 14, 10, 9]));
    assert!(
        stored.len() == 64 && stored != plain,
        "no hash that anybody can compute"
    );
    app.clock().advance(Duration::minutes(6));
    let path = "/profile/credentials/beak/removal";
    assert!(browser.post(path, &[]).has("#confirmation"));
    assert_eq!(browser.post_confirmed(path, &[]).status, 303);
    assert_eq!(log_in(&app, "kesha", HOOK).1.status, 422);
    for action in ["auth.beak_enrolled", "auth.beak_removed"] {
        let rows = format!("platform.audit_log where action = '{action}'");
        assert_eq!(count(&mut app.conn(), &rows), 1, "{action}");
    }
}

#[test]
fn a02_without_the_setting_no_beak_opens_anything() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    assert_eq!(app.browser().get("/login/beak").status, 404);
    assert_eq!(log_in(&app, "kesha", HOOK).1.status, 404);
    let mut browser = app.log_in(&kesha);
    assert!(!browser.get("/profile/credentials").has("#beak"));
    assert_eq!(enrol(&mut browser, HOOK).status, 404);
    assert!(!app.browser().get("/login").html.contains("/login/beak"));
}
