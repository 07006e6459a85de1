//! Logging in by the company's own OpenID Connect provider: who comes in, as whom, and everything that keeps somebody out.

use std::time::Duration as Span;

use chrono::Duration;
use serde_json::{Value, json};

use super::user_path;
use crate::support::client::Browser;
use crate::support::database::{count, text};
use crate::support::provider::{CLIENT, FakeProvider, SECRET, Temper};
use crate::support::stopwatch::Stopwatch;
use crate::support::{PASSWORD, Page, Settings, TestApp};

const SESSION: &str = "ates_session";

fn joined(settings: Settings, provider: &FakeProvider) -> Settings {
    settings
        .set("ATES_OIDC_ISSUER", &provider.issuer)
        .set("ATES_OIDC_CLIENT_ID", CLIENT)
        .set("ATES_OIDC_CLIENT_SECRET", SECRET)
}

fn company() -> (TestApp, FakeProvider) {
    company_with(|settings| settings)
}

fn company_with(adapt: impl FnOnce(Settings) -> Settings) -> (TestApp, FakeProvider) {
    let provider = FakeProvider::start();
    let app = TestApp::with(|settings| adapt(joined(settings, &provider)));
    (app, provider)
}

fn kesha() -> Value {
    json!({ "email": "kesha@uberpopug.example", "email_verified": true })
}

/// Goes to the provider; gives the address there.
fn sent(browser: &mut Browser, next: &str) -> String {
    let page = browser.get(&format!("/login/provider?next={next}"));
    assert_eq!(page.status, 303, "{}", page.text());
    page.location.unwrap()
}

fn logged_in(
    app: &TestApp,
    provider: &FakeProvider,
    browser: &mut Browser,
    subject: &str,
    about: &Value,
) -> Page {
    let address = sent(browser, "/account");
    let back = provider.log_in(&address, subject, about, app.clock().now().timestamp());
    browser.get(&back)
}

fn assert_kept_out(page: &Page, browser: &Browser, status: u16, words: &str) {
    assert_eq!(page.status, status, "{}", page.text());
    assert!(page.text().contains(words), "{}", page.text());
    assert!(
        page.has("form[action='/login']"),
        "the password does as before"
    );
    assert_eq!(browser.cookie(SESSION), None);
}

const REFUSED: &str = "did not work";
const NO_ACCOUNT: &str = "no active account";

#[test]
fn somebody_comes_in_by_the_company_and_is_known_by_the_subject_from_then_on() {
    let (app, provider) = company();
    let people = app.register_all(&[("kesha", &["developer"]), ("root", &["administrator"])]);
    let mut browser = app.browser();
    let page = logged_in(&app, &provider, &mut browser, "s-1", &kesha());
    assert_eq!(
        (page.status, page.location.as_deref()),
        (303, Some("/account"))
    );
    assert!(
        browser
            .get("/profile")
            .text()
            .contains("kesha@uberpopug.example")
    );
    assert_eq!(
        browser.cookie("ates_provider"),
        None,
        "the cookie of the way there is gone"
    );
    assert_eq!(count(&mut app.conn(), "auth.provider_visits"), 0);
    let told = format!(
        "report_v1.events where type = 'account.logged_in' and subject = '{}' and data ->> 'method' = 'openid'",
        people[0].id
    );
    assert_eq!(count(&mut app.conn(), &told), 1);
    let audited = format!(
        "platform.audit_log where action = 'auth.provider_linked' and actor_id = '{0}' and subject_id = '{0}' and address = '127.0.0.1'",
        people[0].id
    );
    assert_eq!(count(&mut app.conn(), &audited), 1);

    // Another address at the provider, or here: it is the subject that counts.
    let change = json!({ "email": "other@uberpopug.example" });
    assert_eq!(
        app.api(&people[1]).patch(&user_path(&people[0]), &change).0,
        200
    );
    app.clock().advance(Duration::seconds(1));
    let mut later = app.browser();
    let about = json!({ "email": "root@uberpopug.example", "email_verified": true });
    assert_eq!(
        logged_in(&app, &provider, &mut later, "s-1", &about).status,
        303
    );
    assert!(
        later
            .get("/profile")
            .text()
            .contains("other@uberpopug.example")
    );
    assert_eq!(count(&mut app.conn(), "auth.provider_links"), 1);
}

