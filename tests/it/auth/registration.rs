//! People who register themselves, and the first administrator of a new installation.

use chrono::Duration;

use super::ask_token;
use crate::support::client::Page;
use crate::support::database::{count, text};
use crate::support::smtp::{ReceivedMail, SmtpSink};
use crate::support::{TestApp, wait_until};

const NEW: &str = "a nest above the waterfall";

struct House {
    post: SmtpSink,
    app: TestApp,
}

impl House {
    fn new(domains: &str, role: &str) -> Self {
        let post = SmtpSink::start();
        let app = TestApp::with(|settings| {
            settings
                .smtp(&post.url())
                .set("ATES_SELF_REGISTRATION", true)
                .set("ATES_REGISTRATION_DOMAINS", domains)
                .set("ATES_REGISTRATION_ROLE", role)
        });
        Self { post, app }
    }

    fn register(&self, username: &str, email: &str) -> Page {
        self.app.clock().advance(Duration::hours(1));
        self.app
            .browser()
            .post("/register", &form(username, email, NEW))
    }

    /// Registers and gives the mail that follows.
    fn mail(&self, username: &str, email: &str) -> ReceivedMail {
        let before = self.post.count();
        let page = self.register(username, email);
        assert_eq!(
            page.location.as_deref(),
            Some("/register/proof"),
            "{}",
            page.text()
        );
        wait_until("the mail is there", || self.post.count() > before);
        self.post.mails().remove(before)
    }

    fn prove(&self, code: &str) -> Page {
        self.app
            .browser()
            .post("/register/proof", &[("token", code)])
    }
}

fn form<'a>(username: &'a str, email: &'a str, password: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("username", username),
        ("email", email),
        ("name", "New"),
        ("surname", "Bird"),
        ("password", password),
    ]
}

fn code_in(mail: &ReceivedMail) -> String {
    let text = mail.text();
    let (_, rest) = text
        .split_once("/register/proof#")
        .expect("a link with a code");
    rest.chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect()
}

#[test]
fn whoever_registers_has_an_account_once_the_address_is_proven() {
    let house = House::new("uberpopug.example", "other");
    let app = &house.app;
    let mail = house.mail("newbird", "New.Bird@UberPopug.example");
    assert_eq!(mail.to, "New.Bird@uberpopug.example");
    assert_eq!(ask_token(app, "newbird", NEW).0, 401, "not before");
    assert_eq!(count(&mut app.conn(), "auth.users"), 0);
    let code = code_in(&mail);
    let dump = text(
        &mut app.conn(),
        "select string_agg(l::text, ' ') || (select string_agg(r::text, ' ') from auth.registrations r) as t from auth.links l",
    );
    assert!(!dump.contains(&code) && !dump.contains(NEW));
    assert_eq!(house.prove("no code of ours").status, 422);
    assert_eq!(house.prove(&code).location.as_deref(), Some("/login"));
    assert_eq!(house.prove(&code).status, 422, "it works once");
    app.clock().advance(Duration::minutes(1));
    let (status, answer) = ask_token(app, "newbird", NEW);
    assert_eq!(status, 200, "{answer}");
    let roles = text(
        &mut app.conn(),
        "select string_agg(u.username || ' ' || r.role, ',') as t from auth.users u join auth.user_roles r on r.user_id = u.id",
    );
    assert_eq!(roles, "newbird other");
    let acts = text(
        &mut app.conn(),
        "select string_agg(action, ',' order by action) as t from platform.audit_log where action like '%regist%'",
    );
    assert_eq!(
        acts,
        "auth.registration_asked,auth.self_registered,auth.user_registered"
    );
    assert_eq!(
        count(&mut app.conn(), "auth.registrations"),
        0,
        "nothing is left of it"
    );
}

#[test]
fn a41_whoever_has_the_address_is_told_by_mail_and_the_page_says_the_same() {
    let house = House::new("", "developer");
    house.app.register("kesha", &["developer"]);
    let mut fresh = house.register("newbird", "new@elsewhere.example");
    wait_until("the mail is there", || house.post.count() == 1);
    fresh.headers.remove("date");
    let known = house.mail("another", "KESHA@uberpopug.example");
    assert_eq!(known.to, "kesha@uberpopug.example", "the stored address");
    assert!(
        known.text().contains("has an account already"),
        "{}",
        known.text()
    );
    let taken = house.mail("kesha", "third@elsewhere.example");
    assert!(
        taken.text().contains("log-in name is taken"),
        "{}",
        taken.text()
    );
    assert!(
        !known.text().contains("/proof") && !taken.text().contains("/proof"),
        "no code"
    );
    let early = house.post.count();
    house
        .app
        .browser()
        .post("/register", &form("kesha2", "third@elsewhere.example", NEW));
    wait_until("it is answered", || {
        count(
            &mut house.app.conn(),
            "platform.audit_log where detail->>'outcome' = 'too_early'",
        ) == 1
    });
    assert_eq!(house.post.count(), early, "one mail an hour to an address");
}

#[test]
fn two_registrations_of_one_name_are_both_mailed_and_the_first_to_prove_has_it() {
    let house = House::new("", "developer");
    let one = code_in(&house.mail("newbird", "one@elsewhere.example"));
    let two = code_in(&house.mail("newbird", "two@elsewhere.example"));
    assert_eq!(house.prove(&two).status, 303);
    let late = house.prove(&one);
    assert_eq!(late.status, 422);
    assert!(
        late.text().contains("Somebody else has taken"),
        "{}",
        late.text()
    );
    assert_eq!(
        count(
            &mut house.app.conn(),
            "auth.users where username = 'newbird'"
        ),
        1
    );
    let expired = code_in(&house.mail("third", "three@elsewhere.example"));
    house.app.clock().advance(Duration::hours(24));
    assert_eq!(house.prove(&expired).status, 422, "a day is over");
}

