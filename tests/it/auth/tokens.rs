//! Access tokens: what they say, who can check them, and that nobody can make one.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use diesel::sql_types::{Binary, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::user_path;
use crate::support::client::Api;
use crate::support::{Person, TestApp};

/// The parts of a token: header and claims.
pub(super) fn opened(token: &str) -> (Value, Value) {
    let mut parts = token
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

pub(super) fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The key of the product, as only its database knows it.
#[derive(QueryableByName)]
pub(super) struct Key {
    #[diesel(sql_type = Text)]
    pub(super) kid: String,
    #[diesel(sql_type = Binary)]
    pub(super) private_key: Vec<u8>,
    #[diesel(sql_type = Binary)]
    pub(super) public_key: Vec<u8>,
}

pub(super) fn key_of(app: &TestApp) -> Key {
    sql_query("select kid, private_key, public_key from auth.signing_keys")
        .get_result(&mut app.conn())
        .unwrap()
}

/// Signs any header and any claims.
pub(super) fn signed(pkcs8: &[u8], header: &Value, claims: &Value) -> String {
    signed_text(pkcs8, &header.to_string(), &claims.to_string())
}

/// Signs any two texts as header and claims.
pub(super) fn signed_text(pkcs8: &[u8], header: &str, claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", part(header), part(claims));
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8).unwrap();
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(super) fn status_with(app: &TestApp, token: &str) -> u16 {
    Api::with_token(app.base(), token).get("/api/v1/me").0
}

pub(super) fn app_and_token() -> (TestApp, Vec<Person>, String) {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("root", &["administrator"])]);
    let token = app.api(&people[0]).token().unwrap().to_owned();
    (app, people, token)
}

#[test]
fn a10_a_token_says_what_the_profile_says() {
    let app = TestApp::start();
    let buh = app.register("buh", &["manager", "accountant"]);
    let api = app.api(&buh);
    let (header, claims) = opened(api.token().unwrap());
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("EdDSA"), &json!("at+jwt"))
    );
    let (_, profile) = api.get("/api/v1/me");
    for field in [
        "username",
        "name",
        "surname",
        "email",
        "role",
        "permissions",
    ] {
        assert!(!claims[field].is_null(), "{field}");
        assert_eq!(claims[field], profile[field], "{field}");
    }
    assert_eq!(claims["sub"], profile["uid"]);
    assert_eq!(profile["role"], "manager");
    assert_eq!(profile["roles"], json!(["accountant", "manager"]));
    assert_eq!(profile["meta"], json!({}));
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!((life, &claims["aud"]), (600, &json!("ates")));
}

#[test]
fn a11_anybody_can_check_a_token_with_the_published_key_which_survives_a_restart() {
    let (app, people, token) = app_and_token();
    let published = |app: &TestApp| Api::anonymous(app.base()).get("/.well-known/jwks.json").1;
    let keys = published(&app);
    for private in ["d", "k", "p", "q"] {
        assert!(keys["keys"][0].get(private).is_none(), "{private}");
    }
    let check = |keys: &Value, token: &str| {
        let set: JwkSet = serde_json::from_value(keys.clone()).unwrap();
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let key = DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&["ates"]);
        rules.validate_exp = false;
        jsonwebtoken::decode::<Value>(token, &key, &rules)
            .unwrap()
            .claims
    };
    assert_eq!(check(&keys, &token)["username"], "kesha");
    let settings = app.config().base_url.clone();
    let database = app.stop();
    let app = TestApp::with(|given| given.on(database).set("ATES_BASE_URL", settings));
    assert_eq!(published(&app), keys);
    assert_eq!(status_with(&app, &token), 200);
    assert_eq!(
        check(&keys, app.api(&people[0]).token().unwrap())["username"],
        "kesha"
    );
}

#[test]
fn a08_a_token_ends_in_time() {
    let (app, _, token) = app_and_token();
    app.clock().advance(Duration::seconds(604));
    assert_eq!(status_with(&app, &token), 200, "five seconds of leeway");
    app.clock().advance(Duration::seconds(1));
    assert_eq!(status_with(&app, &token), 401);
    app.clock().advance(Duration::seconds(-616));
    assert_eq!(status_with(&app, &token), 401, "it has not begun");
}

#[test]
fn a31_the_role_comes_from_the_database_and_never_from_the_token() {
    let (app, people, token) = app_and_token();
    let key = key_of(&app);
    let (header, mut claims) = opened(&token);
    claims["role"] = json!("administrator");
    claims["permissions"] = json!(["can_manage_users", "can_see_analytics"]);
    let api = Api::with_token(app.base(), &signed(&key.private_key, &header, &claims));
    assert_eq!(api.get("/api/v1/me").1["role"], "developer");
    assert_eq!(api.get("/api/v1/users").0, 403);
    assert_eq!(api.get("/api/v1/analytics/today-income").0, 403);
    assert_eq!(api.delete(&user_path(&people[1])).0, 403);
}

#[test]
fn a44_the_api_takes_no_cookie() {
    let (app, people, _) = app_and_token();
    let mut browser = app.log_in(&people[1]);
    assert_eq!(browser.get("/api/v1/me").status, 401);
    assert_eq!(browser.get("/api/v1/users").status, 401);
}
