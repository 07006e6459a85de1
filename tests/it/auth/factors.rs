//! Second factors: codes of an authenticator app, recovery codes, and the log-in in steps (D12, T-AUTH-11).

use std::thread;

use chrono::Duration;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

use crate::support::database::{count, number, text};
use crate::support::{Api, Browser, PASSWORD, Page, Person, TestApp};

const HERE: &str = "/profile/credentials";

/// Somebody's app: it knows the secret and the time.
pub struct Phone(Totp);

impl Phone {
    fn scanning(page: &Page) -> Self {
        let secret = page.all("#totp-secret").remove(0).replace(' ', "");
        let secret = Secret::try_from_base32(secret).unwrap();
        Self(Builder::new().with_secret(secret).build().unwrap())
    }

    /// What it shows so many steps of thirty seconds from now.
    pub fn code(&self, app: &TestApp, steps: i64) -> String {
        let at = app.clock().now().timestamp() + 30 * steps;
        self.0.generate(u64::try_from(at).unwrap()).to_string()
    }
}

/// Sets up an app for somebody who is logged in; gives it and the recovery codes.
pub fn enrol(app: &TestApp, browser: &mut Browser) -> (Phone, Vec<String>) {
    assert_eq!(browser.post("/profile/credentials/totp", &[]).status, 303);
    let phone = Phone::scanning(&browser.get(HERE));
    let code = phone.code(app, 0);
    let page = browser.post("/profile/credentials/totp/confirmation", &[("code", &code)]);
    assert_eq!(page.status, 200, "{}", page.text());
    app.clock().advance(Duration::seconds(60));
    (phone, page.all("#recovery-codes code"))
}

/// A browser after the right password: with a challenge and without a session.
fn challenged(app: &TestApp, person: &Person) -> Browser {
    let mut browser = app.browser();
    let fields = [
        ("username", person.username.as_str()),
        ("password", PASSWORD),
    ];
    let page = browser.post("/login", &fields);
    assert_eq!(
        page.location.as_deref(),
        Some("/login/code"),
        "{}",
        page.text()
    );
    assert!(browser.cookie("ates_challenge").is_some());
    assert!(browser.cookie("ates_session").is_none());
    browser
}

fn send_code(browser: &mut Browser, code: &str) -> Page {
    browser.post("/login/code", &[("code", code)])
}

fn is_in(browser: &mut Browser) -> bool {
    browser.get("/profile").status == 200
}

fn ask_token(app: &TestApp, password: &str, code: Option<&str>) -> (u16, Value) {
    let mut body = json!({ "username": "kesha", "password": password });
    if let Some(code) = code {
        body["totp"] = code.into();
    }
    Api::anonymous(app.base()).post("/api/v1/auth/token", &body)
}

fn audited(app: &TestApp, action: &str) -> i64 {
    let rows = format!("platform.audit_log where action = '{action}'");
    count(&mut app.conn(), &rows)
}

#[test]
fn d12_an_app_counts_from_its_first_right_code_on() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    assert!(!browser.get(HERE).has("svg.qr"));
    assert_eq!(browser.post("/profile/credentials/totp", &[]).status, 303);
    let page = browser.get(HERE);
    assert!(page.has("svg.qr path"), "the code to scan is drawn");
    let phone = Phone::scanning(&page);
    assert!(
        is_in(&mut app.log_in(&kesha)),
        "not confirmed: nothing more is asked"
    );
    let wrong = [("code", "000000")];
    let page = browser.post("/profile/credentials/totp/confirmation", &wrong);
    assert_eq!((page.status, page.has("#code[aria-invalid]")), (422, true));
    let code = phone.code(&app, 0);
    let page = browser.post("/profile/credentials/totp/confirmation", &[("code", &code)]);
    assert_eq!(page.all("#recovery-codes code").len(), 10);
    let again = browser.get(HERE);
    assert!(
        !again.has("#recovery-codes") && !again.has("#totp-secret"),
        "shown once"
    );
    assert_eq!(browser.post("/profile/credentials/totp", &[]).status, 409);

    app.clock().advance(Duration::seconds(60));
    let mut other = challenged(&app, &kesha);
    assert!(!is_in(&mut other), "a challenge opens nothing");
    let mut thief = app.browser();
    thief.set_cookie("ates_session", other.cookie("ates_challenge").unwrap());
    assert!(!is_in(&mut thief), "a challenge is no session");
    let page = send_code(&mut other, &phone.code(&app, 0));
    assert_eq!(page.location.as_deref(), Some("/"));
    assert!(is_in(&mut other) && other.cookie("ates_challenge").is_none());
    assert_eq!(audited(&app, "auth.totp_begun"), 1);
    assert_eq!(audited(&app, "auth.totp_enrolled"), 1);
}