#[test]
fn what_is_typed_wrongly_is_said_and_nobody_chooses_a_role() {
    let house = House::new("uberpopug.example", "developer");
    let errors = |fields: &[(&str, &str)]| {
        let page = house.app.browser().post("/register", fields);
        (page.status, page.all(".error-summary li a").len())
    };
    assert_eq!(
        errors(&form("newbird", "new@elsewhere.example", NEW)),
        (422, 1)
    );
    assert_eq!(
        errors(&form("newbird", "new@evil.uberpopug.example", NEW)),
        (422, 1)
    );
    assert_eq!(errors(&form("n", "x", "short")), (422, 3));
    assert_eq!(
        errors(&form(
            "newbird",
            "new@uberpopug.example",
            "password123456789"
        )),
        (422, 1)
    );
    let mut more = form("newbird", "new@uberpopug.example", NEW).to_vec();
    more.push(("roles", "administrator"));
    assert_eq!(house.app.browser().post("/register", &more).status, 422);
    assert_eq!(count(&mut house.app.conn(), "auth.registrations"), 0);
}

#[test]
fn registration_is_off_unless_a_setting_opens_it() {
    let app = TestApp::with(|settings| settings.workers(false));
    let mut browser = app.browser();
    for path in ["/register", "/register/proof"] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
    let fields = form("newbird", "new@uberpopug.example", NEW);
    assert_eq!(browser.post("/register", &fields).status, 404);
    assert_eq!(
        browser.post("/register/proof", &[("token", "x")]).status,
        404
    );
    assert!(!browser.get("/login").html.contains("/register"));
}

#[test]
fn a47_the_first_visit_leads_to_the_setup_which_takes_the_code_and_is_gone_afterwards() {
    let app = TestApp::with(|settings| settings.set("ATES_FIRST_RUN_SETUP", true));
    app.register("kesha", &["developer"]);
    let mut browser = app.browser();
    for path in ["/", "/login"] {
        assert_eq!(
            browser.get(path).location.as_deref(),
            Some("/setup"),
            "{path}"
        );
    }
    assert_eq!(browser.get("/setup").status, 200);
    let code = ates::auth::open_setup(app.db(), app.config())
        .unwrap()
        .unwrap();
    let second = ates::auth::open_setup(app.db(), app.config())
        .unwrap()
        .unwrap();
    assert_ne!(code, second, "each process has its own");
    let stored = text(
        &mut app.conn(),
        "select string_agg(c::text, ' ') as t from auth.setup_codes c",
    );
    assert!(!stored.contains(&code) && !stored.contains(&code.replace('-', "")));
    let send = |code: &str, password: &str| {
        app.clock().advance(Duration::seconds(6));
        let mut fields = form("root", "root@uberpopug.example", password).to_vec();
        fields.push(("code", code));
        let mut browser = app.browser();
        browser.get("/setup");
        browser.post("/setup", &fields)
    };
    for wrong in ["", "x", "AAAAA-AAAAA-AAAAA-AAAAA", &code[..20]] {
        assert_eq!(send(wrong, NEW).status, 422, "{wrong:?}");
    }
    let weak = send(&code, "password123456789");
    assert_eq!(weak.status, 422);
    assert_eq!(
        weak.attribute("#code", "value").as_deref(),
        Some(code.as_str())
    );
    assert_eq!(
        count(
            &mut app.conn(),
            "auth.user_roles where role = 'administrator'"
        ),
        0
    );
    let typed = code.to_lowercase().replace('-', " ");
    assert_eq!(send(&typed, NEW).location.as_deref(), Some("/login"));
    assert_eq!(
        send(&second, NEW).status,
        404,
        "the other codes are gone with it"
    );
    assert_eq!(browser.get("/setup").status, 404);
    assert_eq!(browser.get("/login").status, 200);
    assert_eq!(
        ates::auth::open_setup(app.db(), app.config()).unwrap(),
        None
    );
    let mut root = app.browser();
    let fields = [("username", "root"), ("password", NEW)];
    assert_eq!(root.post("/login", &fields).status, 303);
    assert_eq!(root.get("/admin/users").status, 200);
    assert_eq!(
        count(
            &mut app.conn(),
            "platform.audit_log where action = 'auth.set_up' and address is not null"
        ),
        1
    );
}

#[test]
fn a47_of_two_who_have_codes_at_once_one_becomes_the_administrator() {
    let app = TestApp::with(|settings| settings.set("ATES_FIRST_RUN_SETUP", true));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = ["anna", "bella"]
            .into_iter()
            .map(|name| {
                let app = &app;
                scope.spawn(move || {
                    let code = ates::auth::open_setup(app.db(), app.config()).unwrap();
                    let code = code.unwrap_or_default();
                    let email = format!("{name}@uberpopug.example");
                    let mut fields = form(name, &email, NEW).to_vec();
                    fields.push(("code", code.as_str()));
                    let mut browser = app.browser();
                    browser.get("/setup");
                    browser.post("/setup", &fields).status
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 303).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        count(
            &mut app.conn(),
            "auth.user_roles where role = 'administrator'"
        ),
        1
    );
    assert_eq!(count(&mut app.conn(), "auth.setup_codes"), 0);
}

#[test]
fn where_the_setup_is_switched_off_there_is_none() {
    let app = TestApp::with(|settings| settings.workers(false));
    assert_eq!(app.browser().get("/login").status, 200);
    assert_eq!(app.browser().get("/setup").status, 404);
    assert_eq!(
        ates::auth::open_setup(app.db(), app.config()).unwrap(),
        None
    );
}
