//! Passkeys (WebAuthn), with an authenticator made of software.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::Duration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::database::{count, text};
use crate::support::{Browser, PASSWORD, Page, TestApp};

const ORIGIN: &str = "http://localhost:8080";
const HERE: &str = "/profile/credentials";

/// Present, verified, and with a new key.
const UP: u8 = 0x01;
const UV: u8 = 0x04;
const AT: u8 = 0x40;

fn start() -> TestApp {
    TestApp::with(|settings| settings.set("ATES_BASE_URL", ORIGIN))
}

/// A phone that keeps one passkey.
struct Authenticator {
    key: EcdsaKeyPair,
    id: [u8; 32],
    handle: String,
    origin: String,
    flags: u8,
}

impl Authenticator {
    fn new(id: u8) -> Self {
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            id: [id; 32],
            handle: String::new(),
            origin: ORIGIN.to_owned(),
            flags: UP | UV,
        }
    }

    fn client_data(&self, kind: &str, question: &Value) -> String {
        let challenge = question["challenge"].as_str().unwrap();
        format!(
            r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{}","crossOrigin":false}}"#,
            self.origin
        )
    }

    fn head(&self, question: &Value, flags: u8) -> Vec<u8> {
        let rp = question["rpId"].as_str().or(question["rp"]["id"].as_str());
        let mut head = Sha256::digest(rp.unwrap()).to_vec();
        head.push(flags);
        head.extend([0; 4]);
        head
    }

    /// Answers the question to make a passkey.
    fn make(&mut self, question: &Value) -> String {
        self.handle = question["user"]["id"].as_str().unwrap().to_owned();
        let mut said = self.head(question, self.flags | AT);
        said.extend([0; 16]);
        said.extend([0, 32]);
        said.extend(self.id);
        let point = self.key.public_key().as_ref();
        said.extend([0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        said.extend(&point[1..33]);
        said.extend([0x22, 0x58, 0x20]);
        said.extend(&point[33..65]);
        // CBOR: {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut object = vec![0xA3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xA0\x68authData\x58");
        object.push(u8::try_from(said.len()).unwrap());
        object.extend(&said);
        json!({
            "id": BASE64.encode(self.id),
            "rawId": BASE64.encode(self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64.encode(self.client_data("webauthn.create", question)),
                "attestationObject": BASE64.encode(object),
                "transports": ["internal"],
            },
        })
        .to_string()
    }

    /// Answers the question to show a passkey.
    fn show(&self, question: &Value) -> String {
        let said = self.head(question, self.flags);
        let client_data = self.client_data("webauthn.get", question);
        let signed = [&said[..], &Sha256::digest(&client_data)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": BASE64.encode(self.id),
            "rawId": BASE64.encode(self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64.encode(client_data),
                "authenticatorData": BASE64.encode(said),
                "signature": BASE64.encode(signature.as_ref()),
                "userHandle": self.handle,
            },
        })
        .to_string()
    }
}

fn asked(page: &Page) -> Value {
    assert_eq!(page.status, 200, "{}", page.text());
    serde_json::from_str(&page.html).unwrap()
}

/// The question to make a passkey, after the password.
fn question(browser: &mut Browser) -> Value {
    let path = "/profile/credentials/passkeys/question";
    asked(&browser.post(path, &[("password", PASSWORD)]))
}

fn keep(browser: &mut Browser, name: &str, answer: &str) -> Page {
    let fields = [("passkey_name", name), ("credential", answer)];
    browser.post("/profile/credentials/passkeys", &fields)
}

fn enrol(browser: &mut Browser, phone: &mut Authenticator) -> Page {
    let question = question(browser);
    keep(browser, "Phone", &phone.make(&question))
}

fn log_in_question(browser: &mut Browser) -> Value {
    asked(&browser.post("/login/passkey/question", &[]))
}

fn log_in(app: &TestApp, phone: &Authenticator) -> (Browser, Page) {
    let mut browser = app.browser();
    let question = log_in_question(&mut browser);
    let page = browser.post("/login/passkey", &[("credential", &phone.show(&question))]);
    (browser, page)
}

fn is_in(browser: &mut Browser) -> bool {
    browser.get("/profile").status == 200
}

#[test]
fn d12_a_passkey_logs_in_without_name_password_and_code() {
    let app = start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    let mut phone = Authenticator::new(7);
    let page = enrol(&mut browser, &mut phone);
    assert_eq!(
        page.all("#recovery-codes code").len(),
        10,
        "{}",
        page.text()
    );
    assert!(page.text().contains("Phone"));
    app.clock().advance(Duration::minutes(1));
    let (mut other, page) = log_in(&app, &phone);
    assert_eq!(page.location.as_deref(), Some("/"), "{}", page.text());
    assert!(is_in(&mut other));
    let method = "select payload->>'method' as t from bus.events where event_type = 'account.logged_in' order by seq desc limit 1";
    assert_eq!(text(&mut app.conn(), method), "passkey");
    assert_eq!(
        count(
            &mut app.conn(),
            "auth.passkeys where last_used_at is not null"
        ),
        1
    );
    // With the password alone it goes no further than to the second step.
    let fields = [("username", "kesha"), ("password", PASSWORD)];
    let page = app.browser().post("/login", &fields);
    assert_eq!(page.location.as_deref(), Some("/login/code"));
    assert_eq!(
        count(&mut app.conn(), "auth.login_failures where failures > 0"),
        1
    );
    assert_eq!(log_in(&app, &phone).1.location.as_deref(), Some("/"));
    assert_eq!(
        count(&mut app.conn(), "auth.login_failures where failures > 0"),
        0,
        "that was no failure"
    );
    let id = text(&mut app.conn(), "select id::text as t from auth.passkeys");
    app.clock().advance(Duration::minutes(6));
    let path = format!("/profile/credentials/passkeys/{id}/removal");
    assert!(other.post(&path, &[]).has("#confirmation"));
    assert_eq!(other.post_confirmed(&path, &[]).status, 303);
    assert_ne!(log_in(&app, &phone).1.location.as_deref(), Some("/"));
    assert_eq!(count(&mut app.conn(), "auth.recovery_codes"), 0);
    for action in ["auth.passkey_enrolled", "auth.passkey_removed"] {
        let rows = format!("platform.audit_log where action = '{action}'");
        assert_eq!(count(&mut app.conn(), &rows), 1, "{action}");
    }
}

