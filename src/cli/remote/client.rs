//! Requests to the server, with a token that is renewed when it has to be.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;
use url::Url;

use super::super::CliError;
use super::keeper::{Keeper, Kept};
use crate::platform::clock::Clock;
use crate::platform::ids::fresh_key;

/// How long an answer may take; the longest wait of the feed is within it.
const PATIENCE: Duration = Duration::from_secs(40);

/// Bytes of an answer at most.
const MOST: u64 = 64 * 1024 * 1024;

/// How long before its end an access token is renewed, seconds.
const EARLY: i64 = 10;

/// An answer of the server.
pub(super) struct Answer {
    pub status: u16,
    pub body: Value,
    /// Seconds after which it may be asked again, if it is busy.
    pub retry_after: Option<u64>,
}

impl Answer {
    /// The content of a good answer.
    ///
    /// # Errors
    /// What the server says is wrong, in one line.
    pub fn good(self) -> Result<Value, CliError> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        Err(self.problem())
    }

    /// What is wrong, in one line.
    pub fn problem(&self) -> CliError {
        let word = |name: &str| self.body[name].as_str().unwrap_or_default().to_owned();
        let (title, detail) = (word("title"), word("detail"));
        if title.is_empty() {
            return CliError(format!("the server answers {}", self.status));
        }
        let fields = self.body["errors"].as_array().into_iter().flatten();
        let fields: Vec<String> = fields
            .map(|error| {
                let word = |name: &str| error[name].as_str().unwrap_or_default();
                format!("{}: {}", word("field"), word("message"))
            })
            .collect();
        let reason = if fields.is_empty() {
            detail
        } else {
            fields.join("; ")
        };
        CliError(super::table::tame(&format!("{title}: {reason}")))
    }

    /// Whether it is the refusal of that name.
    pub fn is_problem(&self, name: &str) -> bool {
        self.body["type"].as_str() == Some(&format!("/problems/{name}"))
    }
}

/// The way to a server.
pub(super) struct Client {
    server: Url,
    agent: Agent,
    keeper: Keeper,
    clock: Clock,
}

impl Client {
    /// A client of a server.
    pub fn of(server: Url) -> Result<Self, CliError> {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // A token is sent nowhere but to the server.
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("ates/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            keeper: Keeper::of(&server)?,
            agent: agent.into(),
            server,
            clock: Clock::system(),
        })
    }

    /// Where the log-in is kept.
    pub fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// The server's address.
    pub fn server(&self) -> &Url {
        &self.server
    }

    /// Reads something.
    pub fn get(&self, path: &str) -> Result<Value, CliError> {
        self.send("GET", path, None)?.good()
    }

    /// Changes something, once however often it is sent.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, CliError> {
        self.send("POST", path, Some(body))?.good()
    }

    /// Sends a request for whoever is logged in; if the server knows the token no more, once again with a renewed one.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, CliError> {
        let key = fresh_key().to_string();
        let token = self.token(None)?;
        let answer = self.send_as(Some(&token), method, path, body, &key)?;
        if answer.status != 401 {
            return Ok(answer);
        }
        let token = self.token(Some(&token))?;
        self.send_as(Some(&token), method, path, body, &key)
    }

    /// Sends a request for nobody.
    pub fn send_bare(&self, path: &str, body: &Value) -> Result<Answer, CliError> {
        self.send_as(None, "POST", path, Some(body), "")
    }

    fn send_as(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        body: Option<&Value>,
        key: &str,
    ) -> Result<Answer, CliError> {
        let failed = |error: &dyn std::fmt::Display| CliError(format!("{}: {error}", self.server));
        let address = self.server.join(path).map_err(|error| failed(&error))?;
        let mut request = Request::builder()
            .method(method)
            .uri(address.as_str())
            .header("accept", "application/json")
            .header("accept-language", language());
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        if !key.is_empty() && method == "POST" {
            request = request.header("idempotency-key", key);
        }
        let text = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(text).map_err(|error| failed(&error))?;
        let mut answer = self.agent.run(request).map_err(|error| failed(&error))?;
        let status = answer.status().as_u16();
        let retry_after = answer
            .headers()
            .get("retry-after")
            .and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        let text = answer
            .body_mut()
            .with_config()
            .limit(MOST)
            .read_to_string()
            .map_err(|error| failed(&error))?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer {
            status,
            body,
            retry_after,
        })
    }

    /// The access token; another one than `refused`, which the server does not know any more.
    fn token(&self, refused: Option<&str>) -> Result<String, CliError> {
        let kept = self.keeper.read()?;
        if let Some(token) = kept.as_ref().and_then(|kept| self.usable(kept, refused)) {
            return Ok(token);
        }
        match kept {
            None => Err(self.must_log_in("not logged in to")),
            Some(Kept::Token(_)) => Err(self.must_log_in("the token is not valid any more at")),
            Some(Kept::Pair { .. }) => self.keeper.locked(|| self.renew(refused)),
        }
    }

    fn usable(&self, kept: &Kept, refused: Option<&str>) -> Option<String> {
        let token = match kept {
            Kept::Token(token) => token,
            Kept::Pair {
                access_token,
                expires_at,
                ..
            } => {
                let now = self.clock.now().timestamp();
                Some(access_token).filter(|_| now + EARLY < *expires_at)?
            }
        };
        (Some(token.as_str()) != refused).then(|| token.clone())
    }

    /// Renews the pair, unless another command has done so while this one waited for the lock.
    fn renew(&self, refused: Option<&str>) -> Result<String, CliError> {
        let Some(kept) = self.keeper.read()? else {
            return Err(self.must_log_in("not logged in to"));
        };
        if let Some(token) = self.usable(&kept, refused) {
            return Ok(token);
        }
        let Kept::Pair { refresh_token, .. } = kept else {
            return Err(self.must_log_in("the token is not valid any more at"));
        };
        let body = json!({ "refresh_token": refresh_token });
        let answer = self.send_bare("/api/v1/auth/refresh", &body)?;
        if answer.status == 401 {
            self.keeper.forget()?;
            return Err(self.must_log_in("the log-in has ended at"));
        }
        let pair = self.pair_of(&answer.good()?)?;
        self.keeper.write(&pair)?;
        self.usable(&pair, None).ok_or_else(|| {
            CliError("the clock of this machine and that of the server differ too much".into())
        })
    }

    /// What is kept of an answer with tokens.
    pub fn pair_of(&self, answer: &Value) -> Result<Kept, CliError> {
        let word = |name: &str| answer[name].as_str().map(ToOwned::to_owned);
        let lifetime = answer["expires_in"].as_i64();
        match (word("access_token"), lifetime, word("refresh_token")) {
            (Some(access_token), Some(lifetime), Some(refresh_token)) => Ok(Kept::Pair {
                access_token,
                expires_at: self.clock.now().timestamp() + lifetime.max(EARLY + 1),
                refresh_token,
            }),
            _ => Err(CliError(format!("{}: this is no aTES", self.server))),
        }
    }

    fn must_log_in(&self, why: &str) -> CliError {
        CliError(format!(
            "{why} {0}: run `ates --server {0} login`",
            self.server
        ))
    }
}

/// The language in which the server says what is wrong.
fn language() -> &'static str {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    if set.is_some_and(|value| value.starts_with("ru")) {
        "ru"
    } else {
        "en"
    }
}
