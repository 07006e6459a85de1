//! Logs: one JSON object a line on standard output, or a form for people.

use std::sync::OnceLock;

use tracing_subscriber::EnvFilter;

static STARTED: OnceLock<()> = OnceLock::new();

/// Starts the log once per process; `form` is `json` or `pretty`, the level comes from `RUST_LOG` (default `info`).
pub fn start(form: &str) {
    STARTED.get_or_init(|| {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let log = tracing_subscriber::fmt().with_env_filter(filter);
        if form == "json" {
            log.json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .init();
        } else {
            log.with_target(false).compact().init();
        }
    });
}

/// Starts the log for somebody at a terminal: only what needs attention, on standard error, unless `RUST_LOG` says more.
pub fn start_quietly() {
    STARTED.get_or_init(|| {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_target(false)
            .compact()
            .with_writer(std::io::stderr)
            .init();
    });
}
