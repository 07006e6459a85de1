//! `ates demo`: a private Postgres, a made-up company with a month of history, and the log-ins to look around with.

mod bookmark;
mod history;
mod password;

use std::process::ExitCode;
use std::time::Instant;

use bookmark::Bookmark;

use super::interrupt::Interrupt;
use super::serve::block_on;
use super::{CliError, DemoArgs, connect};
use crate::app::{self, Services};
use crate::platform::config::Config;
use crate::platform::embedded::{Embedded, EmbeddedChoice};
use crate::platform::telemetry;

/// The people whose log-ins are printed.
const LOG_INS: [&str; 4] = ["developer", "manager", "accountant", "administrator"];

pub(super) fn demo(mut config: Config, args: &DemoArgs) -> Result<ExitCode, CliError> {
    telemetry::start_quietly();
    println!("aTES {} demo", env!("CARGO_PKG_VERSION"));
    let begun = Instant::now();
    config.beak_log_in = true;
    config.api_viewer = true;
    let interrupt = Interrupt::listen()?;
    // A busy port shows before the database and the company's month are made, not after.
    drop(app::listen(config.bind)?);
    std::fs::create_dir_all(&args.data).map_err(|error| {
        CliError(format!(
            "cannot make the folder {}: {error}",
            args.data.display()
        ))
    })?;
    let (url, private) = match &config.database_url {
        Some(url) => (url.clone(), None),
        None => {
            let private = start_private(&config, args)?;
            (private.database_url(), Some(private))
        }
    };
    let outcome = serve(config, args, &url, begun, &interrupt);
    if let Some(private) = private {
        private
            .stop()
            .map_err(|error| CliError(error.to_string()))?;
        println!("  stopped; the data stay in {}", args.data.display());
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

fn start_private(config: &Config, args: &DemoArgs) -> Result<Embedded, CliError> {
    let choice = EmbeddedChoice {
        bindir: config.pg_bindir.clone(),
        user: Some(config.pg_user.clone()),
    };
    let private = Embedded::start(&args.data, &choice, &mut |line| println!("  {line}"))
        .map_err(|error| CliError(error.to_string()))?;
    println!(
        "  Postgres {} runs, data in {} (remove the folder to start over)",
        private.version(),
        args.data.display()
    );
    Ok(private)
}

fn serve(
    config: Config,
    args: &DemoArgs,
    url: &str,
    begun: Instant,
    interrupt: &Interrupt,
) -> Result<(), CliError> {
    let db = connect::open_migrated_patiently(&config, url, &|| interrupt.is_asked())?;
    let password = if args.empty {
        None
    } else {
        Some(password::of(&args.data)?)
    };
    let bookmark = Bookmark::new(&args.data, url);
    if let Some(password) = &password
        && (bookmark.read()?.is_some() || history::is_missing(&db)?)
    {
        history::live_through(&config, url, password, args.days, &bookmark, interrupt)?;
    }
    if interrupt.is_asked() {
        println!("  stopped early; the next start goes on from here");
        return Ok(());
    }
    let services = Services::new(config, db, true)?;
    let base = services.config.base_url.clone();
    let connected = services.mailer.is_connected();
    let ready = move |_: &app::Bound| {
        println!(
            "  ready after {:.1} s: {base}",
            begun.elapsed().as_secs_f32()
        );
        if let Some(password) = password {
            println!(
                "  log in as {} with the password: {password}",
                LOG_INS.join(", ")
            );
        } else {
            println!(
                "  no company yet: make an administrator with `ates user create-admin`, DATABASE_URL={url}"
            );
        }
        if !connected {
            println!("  mails are kept and shown at {base}admin/mails");
        }
        println!("  Ctrl-C stops everything");
    };
    block_on(app::serve(services, true, ready))
}
