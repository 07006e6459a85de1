//! The table of all settings; the README's table is checked against it.

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// Its name in the environment and in the TOML file.
    pub name: &'static str,
    /// Its default; empty means not set.
    pub default: &'static str,
    /// Unit and meaning, in a line.
    pub meaning: &'static str,
    /// Whether its value may hold a password.
    pub secret: bool,
}

const fn key(name: &'static str, default: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        default,
        meaning,
        secret: false,
    }
}

const fn secret(name: &'static str, default: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        default,
        meaning,
        secret: true,
    }
}

/// Every setting there is.
pub const KEYS: &[Key] = &[
    secret(
        "DATABASE_URL",
        "",
        "address of the Postgres server, several hosts allowed; `ates demo` starts a private one when it is empty",
    ),
    secret(
        "ATES_DATABASE_READ_URL",
        "",
        "address that the read-only pages use, such as a standby; empty: the same as `DATABASE_URL`",
    ),
    key(
        "ATES_DATABASE_READ_FOR",
        "all",
        "which pages use that address: `all`, or those of `analytics` alone",
    ),
    key(
        "ATES_READ_OWN_WRITES_SECONDS",
        "10",
        "how long at most somebody who has changed something reads the primary instead, until the standby has it too, seconds",
    ),
    key(
        "ATES_BIND",
        "127.0.0.1:8080",
        "address and port to listen on",
    ),
    key(
        "ATES_METRICS_BIND",
        "127.0.0.1:9464",
        "address and port for scrapers of `/metrics`; empty: no metrics",
    ),
    key(
        "ATES_BASE_URL",
        "",
        "the address people use; `https` makes cookies Secure; empty: `http://` and `ATES_BIND`",
    ),
    secret(
        "ATES_SMTP_URL",
        "",
        "mail server as `smtp://user:password@host:port` (`smtps://` for TLS); empty: mails are kept and shown in the admin section",
    ),
    key(
        "ATES_MAIL_FROM",
        "aTES <payroll@uberpopug.example>",
        "sender of all mails",
    ),
    key(
        "ATES_TIMEZONE",
        "Europe/Moscow",
        "IANA zone in which the business day begins and ends",
    ),
    key(
        "ATES_PAYOUT_AT",
        "00:00",
        "time of day, in that zone, from which the day before may be settled",
    ),
    key(
        "ATES_CURRENCY",
        "USD",
        "currency code shown with amounts and used in exports",
    ),
    key(
        "ATES_PAYOUT_DEBTOR_NAME",
        "",
        "name of the company in payment files; empty, with the next two: no payment files",
    ),
    key(
        "ATES_PAYOUT_DEBTOR_IBAN",
        "",
        "the company's account from which payouts are paid; its check digits are verified",
    ),
    key(
        "ATES_PAYOUT_DEBTOR_BIC",
        "",
        "BIC of the company's bank; empty: the file says that it is not provided",
    ),
    key(
        "ATES_FEE_MIN",
        "10",
        "lowest assignment fee, whole currency units",
    ),
    key(
        "ATES_FEE_MAX",
        "20",
        "highest assignment fee, whole currency units",
    ),
    key(
        "ATES_REWARD_MIN",
        "20",
        "lowest completion reward, whole currency units",
    ),
    key(
        "ATES_REWARD_MAX",
        "40",
        "highest completion reward, whole currency units",
    ),
    key(
        "ATES_WEB_POOL",
        "8",
        "database connections for requests that write",
    ),
    key(
        "ATES_WORKER_POOL",
        "8",
        "database connections for the bus, the jobs and the mail worker",
    ),
    key(
        "ATES_READ_POOL",
        "8",
        "database connections for pages that only read",
    ),
    key(
        "ATES_START_WAIT_SECONDS",
        "30",
        "how long `ates serve` and `ates demo` wait at their start for a database that is away or not ready yet, seconds",
    ),
    key(
        "ATES_POOL_WAIT_MS",
        "2000",
        "how long a request waits for a connection before it is answered 503, milliseconds",
    ),
    key(
        "ATES_REQUEST_DEADLINE_SECONDS",
        "20",
        "how long a request waits for the work of the database before it is answered 503, seconds",
    ),
    key(
        "ATES_PART_DEADLINE_MS",
        "1000",
        "how long each statement of a part of a page may take before the page is answered without that part, milliseconds",
    ),
    key(
        "ATES_REPORT_CACHE_SECONDS",
        "5",
        "how long the answer of an expensive report is kept for the person who asked, unless they change something, seconds; 0: never",
    ),
    key(
        "ATES_WEB_STATEMENT_TIMEOUT_MS",
        "5000",
        "limit of one statement of a request, milliseconds",
    ),
    key(
        "ATES_WORKER_STATEMENT_TIMEOUT_MS",
        "60000",
        "limit of one statement of a worker, milliseconds",
    ),
    key(
        "ATES_SESSION_IDLE_SECONDS",
        "3600",
        "a browser session ends after so long without a request, seconds",
    ),
    key(
        "ATES_SESSION_ABSOLUTE_SECONDS",
        "43200",
        "a browser session ends so long after the log-in, seconds",
    ),
    key(
        "ATES_ACCESS_TOKEN_SECONDS",
        "600",
        "life of an access token, seconds",
    ),
    key(
        "ATES_SECOND_FACTOR_ROLES",
        "",
        "roles whose people must set up a second factor before they get to anything, separated by commas; empty: nobody must",
    ),
    key(
        "ATES_BEAK_LOG_IN",
        "false",
        "whether people may log in with the shape of their beak in place of the password (docs/CREDENTIALS.md); `ates demo` always lets them",
    ),
    key(
        "ATES_API_VIEWER",
        "false",
        "whether people who are logged in may look at the API's document in a viewer at `/docs/api/`; `ates demo` always shows it",
    ),
    key(
        "ATES_LOGIN_BURST",
        "10",
        "wrong log-ins that one source address may have at once, an IPv6 /64 counts as one; a further try is answered 429; 0: no limit",
    ),
    key(
        "ATES_LOGIN_REFILL_SECONDS",
        "6",
        "time in which a source address gets one more try to log in, seconds",
    ),
    key(
        "ATES_OIDC_ISSUER",
        "",
        "issuer of the company's own OpenID Connect provider, at which people may log in; empty: none",
    ),
    key(
        "ATES_OIDC_CLIENT_ID",
        "",
        "the name under which this installation is registered there",
    ),
    secret(
        "ATES_OIDC_CLIENT_SECRET",
        "",
        "its secret there; empty for a client without one, which PKCE alone protects",
    ),
    key(
        "ATES_OIDC_SCOPES",
        "openid email profile",
        "what is asked for there, separated by spaces",
    ),
    key(
        "ATES_OIDC_LABEL",
        "",
        "what stands on the button of the log-in page; empty: words of the page's language",
    ),
    key(
        "ATES_OIDC_LINK_BY_EMAIL",
        "true",
        "whether somebody who comes from there for the first time gets the active account of their verified address",
    ),
    key(
        "ATES_OIDC_CREATE_ROLE",
        "",
        "role of an account that is made for somebody unknown who comes from there: other, developer or boss; empty: none is made",
    ),
    key(
        "ATES_BELL_SECONDS",
        "60",
        "how often the scheduler looks for due jobs, seconds",
    ),
    key(
        "ATES_SWEEP_AFTER_SECONDS",
        "60",
        "age at which an unpriced task or an unbooked assignment is picked up by the sweep, seconds",
    ),
    key(
        "ATES_SCENARIO_SECONDS",
        "180",
        "time within which each step of a planned scenario must follow the one before, seconds; then an alert is raised",
    ),
    key(
        "ATES_RECONCILE_SECONDS",
        "60",
        "how often the reconciler compares the books; it rests longer when a round takes more than a quarter of this, seconds",
    ),
    key(
        "ATES_MAIL_RETRY_SECONDS",
        "172800",
        "how long a mail is retried before it is marked failed, seconds",
    ),
    key(
        "ATES_MAIL_TIMEOUT_SECONDS",
        "20",
        "how long the mail server may take for each answer, seconds",
    ),
    key(
        "ATES_STATEMENT_MAILS",
        "false",
        "whether those who are paid nothing for a day get their statement by mail too",
    ),
    key(
        "ATES_EVENT_RETRY_MAX_SECONDS",
        "300",
        "longest pause between two tries of an event that failed; the first is one second, each is twice the last, seconds",
    ),
    key(
        "ATES_EVENT_PAGE",
        "1000",
        "events that a subscriber takes in one transaction at most",
    ),
    key(
        "ATES_LAG_WARNING_EVENTS",
        "10000",
        "a subscriber that is further behind than this is warned about, on the operator's pages and each minute in the log, events",
    ),
    key(
        "ATES_SHUFFLE_QUEUE",
        "100",
        "shuffles that may wait; a further press is answered 429",
    ),
    key(
        "ATES_SHUFFLE_CHUNK",
        "1000",
        "tasks that a shuffle moves in one transaction",
    ),
    key(
        "ATES_PAYOUT_CHUNK",
        "1000",
        "accounts that a settlement looks at in one transaction",
    ),
    secret(
        "ATES_RELAY_NATS_URL",
        "",
        "NATS servers with JetStream that every event is relayed to, as `nats://user:password@host:port` (`tls://` for TLS, several separated by commas); empty: no relay",
    ),
    key(
        "ATES_RELAY_STREAM",
        "ATES",
        "name of the JetStream stream that the relay writes into; made when it is missing",
    ),
    key(
        "ATES_RELAY_PREFIX",
        "evt",
        "what the relay's subjects begin with: `<prefix>.<type>`",
    ),
    secret(
        "ATES_WEBHOOKS",
        "",
        "targets that events are sent to, parted by semicolons: `NAME ADDRESS SECRET TYPES`, TYPES separated by commas, without TYPES all of them (docs/API.md); empty: none",
    ),
    key(
        "ATES_REQUESTS_AT_ONCE",
        "64",
        "requests that are worked on at the same time; further ones wait for their turn as long as for a connection",
    ),
    key(
        "ATES_REQUESTS_WAITING",
        "256",
        "requests that may wait for their turn; a further one is answered 503 at once",
    ),
    key(
        "ATES_LIVE_STREAMS",
        "100",
        "pages that may be kept up to date at the same time; further ones are read again every two seconds",
    ),
    key(
        "ATES_FEED_READERS",
        "100",
        "readers of the event feed that may wait or be streamed to at the same time; a further one is answered 503",
    ),
    key(
        "ATES_ARCHIVE_AFTER_MONTHS",
        "60",
        "age from which months of the ledger, the journal and the log are moved to the archive, whole months",
    ),
    key(
        "ATES_ARCHIVE_TABLESPACE",
        "",
        "tablespace of the files of the archive, made beforehand; empty: they stay where they are",
    ),
    key(
        "ATES_LIMIT_CREATIONS_PER_DAY",
        "0",
        "tasks that one user may create on one business day; a further one is answered 429; 0: no limit",
    ),
    key(
        "ATES_LIMIT_COMPLETION_AGE_SECONDS",
        "0",
        "age that a task must have before it can be completed, a younger one is answered 409, seconds; 0: no limit",
    ),
    key(
        "ATES_LIMIT_PRESSES_PER_DAY",
        "0",
        "shuffles that one user may press on one business day; a further press is answered 429; 0: no limit",
    ),
    key(
        "ATES_PUBLIC_BOARD",
        "false",
        "whether everyone may see all tasks and who has them",
    ),
    key(
        "ATES_STATUS_WORDS",
        "plain",
        "what people read for a task that is open and one that is done: `plain`, or `birds` for a bird in the cage and millet in the bowl; data and API stay as they are",
    ),
    key(
        "ATES_SELF_REGISTRATION",
        "false",
        "whether people may register themselves; their address is proven by mail before the account is made",
    ),
    key(
        "ATES_REGISTRATION_DOMAINS",
        "",
        "domains of the addresses with which people may register themselves, separated by commas; empty: any",
    ),
    key(
        "ATES_REGISTRATION_ROLE",
        "developer",
        "role of those who register themselves: developer, boss or other",
    ),
    key(
        "ATES_FIRST_RUN_SETUP",
        "true",
        "whether an installation without an administrator leads its visitors to /setup, where the code from the log makes the first one",
    ),
    key(
        "ATES_TRUSTED_PROXIES",
        "",
        "addresses of proxies whose X-Forwarded-For is believed, separated by commas",
    ),
    key(
        "ATES_LOG",
        "json",
        "form of the log lines on standard output: json or pretty",
    ),
    key(
        "ATES_SERVER",
        "",
        "address of a remote aTES for the commands that speak to one, such as `ates task list`; `--server` wins over it",
    ),
    key(
        "ATES_PG_BINDIR",
        "",
        "where `ates demo` finds initdb and postgres; empty: it looks in the usual places",
    ),
    key(
        "ATES_PG_USER",
        "postgres",
        "the user that the private Postgres runs as when `ates demo` is started by root",
    ),
];
