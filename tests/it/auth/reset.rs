//! T-AUTH-10: a new password by mail.

use ates::platform::web::{cookies, csrf};
use chrono::Duration;
use diesel::connection::SimpleConnection;

use super::{ask_token, user_path};
use crate::support::client::Page;
use crate::support::database::{count, text};
use crate::support::smtp::{Mood, ReceivedMail, SmtpSink};
use crate::support::{Browser, PASSWORD, Person, TestApp, wait_until};

const NEW: &str = "all the feathers of the north";
const OTHER: &str = "a nest above the waterfall";

struct House {
    post: SmtpSink,
    app: TestApp,
    kesha: Person,
}

impl House {
    fn new() -> Self {
        let post = SmtpSink::start();
        let app = TestApp::with(|settings| {
            settings
                .smtp(&post.url())
                .set("ATES_BASE_URL", "http://ates.example")
                .set("ATES_TRUSTED_PROXIES", "127.0.0.1")
                .set("ATES_BEAK_LOG_IN", "true")
        });
        let kesha = app.register("kesha", &["developer"]);
        Self { post, app, kesha }
    }

    /// Asks with a browser of its own, from a source of its own.
    fn ask_from(&self, source: &str, login: &str, headers: &[(&str, &str)]) -> Page {
        let mut all = vec![
            ("sec-fetch-site", "same-origin"),
            ("x-forwarded-for", source),
        ];
        all.extend_from_slice(headers);
        let mut browser = self.app.browser();
        let token = token_of(&mut browser);
        browser.post_raw(
            "/password/reset",
            &[("csrf", &token), ("login", login)],
            &all,
        )
    }

    fn ask(&self, login: &str) -> Page {
        let source = format!("198.51.100.{}", self.audited() % 250);
        self.ask_from(&source, login, &[])
    }

    /// Answers that the worker has given.
    fn audited(&self) -> i64 {
        count(
            &mut self.app.conn(),
            "platform.audit_log where action = 'auth.reset_asked'",
        )
    }

    /// Asks, and waits until the worker has looked at it and nothing waits to be sent.
    fn ask_and_wait(&self, login: &str) -> Page {
        let page = self.ask(login);
        self.settle();
        page
    }

    fn settle(&self) {
        wait_until("every request is answered", || {
            count(&mut self.app.conn(), "auth.reset_requests") == 0
                && count(
                    &mut self.app.conn(),
                    "auth.mails where state in ('new', 'waiting')",
                ) == 0
        });
    }

    /// The code of a fresh mail.
    fn code(&self, login: &str) -> String {
        self.settle();
        self.app.clock().advance(Duration::hours(1));
        let before = self.post.count();
        assert_eq!(self.ask(login).status, 303);
        self.settle();
        assert_eq!(self.post.count(), before + 1);
        code_in(&self.post.mails()[before])
    }

    fn set(&self, code: &str, password: &str) -> Page {
        self.app.clock().advance(Duration::seconds(6));
        self.app.browser().post(
            "/password/new",
            &[("token", code), ("new_password", password)],
        )
    }

    fn mails_to(&self, address: &str) -> usize {
        let mails = self.post.mails();
        mails.iter().filter(|mail| mail.to == address).count()
    }
}

fn token_of(browser: &mut Browser) -> String {
    browser.get("/login");
    csrf::token_for(browser.cookie(cookies::before_login(false)).unwrap())
}

fn code_in(mail: &ReceivedMail) -> String {
    let text = mail.text();
    let (_, rest) = text
        .split_once("/password/new#")
        .expect("a link with a code");
    rest.chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect()
}

/// An answer without what differs from one request to the next.
fn face(page: &Page) -> (u16, Option<String>, Option<String>, Vec<u8>) {
    let cookie = page.headers.get("set-cookie").cloned();
    (
        page.status,
        page.location.clone(),
        cookie,
        page.bytes.clone(),
    )
}