#[test]
fn the_button_is_there_only_when_a_provider_is_set_and_says_what_the_setting_says() {
    let plain = TestApp::start();
    assert!(!plain.browser().get("/login").has("#provider"));
    for path in ["/login/provider", "/login/provider/callback?code=a&state=b"] {
        assert_eq!(plain.browser().get(path).status, 404, "{path}");
    }
    let (app, provider) = company();
    let page = app.browser().get("/login?next=/account");
    assert_eq!(page.all("#provider"), ["Log in with the company's account"]);
    assert_eq!(
        page.attribute("#provider", "href").as_deref(),
        Some("/login/provider?next=%2Faccount")
    );
    let page = app.browser().speaking("ru").get("/login");
    assert_eq!(page.all("#provider"), ["Войти с учётной записью компании"]);
    assert_eq!(provider.times_asked(), 0, "a page alone asks nobody");
    let (app, _) = company_with(|settings| settings.set("ATES_OIDC_LABEL", "UberPopug ID"));
    assert_eq!(
        app.browser().get("/login").all("#provider"),
        ["UberPopug ID"]
    );
}

#[test]
fn an_id_token_that_does_not_hold_lets_nobody_in() {
    let (app, provider) = company();
    app.register("kesha", &["developer"]);
    let exp = app.clock().now().timestamp();
    let wrong = |what: &str, edit: Box<dyn Fn(&mut crate::support::provider::Answer) + Send>| {
        provider.edits(edit);
        let mut browser = app.browser();
        let page = logged_in(&app, &provider, &mut browser, "s-1", &kesha());
        assert_eq!(page.status, 403, "{what}");
        assert_kept_out(&page, &browser, 403, REFUSED);
    };
    wrong(
        "another nonce",
        Box::new(|answer| answer.claims["nonce"] = json!("another")),
    );
    wrong(
        "no nonce",
        Box::new(|answer| drop(answer.claims.as_object_mut().unwrap().remove("nonce"))),
    );
    wrong(
        "another audience",
        Box::new(|answer| answer.claims["aud"] = json!("another")),
    );
    wrong(
        "more audiences",
        Box::new(|answer| answer.claims["aud"] = json!([CLIENT, "another"])),
    );
    wrong(
        "another issuer",
        Box::new(|answer| answer.claims["iss"] = json!("https://evil.example")),
    );
    wrong(
        "over",
        Box::new(move |answer| answer.claims["exp"] = json!(exp - 1)),
    );
    wrong(
        "no end",
        Box::new(|answer| drop(answer.claims.as_object_mut().unwrap().remove("exp"))),
    );
    wrong(
        "no subject",
        Box::new(|answer| drop(answer.claims.as_object_mut().unwrap().remove("sub"))),
    );
    wrong(
        "another access token",
        Box::new(|answer| answer.access_token.push('x')),
    );
    wrong(
        "a key that nobody published",
        Box::new(|answer| answer.foreign_key = true),
    );
    wrong(
        "an unknown key",
        Box::new(|answer| answer.header["kid"] = json!("unknown")),
    );
    wrong(
        "no signature",
        Box::new(|answer| answer.header["alg"] = json!("none")),
    );
    wrong(
        "a shared secret",
        Box::new(|answer| answer.header["alg"] = json!("HS256")),
    );
    provider.edits_nothing();
    assert_eq!(count(&mut app.conn(), "auth.provider_links"), 0);
    let mut browser = app.browser();
    assert_eq!(
        logged_in(&app, &provider, &mut browser, "s-1", &kesha()).status,
        303
    );
}