#[test]
fn t_auth_11_a_code_counts_once_and_may_be_one_step_off() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let (phone, _) = enrol(&app, &mut app.log_in(&kesha));
    let mut browser = challenged(&app, &kesha);
    for steps in [-3, -2, 2, 3] {
        let page = send_code(&mut browser, &phone.code(&app, steps));
        assert_eq!(page.status, 422, "{steps} steps off");
    }
    app.clock().advance(Duration::minutes(1));
    let mut browser = challenged(&app, &kesha);
    let code = phone.code(&app, 0);
    assert_eq!(send_code(&mut browser, &code).status, 303);
    app.clock().advance(Duration::seconds(5));
    let mut browser = challenged(&app, &kesha);
    assert_eq!(send_code(&mut browser, &code).status, 422, "used before");
    let earlier = phone.code(&app, -1);
    assert_eq!(
        send_code(&mut browser, &earlier).status,
        422,
        "older than the one that was used"
    );
    let ahead = phone.code(&app, 1);
    assert_eq!(
        send_code(&mut browser, &ahead).status,
        303,
        "a clock that is fast"
    );
    app.clock().advance(Duration::seconds(60));
    let mut browser = challenged(&app, &kesha);
    assert_eq!(send_code(&mut browser, &ahead).status, 422, "used before");
    let mut spaced = phone.code(&app, 0);
    spaced.insert(3, ' ');
    assert_eq!(send_code(&mut browser, &spaced).status, 303);
    app.clock().advance(Duration::seconds(90));
    let mut browser = challenged(&app, &kesha);
    let behind = phone.code(&app, -1);
    assert_eq!(
        send_code(&mut browser, &behind).status,
        303,
        "a clock that is slow"
    );
}

