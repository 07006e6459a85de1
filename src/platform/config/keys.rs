//! The table of all settings. What each means stands among the texts of each language as `setting-` and its name; the README's table
//! is checked against both.

use crate::platform::i18n::{Lang, text_of};

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// Its name in the environment and in the TOML file.
    pub name: &'static str,
    /// Its default; empty means not set.
    pub default: &'static str,
    /// Whether its value may hold a password.
    pub secret: bool,
}

impl Key {
    /// Unit and meaning, in a line.
    #[must_use]
    pub fn meaning(&self, lang: Lang) -> String {
        let name = self.name.to_lowercase().replace('_', "-");
        text_of(lang, &format!("setting-{name}"), [])
    }
}

const fn key(name: &'static str, default: &'static str) -> Key {
    Key {
        name,
        default,
        secret: false,
    }
}

const fn secret(name: &'static str, default: &'static str) -> Key {
    Key {
        name,
        default,
        secret: true,
    }
}

/// Every setting there is.
pub const KEYS: &[Key] = &[
    secret("DATABASE_URL", ""),
    secret("ATES_DATABASE_READ_URL", ""),
    key("ATES_DATABASE_READ_FOR", "all"),
    key("ATES_READ_OWN_WRITES_SECONDS", "10"),
    key("ATES_BIND", "127.0.0.1:8080"),
    key("ATES_METRICS_BIND", "127.0.0.1:9464"),
    key("ATES_BASE_URL", ""),
    secret("ATES_SMTP_URL", ""),
    key("ATES_MAIL_FROM", "aTES <payroll@uberpopug.example>"),
    key("ATES_TIMEZONE", "Europe/Moscow"),
    key("ATES_PAYOUT_AT", "00:00"),
    key("ATES_CURRENCY", "USD"),
    key("ATES_PAYOUT_DEBTOR_NAME", ""),
    key("ATES_PAYOUT_DEBTOR_IBAN", ""),
    key("ATES_PAYOUT_DEBTOR_BIC", ""),
    key("ATES_FEE_MIN", "10"),
    key("ATES_FEE_MAX", "20"),
    key("ATES_REWARD_MIN", "20"),
    key("ATES_REWARD_MAX", "40"),
    key("ATES_WEB_POOL", "8"),
    key("ATES_WORKER_POOL", "8"),
    key("ATES_READ_POOL", "8"),
    key("ATES_START_WAIT_SECONDS", "30"),
    key("ATES_POOL_WAIT_MS", "2000"),
    key("ATES_REQUEST_DEADLINE_SECONDS", "20"),
    key("ATES_PART_DEADLINE_MS", "1000"),
    key("ATES_REPORT_CACHE_SECONDS", "5"),
    key("ATES_WEB_STATEMENT_TIMEOUT_MS", "5000"),
    key("ATES_WORKER_STATEMENT_TIMEOUT_MS", "60000"),
    key("ATES_SESSION_IDLE_SECONDS", "3600"),
    key("ATES_SESSION_ABSOLUTE_SECONDS", "43200"),
    key("ATES_ACCESS_TOKEN_SECONDS", "600"),
    key("ATES_SECOND_FACTOR_ROLES", ""),
    key("ATES_BEAK_LOG_IN", "false"),
    key("ATES_API_VIEWER", "false"),
    key("ATES_LOGIN_BURST", "10"),
    key("ATES_LOGIN_REFILL_SECONDS", "6"),
    key("ATES_OIDC_ISSUER", ""),
    key("ATES_OIDC_CLIENT_ID", ""),
    secret("ATES_OIDC_CLIENT_SECRET", ""),
    key("ATES_OIDC_SCOPES", "openid email profile"),
    key("ATES_OIDC_LABEL", ""),
    key("ATES_OIDC_LINK_BY_EMAIL", "true"),
    key("ATES_OIDC_CREATE_ROLE", ""),
    key("ATES_BELL_SECONDS", "60"),
    key("ATES_SWEEP_AFTER_SECONDS", "60"),
    key("ATES_SCENARIO_SECONDS", "180"),
    key("ATES_RECONCILE_SECONDS", "60"),
    key("ATES_MAIL_RETRY_SECONDS", "172800"),
    key("ATES_MAIL_TIMEOUT_SECONDS", "20"),
    key("ATES_STATEMENT_MAILS", "false"),
    key("ATES_EVENT_RETRY_MAX_SECONDS", "300"),
    key("ATES_EVENT_PAGE", "1000"),
    key("ATES_LAG_WARNING_EVENTS", "10000"),
    key("ATES_SHUFFLE_QUEUE", "100"),
    key("ATES_SHUFFLE_CHUNK", "1000"),
    key("ATES_PAYOUT_CHUNK", "1000"),
    secret("ATES_RELAY_NATS_URL", ""),
    key("ATES_RELAY_STREAM", "ATES"),
    key("ATES_RELAY_PREFIX", "evt"),
    secret("ATES_WEBHOOKS", ""),
    key("ATES_REQUESTS_AT_ONCE", "64"),
    key("ATES_REQUESTS_WAITING", "256"),
    key("ATES_LIVE_STREAMS", "100"),
    key("ATES_FEED_READERS", "100"),
    key("ATES_ARCHIVE_AFTER_MONTHS", "60"),
    key("ATES_ARCHIVE_TABLESPACE", ""),
    key("ATES_LIMIT_CREATIONS_PER_DAY", "0"),
    key("ATES_LIMIT_COMPLETION_AGE_SECONDS", "0"),
    key("ATES_LIMIT_PRESSES_PER_DAY", "0"),
    key("ATES_PUBLIC_BOARD", "false"),
    key("ATES_STATUS_WORDS", "plain"),
    key("ATES_SELF_REGISTRATION", "false"),
    key("ATES_REGISTRATION_DOMAINS", ""),
    key("ATES_REGISTRATION_ROLE", "developer"),
    key("ATES_FIRST_RUN_SETUP", "true"),
    key("ATES_TRUSTED_PROXIES", ""),
    key("ATES_LOG", "json"),
    key("ATES_SERVER", ""),
    key("ATES_PG_BINDIR", ""),
    key("ATES_PG_USER", "postgres"),
];