#[test]
fn a_way_back_counts_once_in_time_and_in_the_browser_that_went() {
    let (app, provider) = company();
    app.register("kesha", &["developer"]);
    let now = || app.clock().now().timestamp();

    // A state twice, with the same code and with a new one: even with the cookie planted again.
    let mut browser = app.browser();
    let address = sent(&mut browser, "");
    let cookie = browser.cookie("ates_provider").unwrap().to_owned();
    let back = provider.log_in(&address, "s-1", &kesha(), now());
    let again = provider.log_in(&address, "s-1", &kesha(), now());
    assert_eq!(browser.get(&back).status, 303);
    for path in [&back, &again] {
        let mut other = app.browser();
        other.set_cookie("ates_provider", &cookie);
        let page = other.get(path);
        assert_kept_out(&page, &other, 403, REFUSED);
    }

    // Another browser, which an attacker sends to a way back of the attacker's own.
    let mut attacker = app.browser();
    let planted = provider.log_in(&sent(&mut attacker, ""), "s-1", &kesha(), now());
    let mut victim = app.browser();
    let page = victim.get(&planted);
    assert_kept_out(&page, &victim, 403, REFUSED);
    let mut victim = app.browser();
    sent(&mut victim, "");
    let page = victim.get(&planted);
    assert_kept_out(&page, &victim, 403, REFUSED);

    // A code that was used, under a state that is fresh.
    let mut browser = app.browser();
    let fresh = provider.log_in(&sent(&mut browser, ""), "s-1", &kesha(), now());
    let state = fresh.split("state=").nth(1).unwrap();
    let used = back
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let page = browser.get(&format!(
        "/login/provider/callback?code={used}&state={state}"
    ));
    assert_kept_out(&page, &browser, 403, REFUSED);

    // Too late, without a code, and with what the provider says of a refusal.
    let mut browser = app.browser();
    let late = provider.log_in(&sent(&mut browser, ""), "s-1", &kesha(), now() + 900);
    app.clock().advance(Duration::minutes(10));
    let page = browser.get(&late);
    assert_kept_out(&page, &browser, 403, REFUSED);
    let mut browser = app.browser();
    let back = provider.log_in(&sent(&mut browser, ""), "s-1", &kesha(), now());
    let state = back.split("state=").nth(1).unwrap();
    let page = browser.get(&format!(
        "/login/provider/callback?error=access_denied&error_description=%3Cb%3Eno%3C%2Fb%3E&state={state}"
    ));
    assert_kept_out(&page, &browser, 403, REFUSED);
    assert!(!page.html.contains("<b>no"), "what was sent is not shown");
    let page = app.browser().get("/login/provider/callback");
    assert_eq!(page.status, 403);

    app.clock().advance(Duration::minutes(11));
    ates::auth::clean_up(app.db(), app.config()).unwrap();
    assert_eq!(count(&mut app.conn(), "auth.provider_visits"), 0);
}

#[test]
fn only_the_verified_address_of_an_active_person_is_linked_and_only_to_one_subject() {
    let (app, provider) = company();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("kesha", &["developer"]),
        ("gone", &["developer"]),
        ("cron", &["internalservice"]),
    ]);
    assert_eq!(app.api(&people[0]).delete(&user_path(&people[2])).0, 204);
    let out = |subject: &str, about: Value| {
        let mut browser = app.browser();
        let page = logged_in(&app, &provider, &mut browser, subject, &about);
        assert_kept_out(&page, &browser, 403, NO_ACCOUNT);
    };
    out(
        "s-1",
        json!({ "email": "kesha@uberpopug.example", "email_verified": false }),
    );
    out("s-1", json!({ "email": "kesha@uberpopug.example" }));
    out("s-1", json!({}));
    out(
        "s-2",
        json!({ "email": "gone@uberpopug.example", "email_verified": true }),
    );
    out(
        "s-3",
        json!({ "email": "cron@uberpopug.example", "email_verified": true }),
    );
    out(
        "s-4",
        json!({ "email": "nobody@uberpopug.example", "email_verified": true }),
    );
    assert_eq!(count(&mut app.conn(), "auth.provider_links"), 0);
    assert_eq!(
        count(&mut app.conn(), "auth.users"),
        4,
        "nobody is made unasked"
    );
    let mut browser = app.browser();
    let upper = json!({ "email": "KESHA@UberPopug.example", "email_verified": true });
    assert_eq!(
        logged_in(&app, &provider, &mut browser, "s-1", &upper).status,
        303
    );
    out("s-9", kesha());
    // Whoever is deactivated stays out, linked or not, with a session or without.
    assert_eq!(app.api(&people[0]).delete(&user_path(&people[1])).0, 204);
    assert_eq!(browser.get("/profile").status, 303);
    out("s-1", kesha());
    let refusals = "platform.audit_log where action = 'auth.provider_log_in_refused'";
    assert_eq!(count(&mut app.conn(), refusals), 8);
}

#[test]
fn without_the_setting_no_address_is_linked_and_an_old_link_goes_on() {
    let (app, provider) = company();
    app.register_all(&[("kesha", &["developer"]), ("gosha", &["developer"])]);
    let mut browser = app.browser();
    assert_eq!(
        logged_in(&app, &provider, &mut browser, "s-1", &kesha()).status,
        303
    );
    let database = app.stop();
    let app = TestApp::with(|settings| {
        joined(settings, &provider)
            .on(database)
            .set("ATES_OIDC_LINK_BY_EMAIL", false)
    });
    let mut linked = app.browser();
    assert_eq!(
        logged_in(&app, &provider, &mut linked, "s-1", &kesha()).status,
        303
    );
    let mut browser = app.browser();
    let gosha = json!({ "email": "gosha@uberpopug.example", "email_verified": true });
    let page = logged_in(&app, &provider, &mut browser, "s-2", &gosha);
    assert_kept_out(&page, &browser, 403, NO_ACCOUNT);
}