#[test]
fn d12_an_answer_counts_once_for_its_own_question_and_place() {
    let app = start();
    let kesha = app.register("kesha", &["developer"]);
    let mut phone = Authenticator::new(7);
    assert_eq!(enrol(&mut app.log_in(&kesha), &mut phone).status, 200);
    let refused = |phone: &Authenticator, what: &str| {
        let (mut browser, page) = log_in(&app, phone);
        assert_eq!(page.location.as_deref(), Some("/login"), "{what}");
        assert!(!is_in(&mut browser), "{what}");
    };
    phone.origin = "http://localhost:8081".into();
    refused(&phone, "another origin");
    phone.origin = ORIGIN.into();
    phone.flags = UP;
    refused(&phone, "nobody was verified");
    phone.flags = UP | UV;
    let mut stranger = Authenticator::new(7);
    stranger.handle.clone_from(&phone.handle);
    refused(&stranger, "another key under the same id");
    let mut unknown = Authenticator::new(8);
    unknown.handle.clone_from(&phone.handle);
    refused(&unknown, "an unknown key");

    let mut browser = app.browser();
    let question = log_in_question(&mut browser);
    let answer = phone.show(&question);
    let send = |browser: &mut Browser| browser.post("/login/passkey", &[("credential", &answer)]);
    assert_eq!(send(&mut browser).location.as_deref(), Some("/"));
    let mut thief = app.browser();
    assert_eq!(
        send(&mut thief).location.as_deref(),
        Some("/login"),
        "a second time"
    );
    let question = log_in_question(&mut thief);
    app.clock().advance(Duration::minutes(5));
    let late = phone.show(&question);
    let page = thief.post("/login/passkey", &[("credential", &late)]);
    assert_eq!(page.location.as_deref(), Some("/login"), "too late");
    let page = thief.post("/login/passkey", &[("credential", "{}")]);
    assert_eq!(page.location.as_deref(), Some("/login"));
}

#[test]
fn d12_a_passkey_is_made_after_the_password_for_whoever_was_asked() {
    let app = start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lory", &["developer"])]);
    let (mut one, mut two) = (app.log_in(&people[0]), app.log_in(&people[1]));
    let path = "/profile/credentials/passkeys/question";
    assert_eq!(
        one.post(path, &[("password", "a parrot that guesses")])
            .status,
        422
    );
    app.clock().advance(Duration::minutes(1));
    let mut phone = Authenticator::new(7);
    let answer = phone.make(&question(&mut one));
    assert_eq!(
        keep(&mut two, "Phone", &answer).status,
        422,
        "somebody else's question"
    );
    let page = keep(&mut one, " ", &answer);
    assert_eq!(
        (page.status, page.has("#passkey_name[aria-invalid]")),
        (422, true)
    );
    assert_eq!(keep(&mut one, "Phone", &answer).status, 200);
    assert_eq!(
        keep(&mut one, "Phone", &answer).status,
        422,
        "a second time"
    );
    let question = question(&mut one);
    assert_eq!(
        question["excludeCredentials"].as_array().map(Vec::len),
        Some(1)
    );
    let again = phone.make(&question);
    assert_eq!(
        keep(&mut one, "Phone again", &again).status,
        422,
        "known already"
    );
    assert_eq!(count(&mut app.conn(), "auth.passkeys"), 1);
}

#[test]
fn d12_a_passkey_is_the_second_factor_that_a_setting_demands() {
    let app = TestApp::with(|settings| {
        settings
            .set("ATES_BASE_URL", ORIGIN)
            .set("ATES_SECOND_FACTOR_ROLES", "administrator")
    });
    let root = app.register("root", &["administrator"]);
    let mut browser = app.log_in(&root);
    assert_eq!(browser.get("/admin/users").location.as_deref(), Some(HERE));
    assert_eq!(enrol(&mut browser, &mut Authenticator::new(7)).status, 200);
    assert_eq!(browser.get("/admin/users").status, 200);
}

#[test]
fn d12_without_a_name_the_site_has_no_passkeys() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    assert!(!browser.get(HERE).has("form[data-passkey]"));
    assert!(!app.browser().get("/login").has("form[data-passkey]"));
    let path = "/profile/credentials/passkeys/question";
    assert_eq!(browser.post(path, &[("password", PASSWORD)]).status, 409);
    assert_eq!(
        app.browser().post("/login/passkey/question", &[]).status,
        409
    );
}
