//! Configuration: every key with its default, unit and meaning in one table.
//!
//! Layers, the later ones win: defaults, a `.env` file, one TOML file (`--config`), the environment. An unknown `ATES_*` key or
//! a value out of range is a one-line error at start.

mod debtor;
mod keys;
mod provider;
mod read_for;
mod reader;
mod registration;
mod relay;
mod sources;
mod webhooks;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveTime;
use thiserror::Error;
use url::Url;

use super::clock::BusinessZone;
use super::i18n::StatusWords;
use super::money::Money;
pub use debtor::Debtor;
pub use keys::{KEYS, Key};
pub use provider::{ProviderTarget, is_safe};
pub use read_for::ReadFor;
pub use reader::HUMAN_ROLES;
use reader::Reader;
pub use registration::SelfRegistration;
pub use relay::{NatsLogin, RelayTarget};
use sources::{nearest, read_toml};
pub use webhooks::{EVENT_TYPES, WebhookTarget};

/// Why the program does not start: one line that names the key.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// No such key; a near one is named when there is one.
    #[error("unknown setting {key}{}", near.map(|near| format!(", did you mean {near}?")).unwrap_or_default())]
    Unknown {
        key: String,
        near: Option<&'static str>,
    },
    /// The value does not fit the key.
    #[error("{key}: {reason}")]
    Invalid { key: &'static str, reason: String },
    /// The configuration file cannot be read.
    #[error("cannot read {path}: {reason}")]
    File { path: String, reason: String },
}

/// Inclusive bounds of a price in minor units (M01, decision 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceRange {
    /// The lowest price.
    pub min: Money,
    /// The highest price.
    pub max: Money,
}

/// The limits against abuse (D16); a limit that is none is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AbuseLimits {
    /// Tasks that one user may create on one business day.
    pub creations_per_day: Option<i64>,
    /// Age that a task must have before it can be completed.
    pub completion_age: Option<chrono::TimeDelta>,
    /// Shuffles that one user may press on one business day.
    pub presses_per_day: Option<i64>,
}

/// How often something may be tried: so many times at once, and once more each time `refill` has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLimit {
    /// Tries at once.
    pub burst: i64,
    /// The time in which one try comes back.
    pub refill: Duration,
}

/// The effective settings; the meaning of each is in [`KEYS`].
#[derive(Clone, Debug)]
pub struct Config {
    pub database_url: Option<String>,
    pub database_read_url: Option<String>,
    pub read_for: ReadFor,
    pub read_own_writes: Duration,
    pub request_deadline: Duration,
    pub bind: SocketAddr,
    pub metrics_bind: Option<SocketAddr>,
    pub base_url: Url,
    pub smtp_url: Option<String>,
    pub mail_from: String,
    pub zone: BusinessZone,
    pub payout_at: NaiveTime,
    pub currency: String,
    pub payout_debtor: Option<Debtor>,
    pub fee: PriceRange,
    pub reward: PriceRange,
    pub web_pool: u32,
    pub worker_pool: u32,
    pub read_pool: u32,
    pub pool_wait: Duration,
    pub part_deadline: Duration,
    pub report_cache: Duration,
    pub web_statement_timeout: Duration,
    pub worker_statement_timeout: Duration,
    pub session_idle: Duration,
    pub session_absolute: Duration,
    pub access_token_lifetime: Duration,
    pub second_factor_roles: Vec<&'static str>,
    pub beak_log_in: bool,
    /// Whether there is a viewer of the API's document.
    pub api_viewer: bool,
    pub login_limit: Option<TryLimit>,
    pub provider: Option<ProviderTarget>,
    pub start_wait: Duration,
    pub bell_every: Duration,
    pub sweep_after: Duration,
    pub scenario_limit: Duration,
    pub reconcile_every: Duration,
    pub mail_retry_for: Duration,
    pub mail_timeout: Duration,
    pub statement_mails: bool,
    pub event_retry_max: Duration,
    pub event_page: i64,
    pub lag_warning: i64,
    pub shuffle_queue: i64,
    pub shuffle_chunk: i64,
    pub payout_chunk: i64,
    pub requests_at_once: usize,
    pub requests_waiting: usize,
    pub live_streams: usize,
    pub feed_readers: usize,
    pub archive_after_months: u32,
    pub archive_tablespace: Option<String>,
    pub relay: Option<RelayTarget>,
    pub webhooks: Vec<WebhookTarget>,
    pub abuse_limits: AbuseLimits,
    pub public_board: bool,
    /// The words for statuses in what people read.
    pub status_words: StatusWords,
    pub self_registration: Option<SelfRegistration>,
    pub first_run_setup: bool,
    pub trusted_proxies: Vec<std::net::IpAddr>,
    pub log: String,
    pub server: Option<Url>,
    pub pg_bindir: Option<PathBuf>,
    pub pg_user: String,
    values: BTreeMap<&'static str, String>,
}