#[test]
fn t_auth_10_a_link_sets_the_password_once_and_ends_everything() {
    let house = House::new();
    let app = &house.app;
    let mut session = app.log_in(&house.kesha);
    app.clock().advance(Duration::seconds(1));
    let api = app.api(&house.kesha);
    let version = "select session_version::text as t from auth.users where username = 'kesha'";
    let before = text(&mut app.conn(), version);
    let code = house.code("kesha");
    assert_eq!(code.len(), 43, "256 bits");
    let dump = text(
        &mut app.conn(),
        "select (select string_agg(l::text, ' ') from auth.links l) || (select string_agg(m::text, ' ') from auth.mails m) as t",
    );
    assert!(!dump.contains(&code), "only the hash is stored");
    let shown = house.set(&code, "too short");
    assert_eq!(shown.status, 422);
    assert_eq!(
        shown.attribute("#token", "value"),
        Some(code.clone()),
        "the code is not lost"
    );
    assert_eq!(ask_token(app, "kesha", NEW).0, 401);
    assert_eq!(house.set(&code, NEW).location.as_deref(), Some("/login"));
    assert_eq!(session.get("/profile").status, 303);
    assert_eq!(api.get("/api/v1/me").0, 401);
    assert_ne!(
        text(&mut app.conn(), version),
        before,
        "the version of the sessions"
    );
    app.clock().advance(Duration::minutes(1));
    assert_eq!(ask_token(app, "kesha", NEW).0, 200);
    assert_eq!(ask_token(app, "kesha", PASSWORD).0, 401);
    let again = house.set(&code, OTHER);
    assert_eq!(again.status, 422);
    assert!(
        again.text().contains("used up or too old"),
        "{}",
        again.text()
    );
    app.clock().advance(Duration::minutes(1));
    assert_eq!(ask_token(app, "kesha", OTHER).0, 401);
    wait_until("the owner is told", || {
        house.mails_to(&house.kesha.email) == 2
    });
    let told = &house.post.mails()[1];
    assert!(
        told.text().contains("was changed just now"),
        "{}",
        told.text()
    );
    assert!(!told.text().contains("/password/new"), "no code in it");
    let acts = text(
        &mut app.conn(),
        "select string_agg(action || ' ' || coalesce(detail->>'outcome', ''), ',' order by occurred_at) as t
         from platform.audit_log where action like 'auth.%reset%'",
    );
    assert_eq!(acts, "auth.reset_asked mailed,auth.password_reset ");
}

#[test]
fn m_11_an_administrator_has_a_link_mailed_to_somebody_and_does_not_see_it() {
    let house = House::new();
    let people = house
        .app
        .register_all(&[("root", &["administrator"]), ("lev", &["manager"])]);
    let page = format!("/admin/users/{}", house.kesha.id);
    let path = format!("{page}/password-reset");
    assert_eq!(
        house
            .app
            .log_in(&people[1])
            .post_confirmed(&path, &[])
            .status,
        403
    );
    let mut root = house.app.log_in(&people[0]);
    assert!(root.get(&page).has(&format!("form[action='{path}']")));
    assert_eq!(root.post(&path, &[]).status, 303);
    house.settle();
    assert_eq!(house.mails_to(&house.kesha.email), 1);
    let code = code_in(&house.post.mails()[0]);
    assert!(!root.get(&page).html.contains(&code));
    assert_eq!(house.set(&code, NEW).location.as_deref(), Some("/login"));
    assert_eq!(ask_token(&house.app, "kesha", NEW).0, 200);
    let gone = format!("/admin/users/{}/deactivation", house.kesha.id);
    assert_eq!(root.post(&gone, &[]).status, 303);
    assert_eq!(root.post(&path, &[]).status, 409);
}

#[test]
fn a02_t_auth_10_a_beak_that_somebody_drew_opens_nothing_after_a_new_password_by_mail() {
    const SHAPE: &str = "A2 B1 C1 D2 D3 C4 C3 B3";
    let house = House::new();
    let drawn = [("shape", SHAPE), ("again", SHAPE)];
    let mut session = house.app.log_in(&house.kesha);
    assert_eq!(
        session
            .post_confirmed("/profile/credentials/beak", &drawn)
            .status,
        303
    );
    let draw = || {
        house.app.clock().advance(Duration::minutes(1));
        let fields = [("username", "kesha"), ("shape", SHAPE)];
        house.app.browser().post("/login/beak", &fields).status
    };
    assert_eq!(draw(), 303);
    let code = house.code("kesha");
    assert_eq!(house.set(&code, NEW).status, 303);
    assert_eq!(draw(), 422);
}

