//! A small OpenID Connect provider on loopback, with keys of its own, that says what a test wants it to say.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

pub const CLIENT: &str = "ates-in-tests";
pub const SECRET: &str = "the secret of the tests";

/// The provider; it ends with the test's process.
pub struct FakeProvider {
    pub issuer: String,
    state: Arc<State>,
}

/// How it behaves at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Temper {
    #[default]
    Honest,
    /// Cuts every line.
    Away,
    /// Answers everything with 500.
    Broken,
    /// Sends whoever asks for its metadata elsewhere.
    Redirects,
    /// Says that it is somebody else.
    Lies,
}

/// What somebody brought along to its log-in page.
#[derive(Clone, Debug)]
pub struct Asked {
    pub query: BTreeMap<String, String>,
}

/// What a test makes of an answer.
type Edit = Box<dyn Fn(&mut Answer) + Send>;

struct State {
    issuer: String,
    key: Mutex<RsaKeyPair>,
    kid: Mutex<String>,
    temper: Mutex<Temper>,
    /// What each code stands for: claims, the request that it was given for, and whether it was used.
    codes: Mutex<BTreeMap<String, (Value, Asked, bool)>>,
    edit: Mutex<Option<Edit>>,
    asked: AtomicUsize,
}

/// What the token endpoint is about to say.
pub struct Answer {
    pub header: Value,
    pub claims: Value,
    pub access_token: String,
    /// Whether the ID token is signed by a key that nobody published.
    pub foreign_key: bool,
}

fn fresh_key() -> RsaKeyPair {
    RsaKeyPair::generate(KeySize::Rsa2048).unwrap()
}

impl FakeProvider {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            issuer: issuer.clone(),
            key: Mutex::new(fresh_key()),
            kid: Mutex::new("first".to_owned()),
            temper: Mutex::default(),
            codes: Mutex::default(),
            edit: Mutex::new(None),
            asked: AtomicUsize::new(0),
        });
        let kept = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || drop(talk(stream, &kept)));
            }
        });
        Self { issuer, state }
    }

    pub fn becomes(&self, temper: Temper) {
        *self.state.temper.lock().unwrap() = temper;
    }

    /// How often it was asked for anything.
    pub fn times_asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// From now on it signs with another key, which it publishes in place of the old one.
    pub fn rotate(&self) {
        *self.state.key.lock().unwrap() = fresh_key();
        *self.state.kid.lock().unwrap() = "second".to_owned();
    }

    /// From now on each answer of the token endpoint is changed so.
    pub fn edits(&self, edit: impl Fn(&mut Answer) + Send + 'static) {
        *self.state.edit.lock().unwrap() = Some(Box::new(edit));
    }

    pub fn edits_nothing(&self) {
        *self.state.edit.lock().unwrap() = None;
    }

    /// Somebody logs in at the address that a browser was sent to; gives where the browser is sent back to, as a path.
    pub fn log_in(&self, address: &str, subject: &str, about: &Value, now: i64) -> String {
        let address = Url::parse(address).unwrap();
        assert!(
            address
                .as_str()
                .starts_with(&format!("{}/authorize?", self.issuer)),
            "{address}"
        );
        let query: BTreeMap<String, String> = address.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], CLIENT);
        assert_eq!(query["code_challenge_method"], "S256");
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": subject, "iat": now, "exp": now + 300, "nonce": query["nonce"],
        });
        for (name, value) in about.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let code = format!("code-{}", uuid::Uuid::new_v4().simple());
        let (state, callback) = (query["state"].clone(), query["redirect_uri"].clone());
        let entry = (claims, Asked { query }, false);
        self.state.codes.lock().unwrap().insert(code.clone(), entry);
        let callback = Url::parse(&callback).unwrap();
        format!("{}?code={code}&state={state}", callback.path())
    }
}