impl Config {
    /// Reads all layers.
    ///
    /// # Errors
    /// The first key that is unknown or out of range.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut given = BTreeMap::new();
        if let Ok(dotenv) = dotenvy::dotenv_iter() {
            for entry in dotenv {
                let (key, value) = entry.map_err(|error| ConfigError::File {
                    path: ".env".into(),
                    reason: error.to_string(),
                })?;
                given.insert(key, value);
            }
        }
        if let Some(path) = file {
            given.extend(read_toml(path)?);
        }
        given.extend(
            std::env::vars().filter(|(key, _)| key == "DATABASE_URL" || key.starts_with("ATES_")),
        );
        Self::from_values(given)
    }

    /// The settings that follow from given keys and the defaults of all others.
    ///
    /// # Errors
    /// The first key that is unknown or out of range.
    pub fn from_values(
        given: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut values: BTreeMap<&'static str, String> = KEYS
            .iter()
            .map(|key| (key.name, key.default.to_owned()))
            .collect();
        for (name, value) in given {
            if name.starts_with("ATES_TEST_") {
                continue;
            }
            #[cfg(feature = "faults")]
            if name == "ATES_FAULTS" {
                super::faults::check(&value).map_err(|reason| ConfigError::Invalid {
                    key: "ATES_FAULTS",
                    reason,
                })?;
                continue;
            }
            match KEYS.iter().find(|key| key.name == name) {
                Some(key) => drop(values.insert(key.name, value.trim().to_owned())),
                None if name.starts_with("ATES_") => {
                    return Err(ConfigError::Unknown {
                        near: nearest(&name),
                        key: name,
                    });
                }
                None => {}
            }
        }
        let read = Reader { values: &values };
        let bind: SocketAddr = read.parsed("ATES_BIND")?;
        let base_url = match read.optional("ATES_BASE_URL") {
            Some(_) => read.parsed::<Url>("ATES_BASE_URL")?,
            None => Url::parse(&format!("http://{bind}"))
                .map_err(|error| read.invalid("ATES_BIND", error))?,
        };
        if !matches!(base_url.scheme(), "http" | "https") || base_url.host_str().is_none() {
            return Err(read.invalid("ATES_BASE_URL", "expected an http or https address"));
        }
        let config = Self {
            database_url: read.optional("DATABASE_URL"),
            database_read_url: read.optional("ATES_DATABASE_READ_URL"),
            read_for: read.parsed("ATES_DATABASE_READ_FOR")?,
            read_own_writes: read.seconds("ATES_READ_OWN_WRITES_SECONDS", 1, 60)?,
            request_deadline: read.seconds("ATES_REQUEST_DEADLINE_SECONDS", 1, 120)?,
            bind,
            metrics_bind: match read.optional("ATES_METRICS_BIND") {
                Some(_) => Some(read.parsed("ATES_METRICS_BIND")?),
                None => None,
            },
            base_url,
            smtp_url: read.optional("ATES_SMTP_URL"),
            mail_from: read.mailbox("ATES_MAIL_FROM")?,
            zone: BusinessZone(read.parsed("ATES_TIMEZONE")?),
            payout_at: read.time("ATES_PAYOUT_AT")?,
            currency: read.currency("ATES_CURRENCY")?,
            payout_debtor: read.debtor()?,
            fee: read.price_range("ATES_FEE_MIN", "ATES_FEE_MAX")?,
            reward: read.price_range("ATES_REWARD_MIN", "ATES_REWARD_MAX")?,
            web_pool: read.number("ATES_WEB_POOL", 1, 200)?,
            worker_pool: read.number("ATES_WORKER_POOL", 4, 200)?,
            read_pool: read.number("ATES_READ_POOL", 1, 200)?,
            pool_wait: read.millis("ATES_POOL_WAIT_MS", 50, 30_000)?,
            report_cache: read.seconds("ATES_REPORT_CACHE_SECONDS", 0, 300)?,
            part_deadline: read.millis("ATES_PART_DEADLINE_MS", 50, 30_000)?,
            web_statement_timeout: read.millis("ATES_WEB_STATEMENT_TIMEOUT_MS", 100, 600_000)?,
            worker_statement_timeout: read.millis(
                "ATES_WORKER_STATEMENT_TIMEOUT_MS",
                1_000,
                3_600_000,
            )?,
            session_idle: read.seconds("ATES_SESSION_IDLE_SECONDS", 60, 604_800)?,
            session_absolute: read.seconds("ATES_SESSION_ABSOLUTE_SECONDS", 60, 2_592_000)?,
            access_token_lifetime: read.seconds("ATES_ACCESS_TOKEN_SECONDS", 1, 3_600)?,
            second_factor_roles: read.roles("ATES_SECOND_FACTOR_ROLES")?,
            beak_log_in: read.flag("ATES_BEAK_LOG_IN")?,
            api_viewer: read.flag("ATES_API_VIEWER")?,
            login_limit: read
                .limit("ATES_LOGIN_BURST", 100_000)?
                .map(|burst| -> Result<TryLimit, ConfigError> {
                    let refill = read.seconds("ATES_LOGIN_REFILL_SECONDS", 1, 86_400)?;
                    Ok(TryLimit { burst, refill })
                })
                .transpose()?,
            provider: read.provider()?,
            start_wait: read.seconds("ATES_START_WAIT_SECONDS", 0, 3_600)?,
            bell_every: read.seconds("ATES_BELL_SECONDS", 1, 3_600)?,
            sweep_after: read.seconds("ATES_SWEEP_AFTER_SECONDS", 1, 86_400)?,
            scenario_limit: read.seconds("ATES_SCENARIO_SECONDS", 1, 86_400)?,
            reconcile_every: read.seconds("ATES_RECONCILE_SECONDS", 1, 3_600)?,
            mail_retry_for: read.seconds("ATES_MAIL_RETRY_SECONDS", 1, 2_592_000)?,
            mail_timeout: read.seconds("ATES_MAIL_TIMEOUT_SECONDS", 1, 30)?,
            statement_mails: read.flag("ATES_STATEMENT_MAILS")?,
            event_retry_max: read.seconds("ATES_EVENT_RETRY_MAX_SECONDS", 1, 86_400)?,
            event_page: read.number("ATES_EVENT_PAGE", 1, 10_000)?,
            lag_warning: read.number("ATES_LAG_WARNING_EVENTS", 1, 1_000_000_000)?,
            shuffle_queue: read.number("ATES_SHUFFLE_QUEUE", 1, 100_000)?,
            shuffle_chunk: read.number("ATES_SHUFFLE_CHUNK", 1, 5_000)?,
            payout_chunk: read.number("ATES_PAYOUT_CHUNK", 1, 10_000)?,
            requests_at_once: read.number("ATES_REQUESTS_AT_ONCE", 1, 10_000)?,
            requests_waiting: read.number("ATES_REQUESTS_WAITING", 0, 100_000)?,
            live_streams: read.number("ATES_LIVE_STREAMS", 0, 1_000)?,
            feed_readers: read.number("ATES_FEED_READERS", 0, 1_000)?,
            archive_after_months: read.number("ATES_ARCHIVE_AFTER_MONTHS", 1, 1_200)?,
            archive_tablespace: read.optional("ATES_ARCHIVE_TABLESPACE"),
            relay: read.relay()?,
            webhooks: read.webhooks()?,
            abuse_limits: AbuseLimits {
                creations_per_day: read.limit("ATES_LIMIT_CREATIONS_PER_DAY", 1_000_000)?,
                completion_age: read
                    .limit("ATES_LIMIT_COMPLETION_AGE_SECONDS", 31_536_000)?
                    .map(chrono::TimeDelta::seconds),
                presses_per_day: read.limit("ATES_LIMIT_PRESSES_PER_DAY", 1_000_000)?,
            },
            public_board: read.flag("ATES_PUBLIC_BOARD")?,
            status_words: read.parsed("ATES_STATUS_WORDS")?,
            self_registration: read.self_registration()?,
            first_run_setup: read.flag("ATES_FIRST_RUN_SETUP")?,
            trusted_proxies: read.addresses("ATES_TRUSTED_PROXIES")?,
            log: read.log("ATES_LOG")?,
            server: match read.optional("ATES_SERVER") {
                Some(_) => Some(read.parsed("ATES_SERVER")?),
                None => None,
            },
            pg_bindir: read.optional("ATES_PG_BINDIR").map(PathBuf::from),
            pg_user: values["ATES_PG_USER"].clone(),
            values: BTreeMap::new(),
        };
        Ok(Self { values, ..config })
    }

    /// Whether browsers reach the product over TLS, so that cookies can be `Secure`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base_url.scheme() == "https"
    }

    /// Every key with its effective value, secrets hidden: what `ates config` prints.
    pub fn shown(&self) -> impl Iterator<Item = (&'static Key, String)> {
        KEYS.iter().map(|key| {
            let value = &self.values[key.name];
            let shown = if key.name == "ATES_RELAY_NATS_URL" && !value.is_empty() {
                relay::without_credentials(value)
            } else if key.name == "ATES_WEBHOOKS" {
                webhooks::without_secrets(value)
            } else if key.secret {
                without_password(value)
            } else {
                value.clone()
            };
            (key, shown)
        })
    }
}

/// The address with its password replaced, or stars when it is no address.
#[must_use]
pub fn without_password(address: &str) -> String {
    if address.is_empty() {
        return String::new();
    }
    match Url::parse(address) {
        Ok(mut url) => {
            if url.password().is_some() && url.set_password(Some("***")).is_err() {
                return "***".into();
            }
            let kept: Vec<(String, String)> = url
                .query_pairs()
                .map(|(key, value)| {
                    if key == "password" {
                        (key.into(), "***".into())
                    } else {
                        (key.into(), value.into())
                    }
                })
                .collect();
            if !kept.is_empty() {
                url.query_pairs_mut().clear().extend_pairs(kept);
            }
            url.to_string()
        }
        Err(_) => "***".into(),
    }
}

#[cfg(test)]
mod tests;