#[test]
fn t_auth_10_a_link_is_good_for_ten_minutes_and_of_two_at_once_one_is_taken() {
    let house = House::new();
    let late = house.code("kesha");
    house.app.clock().advance(Duration::minutes(10));
    assert_eq!(house.set(&late, NEW).status, 422);
    let early = house.code("kesha");
    house.app.clock().advance(Duration::seconds(590 - 6));
    assert_eq!(house.set(&early, NEW).status, 303, "a little before");

    let code = house.code("kesha");
    let taken: Vec<u16> = std::thread::scope(|scope| {
        let both: Vec<_> = [OTHER, "an otter under the pier"]
            .into_iter()
            .map(|password| {
                let (house, code) = (&house, &code);
                scope.spawn(move || house.set(code, password).status)
            })
            .collect();
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut sorted = taken.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [303, 422], "{taken:?}");

    // A second mail does not keep the first link from working, but a used one takes the other along.
    let first = house.code("kesha");
    let second = {
        let owner = "update auth.links set expires_at = expires_at + interval '2 hours' where used_at is null";
        house.app.conn().batch_execute(owner).unwrap();
        house.code("kesha")
    };
    assert_eq!(house.set(&second, NEW).status, 303);
    assert_eq!(house.set(&first, OTHER).status, 422);
    for forged in [
        "",
        "x",
        &"A".repeat(43),
        &second.to_lowercase(),
        "' or 1=1 --",
    ] {
        assert_eq!(house.set(forged, OTHER).status, 422, "{forged:?}");
    }
}

#[test]
fn t_auth_10_the_address_in_the_link_is_the_configured_one_whatever_the_request_says() {
    let house = House::new();
    let poison: [(&str, &[(&str, &str)]); 8] = [
        ("host", &[("host", "evil.example")]),
        ("port", &[("host", "ates.example:666")]),
        ("x-forwarded-host", &[("x-forwarded-host", "evil.example")]),
        (
            "x-host",
            &[
                ("x-host", "evil.example"),
                ("x-forwarded-server", "evil.example"),
            ],
        ),
        (
            "forwarded",
            &[("forwarded", "for=1.2.3.4;host=evil.example;proto=https")],
        ),
        (
            "x-original-url",
            &[
                ("x-original-url", "//evil.example/"),
                ("x-rewrite-url", "//evil.example/"),
            ],
        ),
        (
            "proto",
            &[("x-forwarded-proto", "https"), ("x-forwarded-port", "666")],
        ),
        (
            "origin",
            &[
                ("origin", "http://evil.example"),
                ("referer", "http://evil.example/"),
            ],
        ),
    ];
    for (number, (name, headers)) in poison.iter().enumerate() {
        house.app.clock().advance(Duration::hours(1));
        let page = house.ask_from(&format!("203.0.113.{number}"), "kesha", headers);
        assert_eq!(page.status, 303, "{name}");
        assert_eq!(page.location.as_deref(), Some("/password/new"), "{name}");
        wait_until("the mail is there", || house.post.count() == number + 1);
        let mail = house.post.mails().remove(number);
        assert_eq!(mail.to, house.kesha.email);
        assert!(
            mail.text().contains("http://ates.example/password/new#"),
            "{name}"
        );
        assert!(
            !mail.raw.contains("evil") && !mail.raw.contains(":666"),
            "{name}: {}",
            mail.raw
        );
    }
}

#[test]
fn t_auth_10_one_string_is_asked_for_and_the_mail_goes_to_the_stored_address() {
    let house = House::new();
    let mut browser = house.app.browser();
    let token = token_of(&mut browser);
    let site = [("sec-fetch-site", "same-origin")];
    let lists: [&[(&str, &str)]; 5] = [
        &[("login", "kesha"), ("login", "thief@evil.example")],
        &[("login[]", "kesha"), ("login[]", "thief@evil.example")],
        &[("login", "kesha"), ("email", "thief@evil.example")],
        &[("login[0]", "kesha")],
        &[],
    ];
    for fields in lists {
        let mut form = vec![("csrf", token.as_str())];
        form.extend_from_slice(fields);
        let page = browser.post_raw("/password/reset", &form, &site);
        assert_eq!(page.status, 422, "{fields:?}");
    }
    for joined in [
        "kesha@uberpopug.example,thief@evil.example",
        "kesha@uberpopug.example thief@evil.example",
        "kesha@uberpopug.example\nBcc: thief@evil.example",
        "[\"kesha@uberpopug.example\",\"thief@evil.example\"]",
        "kesha@uberpopug.example%00thief@evil.example",
    ] {
        let status = house.ask(joined).status;
        assert!(matches!(status, 303 | 422), "{joined:?}: {status}");
        house.settle();
    }
    assert_eq!(house.post.count(), 0);
    house.app.clock().advance(Duration::hours(1));
    house.ask_and_wait("  KESHA@UberPopug.example ");
    assert_eq!(
        house.mails_to("kesha@uberpopug.example"),
        1,
        "as it is stored"
    );
    assert_eq!(house.post.count(), 1);
}

#[test]
fn t_auth_10_whoever_is_nobody_deactivated_or_a_service_gets_the_same_answer_and_no_mail() {
    let house = House::new();
    let app = &house.app;
    let people = app.register_all(&[
        ("gone", &["developer"]),
        ("robot", &["internalservice"]),
        ("root", &["administrator"]),
    ]);
    let root = app.api(&people[2]);
    assert_eq!(root.delete(&user_path(&people[0])).0, 204);
    let known = face(&house.ask_and_wait("kesha"));
    assert_eq!(known.0, 303);
    for login in [
        "nobody",
        "nobody@uberpopug.example",
        "gone",
        "robot",
        "robot@uberpopug.example",
        "kesha",
    ] {
        assert_eq!(face(&house.ask_and_wait(login)), known, "{login}");
    }
    assert_eq!(
        house.post.count(),
        1,
        "a second one within the hour is not mailed either"
    );
    // Deactivated with the link in hand.
    let code = house.code("kesha");
    let root = app.api(&people[2]);
    assert_eq!(root.delete(&user_path(&house.kesha)).0, 204);
    assert_eq!(house.set(&code, NEW).status, 422);
}

#[test]
fn a39_a_source_asks_three_times_at_once_and_three_times_an_hour() {
    let house = House::new();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|number| {
                let house = &house;
                scope.spawn(move || {
                    house
                        .ask_from("192.0.2.1", &format!("n{number}"), &[])
                        .status
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 303).count(),
        3,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 429).count(),
        5,
        "{statuses:?}"
    );
    let refused = house.ask_from("192.0.2.1", "kesha", &[]);
    assert_eq!(refused.headers["retry-after"], "1200");
    assert_eq!(
        house.ask_from("192.0.2.2", "kesha", &[]).status,
        303,
        "another source"
    );
    house.app.clock().advance(Duration::minutes(20));
    assert_eq!(house.ask_from("192.0.2.1", "kesha", &[]).status, 303);
    assert_eq!(house.ask_from("192.0.2.1", "kesha", &[]).status, 429);
    house.settle();
}

#[test]
fn a_mail_that_waited_has_a_fresh_link_and_is_given_up_after_an_hour() {
    let house = House::new();
    house.post.becomes(Mood::Busy);
    assert_eq!(house.ask("kesha").status, 303);
    wait_until("it waits", || {
        count(
            &mut house.app.conn(),
            "auth.mails where state = 'waiting' and claimed_until is null",
        ) == 1
    });
    house.post.becomes(Mood::Accepts);
    house.app.clock().advance(Duration::minutes(30));
    house.app.db().wake().notify();
    house.settle();
    let code = code_in(&house.post.mails()[0]);
    assert_eq!(
        house.set(&code, NEW).status,
        303,
        "ten minutes from the sending"
    );

    house.post.becomes(Mood::Away);
    house.app.clock().advance(Duration::hours(2));
    assert_eq!(house.ask("kesha").status, 303);
    wait_until("it waits", || {
        count(
            &mut house.app.conn(),
            "auth.mails where kind = 'password_reset' and state = 'waiting' and claimed_until is null",
        ) == 1
    });
    house.app.clock().advance(Duration::minutes(61));
    house.app.db().wake().notify();
    wait_until("it is given up", || {
        count(
            &mut house.app.conn(),
            "auth.mails where failure = 'expired'",
        ) == 1
    });
}

#[test]
fn a_letter_is_in_the_receivers_language_as_text_and_as_html() {
    let house = House::new();
    let mut kesha = house.app.log_in(&house.kesha);
    assert_eq!(
        kesha
            .post("/profile/language", &[("language", "ru")])
            .status,
        303
    );
    house.ask_and_wait("kesha");
    let mail = house.post.mails().remove(0);
    let said = mail.text();
    assert!(said.contains("Задать новый пароль"), "{said}");
    assert!(mail.raw.contains("text/plain") && mail.raw.contains("text/html"));
    assert!(mail.header("Message-ID").unwrap().starts_with("<account."));
}
