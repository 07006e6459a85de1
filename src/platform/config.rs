//! Configuration: every key with its default, unit and meaning in one table.
//!
//! Layers, the later ones win: defaults, a `.env` file, one TOML file (`--config`), the environment. An unknown `ATES_*` key or
//! a value out of range is a one-line error at start.

mod keys;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use chrono::NaiveTime;
use thiserror::Error;
use url::Url;

use super::clock::BusinessZone;
use super::money::Money;
pub use keys::{KEYS, Key};

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

/// The effective settings; the meaning of each is in [`KEYS`].
#[derive(Clone, Debug)]
pub struct Config {
    pub database_url: Option<String>,
    pub database_read_url: Option<String>,
    pub bind: SocketAddr,
    pub base_url: Url,
    pub smtp_url: Option<String>,
    pub mail_from: String,
    pub zone: BusinessZone,
    pub payout_at: NaiveTime,
    pub currency: String,
    pub fee: PriceRange,
    pub reward: PriceRange,
    pub web_pool: u32,
    pub worker_pool: u32,
    pub read_pool: u32,
    pub pool_wait: Duration,
    pub web_statement_timeout: Duration,
    pub worker_statement_timeout: Duration,
    pub session_idle: Duration,
    pub session_absolute: Duration,
    pub access_token_lifetime: Duration,
    pub bell_every: Duration,
    pub sweep_after: Duration,
    pub mail_retry_for: Duration,
    pub event_retry_max: Duration,
    pub lag_warning: i64,
    pub shuffle_queue: i64,
    pub shuffle_chunk: i64,
    pub public_board: bool,
    pub trusted_proxies: Vec<std::net::IpAddr>,
    pub log: String,
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
            bind,
            base_url,
            smtp_url: read.optional("ATES_SMTP_URL"),
            mail_from: read.mailbox("ATES_MAIL_FROM")?,
            zone: BusinessZone(read.parsed("ATES_TIMEZONE")?),
            payout_at: read.time("ATES_PAYOUT_AT")?,
            currency: read.currency("ATES_CURRENCY")?,
            fee: read.price_range("ATES_FEE_MIN", "ATES_FEE_MAX")?,
            reward: read.price_range("ATES_REWARD_MIN", "ATES_REWARD_MAX")?,
            web_pool: read.number("ATES_WEB_POOL", 1, 200)?,
            worker_pool: read.number("ATES_WORKER_POOL", 4, 200)?,
            read_pool: read.number("ATES_READ_POOL", 1, 200)?,
            pool_wait: read.millis("ATES_POOL_WAIT_MS", 50, 30_000)?,
            web_statement_timeout: read.millis("ATES_WEB_STATEMENT_TIMEOUT_MS", 100, 600_000)?,
            worker_statement_timeout: read.millis(
                "ATES_WORKER_STATEMENT_TIMEOUT_MS",
                1_000,
                3_600_000,
            )?,
            session_idle: read.seconds("ATES_SESSION_IDLE_SECONDS", 60, 604_800)?,
            session_absolute: read.seconds("ATES_SESSION_ABSOLUTE_SECONDS", 60, 2_592_000)?,
            access_token_lifetime: read.seconds("ATES_ACCESS_TOKEN_SECONDS", 1, 3_600)?,
            bell_every: read.seconds("ATES_BELL_SECONDS", 1, 3_600)?,
            sweep_after: read.seconds("ATES_SWEEP_AFTER_SECONDS", 1, 86_400)?,
            mail_retry_for: read.seconds("ATES_MAIL_RETRY_SECONDS", 1, 2_592_000)?,
            event_retry_max: read.seconds("ATES_EVENT_RETRY_MAX_SECONDS", 1, 86_400)?,
            lag_warning: read.number("ATES_LAG_WARNING_EVENTS", 1, 1_000_000_000)?,
            shuffle_queue: read.number("ATES_SHUFFLE_QUEUE", 1, 100_000)?,
            shuffle_chunk: read.number("ATES_SHUFFLE_CHUNK", 1, 5_000)?,
            public_board: read.flag("ATES_PUBLIC_BOARD")?,
            trusted_proxies: read.addresses("ATES_TRUSTED_PROXIES")?,
            log: read.log("ATES_LOG")?,
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
            let shown = if key.secret {
                without_password(value)
            } else {
                value.clone()
            };
            (key, shown)
        })
    }
}