#[test]
fn t_auth_11_one_code_at_once_in_two_browsers_counts_once() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let (phone, _) = enrol(&app, &mut app.log_in(&kesha));
    let mut browsers = Vec::new();
    for _ in 0..4 {
        browsers.push(challenged(&app, &kesha));
        app.clock().advance(Duration::seconds(6));
    }
    let code = phone.code(&app, 0);
    let entered: Vec<u16> = thread::scope(|scope| {
        let asked: Vec<_> = browsers
            .iter_mut()
            .map(|browser| {
                let code = &code;
                scope.spawn(move || send_code(browser, code).status)
            })
            .collect();
        asked
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    assert_eq!(
        entered.iter().filter(|status| **status == 303).count(),
        1,
        "{entered:?}"
    );
}

#[test]
fn t_auth_11_parallel_guesses_are_five_a_log_in() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let (phone, _) = enrol(&app, &mut app.log_in(&kesha));
    let mut browser = challenged(&app, &kesha);
    let answers: Vec<Page> = thread::scope(|scope| {
        let asked: Vec<_> = (0..20)
            .map(|n| {
                let mut guesser = browser.clone();
                scope.spawn(move || send_code(&mut guesser, &format!("{:06}", 900_000 + n)))
            })
            .collect();
        asked
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    let wrong = answers.iter().filter(|page| page.status == 422).count();
    let over = answers
        .iter()
        .filter(|page| page.location.as_deref() == Some("/login"))
        .count();
    assert_eq!((wrong, over), (4, 16), "the fifth ends it");
    let page = send_code(&mut browser, &phone.code(&app, 0));
    assert_eq!(
        page.location.as_deref(),
        Some("/login"),
        "the right code comes too late"
    );
    assert!(!is_in(&mut browser));
    assert_eq!(audited(&app, "auth.second_factor_exhausted"), 1);
    let failures = "select failures::bigint as n from auth.login_failures where username = 'kesha'";
    assert_eq!(
        number(&mut app.conn(), failures),
        6,
        "each counts like a failed log-in"
    );
    app.clock().advance(Duration::seconds(30));
    let mut again = challenged(&app, &kesha);
    assert_eq!(send_code(&mut again, &phone.code(&app, 0)).status, 303);
}

#[test]
fn d12_a_challenge_lasts_five_minutes_and_not_beyond_a_change_of_password() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut known = app.log_in(&kesha);
    let (phone, _) = enrol(&app, &mut known);
    let mut slow = challenged(&app, &kesha);
    app.clock().advance(Duration::minutes(5));
    assert_eq!(slow.get("/login/code").location.as_deref(), Some("/login"));
    let page = send_code(&mut slow, &phone.code(&app, 0));
    assert_eq!(page.location.as_deref(), Some("/login"));
    let mut open = challenged(&app, &kesha);
    app.clock().advance(Duration::seconds(30));
    let new = [
        ("old_password", PASSWORD),
        ("new_password", "all the feathers of the north"),
    ];
    assert_eq!(known.post("/profile/password", &new).status, 303);
    let page = send_code(&mut open, &phone.code(&app, 0));
    assert_eq!(page.location.as_deref(), Some("/login"));
    assert!(!is_in(&mut open));
}

#[test]
fn d12_a_program_sends_the_code_with_the_password() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let (phone, recovery) = enrol(&app, &mut app.log_in(&kesha));
    let wait = || app.clock().advance(Duration::seconds(31));
    let kind = |answer: &Value| answer["type"].as_str().unwrap_or_default().to_owned();
    let (status, answer) = ask_token(&app, PASSWORD, None);
    assert_eq!(status, 401);
    assert!(
        kind(&answer).ends_with("second-factor-required"),
        "{answer}"
    );
    wait();
    let (status, answer) = ask_token(&app, PASSWORD, Some("000000"));
    assert_eq!(status, 401);
    assert!(kind(&answer).ends_with("second-factor-wrong"), "{answer}");
    wait();
    let right = phone.code(&app, 0);
    let (status, answer) = ask_token(&app, "a parrot that guesses", Some(&right));
    assert_eq!(status, 401);
    assert!(
        kind(&answer).ends_with("unauthenticated"),
        "nothing is said of the code: {answer}"
    );
    let failures = "select failures::bigint as n from auth.login_failures where username = 'kesha'";
    assert_eq!(number(&mut app.conn(), failures), 3);
    wait();
    let (status, answer) = ask_token(&app, PASSWORD, Some(&phone.code(&app, 0)));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        number(&mut app.conn(), failures),
        3,
        "a success is taken back, failures stay"
    );
    wait();
    assert_eq!(ask_token(&app, PASSWORD, Some(&recovery[0])).0, 200);
    wait();
    assert_eq!(ask_token(&app, PASSWORD, Some(&recovery[0])).0, 401);
}

