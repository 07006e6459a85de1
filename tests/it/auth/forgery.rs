//! T-AUTH-1: tokens that somebody else made, changed, cut or dressed up, and requests that carry a good one wrongly (A31 to A33).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use ureq::http::Request;

use super::access::{make, shown_token};
use super::tokens::{
    Key, app_and_token, encoded, key_of, opened, signed, signed_text, status_with,
};
use crate::support::client::agent;

/// The parts of a good token, and the key that signed it.
struct Model {
    key: Key,
    header: Value,
    claims: Value,
    signature: String,
    token: String,
}

impl Model {
    fn header_with(&self, field: &str, value: Value) -> Value {
        let mut header = self.header.clone();
        header[field] = value;
        header
    }

    fn claims_with(&self, field: &str, value: Value) -> Value {
        let mut claims = self.claims.clone();
        claims[field] = value;
        claims
    }

    /// Signed by our own key: only what is said can be wrong.
    fn own(&self, header: &Value, claims: &Value) -> String {
        signed(&self.key.private_key, header, claims)
    }

    /// The good token's signature under other words.
    fn dressed(&self, header: &Value, claims: &Value) -> String {
        format!("{}.{}.{}", encoded(header), encoded(claims), self.signature)
    }

    fn symmetric(&self, algorithm: Algorithm, secret: &[u8]) -> String {
        let header = Header {
            typ: Some("at+jwt".into()),
            kid: Some(self.key.kid.clone()),
            ..Header::new(algorithm)
        };
        jsonwebtoken::encode(&header, &self.claims, &EncodingKey::from_secret(secret)).unwrap()
    }
}

type Forged = Vec<(String, String)>;

/// Other algorithms: none, and secrets that are no secret.
fn by_algorithm(model: &Model) -> Forged {
    let mut forged = Vec::new();
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS256", "ES256", "eddsa", "EdDSA ",
    ] {
        let header = model.header_with("alg", json!(alg));
        forged.push((
            format!("alg {alg:?} without a signature"),
            format!("{}.{}.", encoded(&header), encoded(&model.claims)),
        ));
        forged.push((
            format!("alg {alg:?} with the good signature"),
            model.dressed(&header, &model.claims),
        ));
        forged.push((
            format!("alg {alg:?}, signed by our key"),
            model.own(&header, &model.claims),
        ));
    }
    let public = &model.key.public_key;
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        for (what, secret) in [
            ("the public key", public.clone()),
            ("its base64", STANDARD.encode(public).into_bytes()),
            ("its base64url", URL_SAFE_NO_PAD.encode(public).into_bytes()),
            ("nothing", Vec::new()),
        ] {
            let token = model.symmetric(algorithm, &secret);
            forged.push((format!("{algorithm:?} with {what}"), token));
        }
    }
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    let curve = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.unwrap().as_ref());
    for alg in ["ES256", "EdDSA"] {
        let header = model.header_with("alg", json!(alg));
        let message = format!("{}.{}", encoded(&header), encoded(&model.claims));
        let pair = curve.as_ref().unwrap();
        let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        forged.push((
            format!("another curve under alg {alg}"),
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)),
        ));
    }
    forged
}

/// Headers that name another key, or bring one along.
fn by_header(model: &Model) -> Forged {
    let stranger = Ed25519KeyPair::generate().unwrap();
    let own_key = stranger.to_pkcs8().unwrap();
    let x = URL_SAFE_NO_PAD.encode(stranger.public_key().as_ref());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": x });
    let mut forged = vec![(
        "another key under our kid".to_owned(),
        signed(own_key.as_ref(), &model.header, &model.claims),
    )];
    for (field, value) in [
        ("kid", json!("mine")),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("' or '1'='1")),
        ("kid", json!("x'; drop table auth.signing_keys; --")),
        ("kid", json!(["a"])),
        ("kid", json!("")),
        ("kid", Value::Null),
        ("jwk", jwk.clone()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("typ", json!("JWT")),
        ("typ", json!("rt+jwt")),
        ("typ", Value::Null),
    ] {
        let header = model.header_with(field, value.clone());
        for (who, key) in [
            ("a stranger", own_key.as_ref()),
            ("our key", &model.key.private_key),
        ] {
            let token = signed(key, &header, &model.claims);
            forged.push((format!("{field} {value}, signed by {who}"), token));
        }
    }
    let (kid, claims) = (&model.key.kid, model.claims.to_string());
    for (what, header) in [
        (
            "alg twice, none first",
            format!(r#"{{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#),
        ),
        (
            "alg twice, none last",
            format!(r#"{{"alg":"EdDSA","alg":"none","typ":"at+jwt","kid":"{kid}"}}"#),
        ),
        (
            "kid twice",
            format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"mine","kid":"{kid}"}}"#),
        ),
        (
            "typ twice",
            format!(r#"{{"alg":"EdDSA","typ":"JWT","typ":"at+jwt","kid":"{kid}"}}"#),
        ),
        (
            "words after the header",
            format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}} {{}}"#),
        ),
        ("no object", "[]".to_owned()),
    ] {
        let token = signed_text(&model.key.private_key, &header, &claims);
        forged.push((what.to_owned(), token));
    }
    forged
}