#[test]
fn with_a_role_in_the_settings_somebody_unknown_is_made_and_every_module_hears_of_it() {
    let (app, provider) =
        company_with(|settings| settings.set("ATES_OIDC_CREATE_ROLE", "developer"));
    app.register("rita", &["developer"]);
    let about = json!({
        "email": "rita.lori@uberpopug.example", "email_verified": true, "preferred_username": "rita",
        "given_name": "Рита", "family_name": "Лори", "roles": ["administrator"], "role": "administrator",
    });
    let mut browser = app.browser();
    assert_eq!(
        logged_in(&app, &provider, &mut browser, "s-1", &about).status,
        303
    );
    let page = browser.get("/profile");
    assert!(page.text().contains("Рита Лори"), "{}", page.text());
    let made = text(
        &mut app.conn(),
        "select u.username || ' ' || r.role || ' ' || (u.password_hash is null) as t from auth.users u
         join auth.user_roles r on r.user_id = u.id where u.email = 'rita.lori@uberpopug.example'",
    );
    assert_eq!(
        made, "rita2 developer true",
        "the rights are those of the setting, whatever the provider says"
    );
    assert_eq!(browser.get("/admin/users").status, 403);
    app.drain();
    assert_eq!(browser.get("/account").status, 200, "accounting knows them");
    assert_eq!(
        super::ask_token(&app, "rita2", PASSWORD).0,
        401,
        "there is no password"
    );
    let unverified = json!({ "email": "new@uberpopug.example", "email_verified": false });
    let mut other = app.browser();
    let page = logged_in(&app, &provider, &mut other, "s-2", &unverified);
    assert_kept_out(&page, &other, 403, NO_ACCOUNT);
    assert_eq!(count(&mut app.conn(), "auth.users"), 2);
}

#[test]
fn a_provider_that_is_down_or_lies_is_said_so_in_time_and_the_password_does() {
    let (app, provider) = company();
    let kesha = app.register("kesha", &["developer"]);
    for temper in [
        Temper::Away,
        Temper::Broken,
        Temper::Redirects,
        Temper::Lies,
    ] {
        provider.becomes(temper);
        let mut browser = app.browser();
        let begun = Stopwatch::start();
        let page = browser.get("/login/provider?next=/account");
        assert!(begun.elapsed() < Span::from_secs(8), "{temper:?}");
        assert_kept_out(&page, &browser, 503, "cannot be reached");
        assert_eq!(
            page.attribute("[name=next]", "value").as_deref(),
            Some("/account"),
            "{temper:?}"
        );
        let fields = [
            ("username", "kesha"),
            ("password", PASSWORD),
            ("next", "/account"),
        ];
        assert_eq!(
            browser.post("/login", &fields).location.as_deref(),
            Some("/account")
        );
        app.clock().advance(Duration::seconds(1));
    }
    // Down between the way there and the way back.
    provider.becomes(Temper::Honest);
    let mut browser = app.browser();
    let back = provider.log_in(
        &sent(&mut browser, ""),
        "s-1",
        &self::kesha(),
        app.clock().now().timestamp(),
    );
    provider.becomes(Temper::Broken);
    let page = browser.get(&back);
    assert_kept_out(&page, &browser, 503, "cannot be reached");
    provider.becomes(Temper::Honest);
    assert_eq!(
        logged_in(&app, &provider, &mut browser, "s-1", &self::kesha()).status,
        303
    );
    assert_eq!(app.log_in(&kesha).get("/profile").status, 200);
}

#[test]
fn a_key_that_took_over_at_the_provider_is_found_at_once() {
    let (app, provider) = company();
    app.register("kesha", &["developer"]);
    let mut browser = app.browser();
    assert_eq!(
        logged_in(&app, &provider, &mut browser, "s-1", &kesha()).status,
        303
    );
    provider.rotate();
    app.clock().advance(Duration::seconds(1));
    let mut browser = app.browser();
    assert_eq!(
        logged_in(&app, &provider, &mut browser, "s-1", &kesha()).status,
        303
    );
}

#[test]
fn a43_after_the_company_only_a_path_of_this_site_is_followed() {
    let (app, provider) = company();
    app.register("kesha", &["developer"]);
    for next in ["//evil.example", "https://evil.example", "/%5Cevil.example"] {
        let mut browser = app.browser();
        let address = sent(&mut browser, next);
        assert!(!address.contains("evil"), "{address}");
        let back = provider.log_in(&address, "s-1", &kesha(), app.clock().now().timestamp());
        assert_eq!(browser.get(&back).location.as_deref(), Some("/"), "{next}");
        app.clock().advance(Duration::seconds(1));
    }
}
