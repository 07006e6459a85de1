//! Other systems find our keys by our metadata and check our tokens with tools that know nothing of this program (A11).

use std::process::Command;

use serde_json::{Value, json};

use crate::support::client::agent;
use crate::support::{Api, TestApp};

const METADATA: &str = "/.well-known/oauth-authorization-server";

/// An app that knows the port it is reached at.
fn reachable() -> TestApp {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    TestApp::with(|settings| settings.set("ATES_BIND", format!("127.0.0.1:{port}")))
}

#[test]
fn a11_the_metadata_says_only_what_is_so() {
    let app = reachable();
    app.register("root", &["administrator"]);
    let answer = agent()
        .get(format!("{}{METADATA}", app.base()))
        .call()
        .unwrap();
    assert_eq!(answer.headers()["cache-control"], "max-age=300");
    let (_, metadata) = Api::anonymous(app.base()).get(METADATA);
    assert_eq!(
        metadata,
        json!({
            "issuer": app.base(),
            "jwks_uri": format!("{}/.well-known/jwks.json", app.base()),
            "token_endpoint": format!("{}/api/v1/auth/token", app.base()),
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": [],
        })
    );
    // The address of the settings counts, never that of a request.
    let poisoned = agent()
        .get(format!("{}{METADATA}", app.base()))
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .call();
    assert!(
        !poisoned
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap()
            .contains("evil")
    );
    let (_, keys) = Api::anonymous(app.base()).get("/.well-known/jwks.json");
    assert_eq!(keys["keys"][0]["alg"], "EdDSA");
}

#[test]
fn a11_a22_a_service_gets_its_token_at_the_named_endpoint_in_the_standard_form() {
    let app = reachable();
    let people = app.register_all(&[("root", &["administrator"]), ("cron", &["internalservice"])]);
    let mut browser = app.log_in(&people[0]);
    let path = format!("/admin/users/{}/tokens", people[1].id);
    let page = super::access::make(&mut browser, &path, &["payouts"], "30");
    let credential = super::access::shown_token(&page);
    let (_, metadata) = Api::anonymous(app.base()).get(METADATA);
    let ask = |fields: &[(&str, &str)]| -> (u16, Value) {
        let endpoint = metadata["token_endpoint"].as_str().unwrap();
        let mut answer = agent()
            .post(endpoint)
            .send_form(fields.iter().copied())
            .unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap(),
        )
    };
    let right = [
        ("grant_type", "client_credentials"),
        ("client_id", "cron"),
        ("client_secret", credential.as_str()),
    ];
    let (status, answer) = ask(&right);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["token_type"], "Bearer");
    let api = Api::with_token(app.base(), answer["access_token"].as_str().unwrap());
    assert_eq!(api.get("/api/v1/accounting/payouts").0, 200);
    let mut wrong = right;
    wrong[2].1 = "ates_nothing";
    assert_eq!(ask(&wrong).0, 401);
    // A person's password is taken as JSON only, so no form of another site can try one.
    let password = [("username", "root"), ("password", crate::support::PASSWORD)];
    assert!(matches!(ask(&password).0, 415 | 422));
}

/// Follows the metadata to the key and checks a token, as any system in Python would.
const OUTSIDER: &str = r#"
import json, sys, urllib.request
import jwt
base, token = sys.argv[1], sys.argv[2]
metadata = json.load(urllib.request.urlopen(base + "/.well-known/oauth-authorization-server"))
key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token)
# The tests have a clock of their own; all but the times is checked.
claims = jwt.decode(token, key.key, algorithms=["EdDSA"], audience="ates", issuer=metadata["issuer"],
                    options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp", "nbf", "iat", "sub"]})
print(claims["username"])
"#;

#[test]
fn a11_an_outside_tool_checks_a_token_by_following_the_metadata() {
    let app = reachable();
    let kesha = app.register("kesha", &["developer"]);
    let token = app.api(&kesha).token().unwrap().to_owned();
    let check = |token: &str| {
        let output = Command::new("/usr/bin/python3")
            .args(["-c", OUTSIDER, &app.base(), token])
            .env("NO_PROXY", "127.0.0.1")
            .output()
            .expect("python3 is installed: ./check installs it (python3-jwt)");
        let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        (
            output.status.success(),
            words(&output.stdout),
            words(&output.stderr),
        )
    };
    let (fine, said, errors) = check(&token);
    assert!(fine, "{errors}");
    assert_eq!(said, "kesha");
    let (head, signature) = token.rsplit_once('.').unwrap();
    let (first, rest) = signature.split_at(1);
    let forged = format!("{head}.{}{rest}", if first == "A" { "B" } else { "A" });
    let (fine, _, errors) = check(&forged);
    assert!(
        !fine && errors.contains("InvalidSignatureError"),
        "{errors}"
    );
}