/// Claims that were edited under the old signature, and claims of the wrong kind under a good one.
fn by_claims(model: &Model) -> Forged {
    let mut forged = Vec::new();
    let exp = model.claims["exp"].as_i64().unwrap();
    for (field, value) in [
        ("role", json!("administrator")),
        ("sub", json!("00000000-0000-7000-8000-000000000000")),
        ("exp", json!(exp + 86_400)),
        ("permissions", json!(["can_manage_users"])),
        ("sv", json!(7)),
    ] {
        let edited = model.claims_with(field, value);
        forged.push((
            format!("an edited {field}"),
            model.dressed(&model.header, &edited),
        ));
    }
    for field in ["iss", "aud", "sub", "jti", "iat", "nbf", "exp", "sv"] {
        let mut without = model.claims.clone();
        without.as_object_mut().unwrap().remove(field);
        forged.push((format!("no {field}"), model.own(&model.header, &without)));
    }
    for (field, value) in [
        ("sub", json!("00000000-0000-7000-8000-000000000000")),
        ("sub", json!("kesha")),
        ("sub", json!(1)),
        ("exp", json!(exp.to_string())),
        ("exp", json!(exp - 3_600)),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("exp", json!([exp])),
        ("nbf", json!(model.claims["nbf"].to_string())),
        ("nbf", json!(exp)),
        ("iat", json!("now")),
        ("aud", json!("another")),
        ("aud", json!(["another"])),
        ("aud", json!("")),
        ("iss", json!("https://evil.example")),
        ("iss", json!("")),
        ("sv", json!(0)),
        ("sv", json!(2)),
        ("pair", json!("00000000-0000-7000-8000-000000000000")),
    ] {
        let token = model.own(&model.header, &model.claims_with(field, value.clone()));
        forged.push((format!("{field} {value}"), token));
    }
    let text = model.claims.to_string();
    for (what, claims) in [
        ("exp twice", text.replacen('{', r#"{"exp":1,"#, 1)),
        (
            "sub twice",
            text.replacen('{', r#"{"sub":"00000000-0000-7000-8000-000000000000","#, 1),
        ),
        ("claims that are cut", text[..text.len() - 1].to_owned()),
        ("claims that are a list", format!("[{text}]")),
    ] {
        let token = signed_text(&model.key.private_key, &model.header.to_string(), &claims);
        forged.push((what.to_owned(), token));
    }
    forged
}

/// Texts that were cut, padded, joined or spelled otherwise.
fn by_text(model: &Model) -> Forged {
    let token = &model.token;
    let parts: Vec<&str> = token.split('.').collect();
    let mut bytes = URL_SAFE_NO_PAD.decode(&model.signature).unwrap();
    bytes[0] ^= 1;
    let flipped = URL_SAFE_NO_PAD.encode(&bytes);
    let mut texts = vec![
        ("cut by one", token[..token.len() - 1].to_owned()),
        ("cut in half", token[..token.len() / 2].to_owned()),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{token}.{}", parts[2])),
        ("five parts", format!("{token}.a.b")),
        ("padded", format!("{token}==")),
        ("a letter more", format!("{token}A")),
        (
            "one bit of the signature",
            format!("{}.{}.{flipped}", parts[0], parts[1]),
        ),
        (
            "parts in another order",
            format!("{}.{}.{}", parts[1], parts[0], parts[2]),
        ),
        ("capitals", token.to_uppercase()),
        ("a line end within", token.replacen('.', ".%0a", 1)),
        ("a space at its end and a word", format!("{token} x")),
        ("quoted", format!("\"{token}\"")),
        ("twice", format!("{token}{token}")),
        ("words", "a.b.c".to_owned()),
        ("dots", "..".to_owned()),
        ("nothing", String::new()),
        ("null", "null".to_owned()),
        ("long", "A".repeat(6_000)),
    ];
    let padded = URL_SAFE.encode(model.header.to_string() + " ");
    texts.push((
        "a padded header",
        format!("{padded}.{}.{}", parts[1], parts[2]),
    ));
    // The same 64 bytes, spelled with bits that are nobody's: a second text for one token.
    let last = model.signature.chars().last().unwrap();
    let other = if last == 'A' {
        'B'
    } else {
        char::from(last as u8 ^ 1)
    };
    let respelled = format!("{}{other}", &token[..token.len() - 1]);
    texts.push(("a second spelling", respelled));
    // S + L, which a careless check of Ed25519 takes as well.
    texts.push(("a second signature", second_signature(model)));
    texts
        .into_iter()
        .map(|(what, text)| (what.to_owned(), text))
        .collect()
}

/// The signature with the order of the group added to its second half.
fn second_signature(model: &Model) -> String {
    let order =
        hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(&model.signature).unwrap();
    let mut carry = 0_u16;
    for (byte, add) in bytes[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    let (message, _) = model.token.rsplit_once('.').unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[test]
fn a31_a32_t_auth_1_every_forged_or_broken_token_is_refused() {
    let (app, _, token) = app_and_token();
    let (header, claims) = opened(&token);
    let model = Model {
        key: key_of(&app),
        header,
        claims,
        signature: token.rsplit('.').next().unwrap().to_owned(),
        token: token.clone(),
    };
    let again = model.own(&model.header, &model.claims);
    assert_eq!(
        status_with(&app, &again),
        200,
        "the parts are those of a good one"
    );
    let forged = [
        by_algorithm(&model),
        by_header(&model),
        by_claims(&model),
        by_text(&model),
    ]
    .concat();
    assert!(forged.len() >= 40, "{}", forged.len());
    let accepted: Vec<String> = forged
        .iter()
        .map(|(what, token)| (what, status_with(&app, token)))
        .filter(|(_, status)| *status != 401)
        .map(|(what, status)| format!("{what}: {status}"))
        .collect();
    assert!(accepted.is_empty(), "{accepted:#?}");
    assert_eq!(
        status_with(&app, &token),
        200,
        "the good one counts as before"
    );
    println!("{} forged tokens refused", forged.len());
}

#[test]
fn a33_t_auth_1_another_kind_of_token_or_an_altered_one_of_a_script_is_refused() {
    let (app, people, access) = app_and_token();
    let entry = json!({ "username": "kesha", "password": crate::support::PASSWORD });
    let (_, pair) = crate::support::Api::anonymous(app.base()).post("/api/v1/auth/token", &entry);
    let mut browser = app.log_in(&people[0]);
    let page = make(&mut browser, "/profile/tokens", &["profile"], "30");
    let script = shown_token(&page);
    assert_eq!(status_with(&app, &script), 200);
    let end = script.chars().last().unwrap();
    let other_end = if end == '0' { '1' } else { '0' };
    let session = browser.cookie("ates_session").unwrap().to_owned();
    let refused = [
        (
            "a refresh token",
            pair["refresh_token"].as_str().unwrap().to_owned(),
        ),
        ("the value of a session's cookie", session.clone()),
        (
            "a session's value as a script's token",
            format!("ates_{session}"),
        ),
        (
            "a refresh token as a script's",
            format!("ates_{}", pair["refresh_token"].as_str().unwrap()),
        ),
        (
            "another last letter",
            format!("{}{other_end}", &script[..script.len() - 1]),
        ),
        ("a letter less", script[..script.len() - 1].to_owned()),
        ("a letter more", format!("{script}0")),
        ("without its prefix", script["ates_".len()..].to_owned()),
        ("its prefix twice", format!("ates_{script}")),
        ("in capitals", script.to_uppercase()),
        ("the prefix alone", "ates_".to_owned()),
        ("a wildcard", "ates_%".to_owned()),
        (
            "an access token behind the prefix",
            format!("ates_{access}"),
        ),
    ];
    for (what, token) in &refused {
        assert_eq!(status_with(&app, token), 401, "{what}");
    }
}

#[test]
fn a31_t_auth_1_a_good_token_counts_only_where_it_belongs() {
    let (app, _, token) = app_and_token();
    let ask = |path: &str, headers: &[(&str, String)]| -> u16 {
        let mut request = Request::builder().uri(format!("{}{path}", app.base()));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = agent().run(request.body(String::new()).unwrap()).unwrap();
        answer.status().as_u16()
    };
    let me = "/api/v1/me";
    assert_eq!(
        ask(me, &[("authorization", format!("Bearer {token}"))]),
        200
    );
    for value in [
        format!("bearer {token}"),
        format!("BEARER {token}"),
        format!("Bearer  {token}"),
        format!("Bearer\t{token}"),
        format!("Bearer{token}"),
        format!("Bearer:{token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer token={token}"),
        format!("Token {token}"),
        format!("Basic {}", STANDARD.encode(&token)),
        format!("Bearer x, Bearer {token}"),
        format!("Digest a, Bearer {token}"),
        token.clone(),
    ] {
        let shown = value.replace(&token, "T");
        assert_eq!(ask(me, &[("authorization", value)]), 401, "{shown}");
    }
    for name in [
        "x-authorization",
        "x-access-token",
        "proxy-authorization",
        "x-api-key",
    ] {
        assert_eq!(ask(me, &[(name, format!("Bearer {token}"))]), 401, "{name}");
    }
    for cookie in [
        "ates_session",
        "__Host-ates_session",
        "access_token",
        "authorization",
    ] {
        assert_eq!(
            ask(me, &[("cookie", format!("{cookie}={token}"))]),
            401,
            "{cookie}"
        );
        assert_eq!(
            ask("/profile", &[("cookie", format!("{cookie}={token}"))]),
            303,
            "{cookie}"
        );
    }
    for path in ["?access_token=", "?token=", "?authorization=Bearer%20"] {
        assert_eq!(ask(&format!("{me}{path}{token}"), &[]), 401, "{path}");
    }
    let both = [
        ("authorization", "Bearer x".to_owned()),
        ("authorization", format!("Bearer {token}")),
    ];
    assert_eq!(
        ask(me, &both),
        401,
        "the first of two counts, whatever the second is"
    );
}