fn read_toml(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let failed = |reason: String| ConfigError::File {
        path: path.display().to_string(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| failed(error.message().to_owned()))?;
    table
        .into_iter()
        .map(|(key, value)| {
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(_) | toml::Value::Boolean(_) => value.to_string(),
                _ => {
                    return Err(failed(format!(
                        "{key}: expected a text, a whole number, true or false"
                    )));
                }
            };
            let known = key == "DATABASE_URL" || key.starts_with("ATES_");
            if known {
                Ok((key, value))
            } else {
                Err(ConfigError::Unknown {
                    near: nearest(&key),
                    key,
                })
            }
        })
        .collect()
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

fn nearest(name: &str) -> Option<&'static str> {
    KEYS.iter()
        .map(|key| (distance(name, key.name), key.name))
        .min()
        .filter(|(distance, _)| *distance <= 6)
        .map(|(_, near)| near)
}

/// Levenshtein's distance between two short words.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let cost = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

struct Reader<'a> {
    values: &'a BTreeMap<&'static str, String>,
}

impl Reader<'_> {
    #[expect(
        clippy::unused_self,
        reason = "reads as one vocabulary with its siblings"
    )]
    fn invalid(&self, key: &'static str, reason: impl ToString) -> ConfigError {
        ConfigError::Invalid {
            key,
            reason: reason.to_string(),
        }
    }

    fn optional(&self, key: &'static str) -> Option<String> {
        Some(self.values[key].clone()).filter(|value| !value.is_empty())
    }

    fn parsed<T: FromStr>(&self, key: &'static str) -> Result<T, ConfigError>
    where
        T::Err: std::fmt::Display,
    {
        let value = &self.values[key];
        value
            .parse()
            .map_err(|error: T::Err| self.invalid(key, format!("{value:?} does not fit: {error}")))
    }

    fn number<T: FromStr + PartialOrd + std::fmt::Display>(
        &self,
        key: &'static str,
        min: T,
        max: T,
    ) -> Result<T, ConfigError> {
        let value = &self.values[key];
        match value.parse::<T>() {
            Ok(number) if number >= min && number <= max => Ok(number),
            _ => Err(self.invalid(
                key,
                format!("{value:?} is not a whole number from {min} to {max}"),
            )),
        }
    }

    fn seconds(&self, key: &'static str, min: u64, max: u64) -> Result<Duration, ConfigError> {
        self.number(key, min, max).map(Duration::from_secs)
    }

    fn millis(&self, key: &'static str, min: u64, max: u64) -> Result<Duration, ConfigError> {
        self.number(key, min, max).map(Duration::from_millis)
    }

    fn flag(&self, key: &'static str) -> Result<bool, ConfigError> {
        match self.values[key].as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            other => Err(self.invalid(key, format!("{other:?} is neither true nor false"))),
        }
    }

    fn time(&self, key: &'static str) -> Result<NaiveTime, ConfigError> {
        let value = &self.values[key];
        NaiveTime::parse_from_str(value, "%H:%M")
            .map_err(|_| self.invalid(key, format!("{value:?} is not a time of day such as 00:05")))
    }

    fn price_range(
        &self,
        low: &'static str,
        high: &'static str,
    ) -> Result<PriceRange, ConfigError> {
        let min = Money::from_whole(self.number(low, 1, 1_000_000)?);
        let max = Money::from_whole(self.number(high, 1, 1_000_000)?);
        if min > max {
            return Err(self.invalid(low, format!("is above {high}")));
        }
        Ok(PriceRange { min, max })
    }

    fn mailbox(&self, key: &'static str) -> Result<String, ConfigError> {
        self.parsed::<lettre::message::Mailbox>(key)
            .map(|mailbox| mailbox.to_string())
    }

    fn currency(&self, key: &'static str) -> Result<String, ConfigError> {
        let value = &self.values[key];
        if value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(value.clone());
        }
        Err(self.invalid(
            key,
            format!("{value:?} is not a currency code of three capital letters"),
        ))
    }

    fn log(&self, key: &'static str) -> Result<String, ConfigError> {
        let value = &self.values[key];
        if matches!(value.as_str(), "json" | "pretty") {
            return Ok(value.clone());
        }
        Err(self.invalid(key, format!("{value:?} is neither json nor pretty")))
    }

    fn addresses(&self, key: &'static str) -> Result<Vec<std::net::IpAddr>, ConfigError> {
        self.values[key]
            .split(',')
            .map(str::trim)
            .filter(|address| !address.is_empty())
            .map(|address| {
                address
                    .parse()
                    .map_err(|_| self.invalid(key, format!("{address:?} is not an IP address")))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_values(
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn the_defaults_are_the_brief() {
        let config = load(&[]).unwrap();
        assert_eq!(
            config.fee,
            PriceRange {
                min: Money::from_whole(10),
                max: Money::from_whole(20)
            }
        );
        assert_eq!(
            config.reward,
            PriceRange {
                min: Money::from_whole(20),
                max: Money::from_whole(40)
            }
        );
        assert_eq!(config.zone.0, chrono_tz::Europe::Moscow);
    }

    #[test]
    fn an_unknown_key_is_refused_and_a_near_one_named() {
        let error = load(&[("ATES_TIMEZON", "UTC")]).unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown setting ATES_TIMEZON, did you mean ATES_TIMEZONE?"
        );
    }

    #[test]
    fn a_value_out_of_range_is_refused_in_one_line() {
        for (key, value) in [
            ("ATES_FEE_MIN", "0"),
            ("ATES_FEE_MIN", "21"),
            ("ATES_TIMEZONE", "Mars/Olympus"),
            ("ATES_PAYOUT_AT", "25:00"),
            ("ATES_BIND", "here"),
            ("ATES_BASE_URL", "ftp://example.org"),
            ("ATES_WEB_POOL", "many"),
            ("ATES_PUBLIC_BOARD", "maybe"),
            ("ATES_MAIL_FROM", "nobody"),
            ("ATES_CURRENCY", "roubles"),
        ] {
            let error = load(&[(key, value)]).unwrap_err().to_string();
            assert!(
                error.starts_with(key) && !error.contains('\n'),
                "{key}={value}: {error}"
            );
        }
    }

    #[test]
    fn the_readme_lists_every_setting_as_it_is() {
        let readme = include_str!("../../README.md");
        let (_, rest) = readme.split_once("<!-- settings -->").unwrap();
        let (table, _) = rest.split_once("<!-- /settings -->").unwrap();
        let rows = KEYS.iter().map(|key| {
            let default = if key.default.is_empty() {
                String::new()
            } else {
                format!("`{}`", key.default)
            };
            format!("| `{}` | {default} | {} |\n", key.name, key.meaning)
        });
        let wanted = format!(
            "\n| key | default | meaning |\n|---|---|---|\n{}",
            rows.collect::<String>()
        );
        assert_eq!(table, wanted);
    }

    #[test]
    fn shown_values_hide_passwords() {
        let config = load(&[("DATABASE_URL", "postgres://ates:s3cret@db.example/ates")]).unwrap();
        let shown: Vec<String> = config.shown().map(|(_, value)| value).collect();
        assert!(shown.iter().all(|value| !value.contains("s3cret")));
        assert!(shown.contains(&"postgres://ates:***@db.example/ates".to_owned()));
    }
}