#[test]
fn d12_a_recovery_code_opens_once_and_a_new_set_ends_the_old() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let (_, first) = enrol(&app, &mut app.log_in(&kesha));
    let mut browser = challenged(&app, &kesha);
    let shouted = first[0].to_uppercase().replace('-', " ");
    let page = send_code(&mut browser, &shouted);
    assert_eq!(page.location.as_deref(), Some(HERE));
    let page = browser.get(HERE);
    assert!(page.text().contains("9 are left"), "{}", page.text());
    assert_eq!(audited(&app, "auth.recovery_code_used"), 1);
    app.clock().advance(Duration::seconds(30));
    let mut other = challenged(&app, &kesha);
    assert_eq!(send_code(&mut other, &first[0]).status, 422, "used before");
    let path = "/profile/credentials/recovery-codes";
    let page = browser.post(path, &[]);
    let second = page.all("#recovery-codes code");
    assert_eq!((page.status, second.len()), (200, 10));
    assert_eq!(audited(&app, "auth.recovery_codes_made"), 2);
    assert_eq!(send_code(&mut other, &first[1]).status, 422, "ended");
    assert_eq!(send_code(&mut other, &second[0]).status, 303);
    let plain = second[1].replace('-', "");
    let stored = text(
        &mut app.conn(),
        "select string_agg(encode(code_hash, 'escape'), ' ') as t from auth.recovery_codes",
    );
    assert!(!stored.contains(&plain) && !stored.contains(&second[1]));
}

#[test]
fn d12_an_app_is_removed_after_the_password_is_shown_again_and_its_recovery_codes_end() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    enrol(&app, &mut browser);
    app.clock().advance(Duration::minutes(6));
    for path in [
        "/profile/credentials/totp/removal",
        "/profile/credentials/recovery-codes",
    ] {
        let asked = browser.post(path, &[]);
        assert_eq!(
            (asked.status, asked.has("#confirmation")),
            (403, true),
            "{path}"
        );
    }
    drop(challenged(&app, &kesha));
    app.clock().advance(Duration::seconds(30));
    let removed = browser.post_confirmed("/profile/credentials/totp/removal", &[]);
    assert_eq!(removed.status, 303);
    app.clock().advance(Duration::seconds(30));
    assert!(
        is_in(&mut app.log_in(&kesha)),
        "the password is enough again"
    );
    assert_eq!(count(&mut app.conn(), "auth.recovery_codes"), 0);
    assert_eq!(audited(&app, "auth.totp_removed"), 1);
}

#[test]
fn d12_an_administrator_removes_the_factors_of_somebody_who_has_lost_them() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("root", &["administrator"])]);
    let mut lost = app.log_in(&people[0]);
    enrol(&app, &mut lost);
    let path = format!("/admin/users/{}/second-factors/removal", people[0].id);
    assert_eq!(
        lost.post_confirmed(&path, &[]).status,
        403,
        "not by oneself"
    );
    let mut root = app.log_in(&people[1]);
    assert_eq!(root.post(&path, &[]).status, 303);
    assert!(!is_in(&mut lost), "whoever has the phone is out");
    assert!(is_in(&mut app.log_in(&people[0])), "the password is enough");
    assert_eq!(count(&mut app.conn(), "auth.recovery_codes"), 0);
    assert_eq!(audited(&app, "auth.second_factors_removed"), 1);
}

#[test]
fn a16_no_dump_shows_the_secret_of_an_app() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let lory = app.register("lory", &["developer"]);
    let (mut one, mut two) = (app.log_in(&kesha), app.log_in(&lory));
    let (phone, _) = enrol(&app, &mut one);
    enrol(&app, &mut two);
    let dump = text(
        &mut app.conn(),
        "select string_agg(encode(sealed_secret, 'hex'), ' ') as t from auth.totp",
    );
    let secret = hex::encode(phone.0.secret().as_bytes());
    assert!(!dump.contains(&secret));
    // Somebody else's row in one's own place opens nothing: it is sealed for its owner.
    diesel::connection::SimpleConnection::batch_execute(
        &mut app.conn(),
        "update auth.totp t set sealed_secret = o.sealed_secret from auth.totp o where t.user_id <> o.user_id",
    )
    .unwrap();
    let mut browser = challenged(&app, &lory);
    assert_eq!(send_code(&mut browser, &phone.code(&app, 0)).status, 500);
}