/// The two numbers of a public key, out of its DER.
fn numbers(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    fn value(der: &[u8]) -> (&[u8], &[u8]) {
        let (length, head) = match der[1] {
            short @ 0..=127 => (usize::from(short), 2),
            long => {
                let size = usize::from(long & 0x7f);
                let length = der[2..2 + size]
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                (length, 2 + size)
            }
        };
        (&der[head..head + length], &der[head + length..])
    }
    let (inner, _) = value(der);
    let (modulus, rest) = value(inner);
    let (exponent, _) = value(rest);
    let plain = |number: &[u8]| {
        number
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect()
    };
    (plain(modulus), plain(exponent))
}

fn talk(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    state.asked.fetch_add(1, Ordering::SeqCst);
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    lines.read_line(&mut first)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    lines.read_exact(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or_default();
    let temper = *state.temper.lock().unwrap();
    let (status, more, answer) = match (temper, path) {
        (Temper::Away, _) => return Ok(()),
        (Temper::Broken, _) => ("500 Broken", String::new(), json!({ "error": "broken" })),
        (Temper::Redirects, "/.well-known/openid-configuration") => (
            "302 Found",
            "location: http://127.0.0.1:9/elsewhere\r\n".to_owned(),
            Value::Null,
        ),
        (_, "/.well-known/openid-configuration") => {
            ("200 OK", String::new(), metadata(state, temper))
        }
        (_, "/jwks") => ("200 OK", String::new(), jwks(state)),
        (_, "/token") => match exchanged(state, &headers, &body) {
            Ok(answer) => ("200 OK", String::new(), answer),
            Err(error) => ("400 Bad Request", String::new(), json!({ "error": error })),
        },
        _ => ("404 Not Found", String::new(), Value::Null),
    };
    let text = answer.to_string();
    stream.write_all(
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{more}connection: close\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        )
        .as_bytes(),
    )
}

fn metadata(state: &State, temper: Temper) -> Value {
    let issuer = &state.issuer;
    let said = if temper == Temper::Lies {
        "https://somebody-else.example"
    } else {
        issuer.as_str()
    };
    json!({
        "issuer": said,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
    })
}

fn jwks(state: &State) -> Value {
    let key = state.key.lock().unwrap();
    let (modulus, exponent) = numbers(key.public_key().as_ref());
    json!({ "keys": [{
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": *state.kid.lock().unwrap(),
        "n": URL_SAFE_NO_PAD.encode(modulus), "e": URL_SAFE_NO_PAD.encode(exponent),
    }] })
}

/// Gives the tokens for a code, once, to the client that it was given to.
fn exchanged(
    state: &State,
    headers: &BTreeMap<String, String>,
    body: &[u8],
) -> Result<Value, &'static str> {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!("{}:{}", encoded(CLIENT), encoded(SECRET));
    if headers.get("authorization") != Some(&format!("Basic {}", STANDARD.encode(basic))) {
        return Err("invalid_client");
    }
    let mut codes = state.codes.lock().unwrap();
    let (claims, asked, used) = codes.get_mut(&form["code"]).ok_or("invalid_grant")?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if *used
        || form["redirect_uri"] != asked.query["redirect_uri"]
        || challenge != asked.query["code_challenge"]
    {
        return Err("invalid_grant");
    }
    *used = true;
    let access_token = "an access token of the provider".to_owned();
    let half = Sha256::digest(access_token.as_bytes());
    let mut claims = claims.clone();
    claims["at_hash"] = json!(URL_SAFE_NO_PAD.encode(&half[..16]));
    let mut answer = Answer {
        header: json!({ "alg": "RS256", "typ": "JWT", "kid": *state.kid.lock().unwrap() }),
        claims,
        access_token,
        foreign_key: false,
    };
    if let Some(edit) = &*state.edit.lock().unwrap() {
        edit(&mut answer);
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&answer.header), part(&answer.claims));
    let signature = if answer.header["alg"] == "none" {
        Vec::new()
    } else {
        let foreign = answer.foreign_key.then(fresh_key);
        let own = state.key.lock().unwrap();
        let key = foreign.as_ref().unwrap_or(&own);
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message.as_bytes(),
            &mut signature,
        )
        .unwrap();
        signature
    };
    Ok(json!({
        "access_token": answer.access_token,
        "token_type": "Bearer",
        "expires_in": 300,
        "id_token": format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)),
    }))
}
