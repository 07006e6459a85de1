//! Reading settings: each method takes a key and says what is wrong with its value in one line.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use chrono::NaiveTime;

use super::{ConfigError, PriceRange, RelayTarget, relay};
use crate::platform::money::Money;

/// The roles that people have; auth, which owns them, holds this list against its own.
pub const HUMAN_ROLES: [&str; 6] = [
    "administrator",
    "manager",
    "developer",
    "boss",
    "accountant",
    "other",
];

/// The texts of all settings, read as what they stand for.
pub(super) struct Reader<'a> {
    pub(super) values: &'a BTreeMap<&'static str, String>,
}

impl Reader<'_> {
    #[expect(
        clippy::unused_self,
        reason = "reads as one vocabulary with its siblings"
    )]
    pub(super) fn invalid(&self, key: &'static str, reason: impl ToString) -> ConfigError {
        ConfigError::Invalid {
            key,
            reason: reason.to_string(),
        }
    }

    pub(super) fn optional(&self, key: &'static str) -> Option<String> {
        Some(self.values[key].clone()).filter(|value| !value.is_empty())
    }

    pub(super) fn parsed<T: FromStr>(&self, key: &'static str) -> Result<T, ConfigError>
    where
        T::Err: std::fmt::Display,
    {
        let value = &self.values[key];
        value
            .parse()
            .map_err(|error: T::Err| self.invalid(key, format!("{value:?} does not fit: {error}")))
    }

    pub(super) fn number<T: FromStr + PartialOrd + std::fmt::Display>(
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

    /// A number that is off at zero.
    pub(super) fn limit(&self, key: &'static str, max: i64) -> Result<Option<i64>, ConfigError> {
        let limit = self.number(key, 0, max)?;
        Ok(Some(limit).filter(|limit| *limit > 0))
    }

    pub(super) fn seconds(
        &self,
        key: &'static str,
        min: u64,
        max: u64,
    ) -> Result<Duration, ConfigError> {
        self.number(key, min, max).map(Duration::from_secs)
    }

    pub(super) fn millis(
        &self,
        key: &'static str,
        min: u64,
        max: u64,
    ) -> Result<Duration, ConfigError> {
        self.number(key, min, max).map(Duration::from_millis)
    }

    pub(super) fn flag(&self, key: &'static str) -> Result<bool, ConfigError> {
        match self.values[key].as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            other => Err(self.invalid(key, format!("{other:?} is neither true nor false"))),
        }
    }

    pub(super) fn time(&self, key: &'static str) -> Result<NaiveTime, ConfigError> {
        let value = &self.values[key];
        NaiveTime::parse_from_str(value, "%H:%M")
            .map_err(|_| self.invalid(key, format!("{value:?} is not a time of day such as 00:05")))
    }

    pub(super) fn price_range(
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

    /// Roles of people, each by its name.
    pub(super) fn roles(&self, key: &'static str) -> Result<Vec<&'static str>, ConfigError> {
        self.values[key]
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| {
                let role = HUMAN_ROLES.into_iter().find(|role| *role == name);
                role.ok_or_else(|| {
                    let roles = HUMAN_ROLES.join(", ");
                    self.invalid(key, format!("{name:?} is none of {roles}"))
                })
            })
            .collect()
    }

    pub(super) fn mailbox(&self, key: &'static str) -> Result<String, ConfigError> {
        self.parsed::<lettre::message::Mailbox>(key)
            .map(|mailbox| mailbox.to_string())
    }

    pub(super) fn currency(&self, key: &'static str) -> Result<String, ConfigError> {
        let value = &self.values[key];
        if value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(value.clone());
        }
        Err(self.invalid(
            key,
            format!("{value:?} is not a currency code of three capital letters"),
        ))
    }

    pub(super) fn log(&self, key: &'static str) -> Result<String, ConfigError> {
        let value = &self.values[key];
        if matches!(value.as_str(), "json" | "pretty") {
            return Ok(value.clone());
        }
        Err(self.invalid(key, format!("{value:?} is neither json nor pretty")))
    }

    pub(super) fn relay(&self) -> Result<Option<RelayTarget>, ConfigError> {
        let (url, stream, prefix) = (
            "ATES_RELAY_NATS_URL",
            "ATES_RELAY_STREAM",
            "ATES_RELAY_PREFIX",
        );
        if !relay::is_stream_name(&self.values[stream]) {
            return Err(self.invalid(stream, "expected letters, digits, _ and -"));
        }
        if !self.values[prefix].split('.').all(relay::is_stream_name) {
            return Err(self.invalid(
                prefix,
                "expected words of letters, digits, _ and -, parted by dots",
            ));
        }
        let Some(list) = self.optional(url) else {
            return Ok(None);
        };
        let (servers, login) =
            relay::parse_servers(&list).map_err(|reason| self.invalid(url, reason))?;
        Ok(Some(RelayTarget {
            servers,
            login,
            stream: self.values[stream].clone(),
            prefix: self.values[prefix].clone(),
        }))
    }

    pub(super) fn addresses(
        &self,
        key: &'static str,
    ) -> Result<Vec<std::net::IpAddr>, ConfigError> {
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
