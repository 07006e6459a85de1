//! `ates serve`.

use std::process::ExitCode;
use std::time::Duration;

use super::interrupt::Interrupt;
use super::{CliError, ServeArgs, connect};
use crate::app::{self, Services, Work};
use crate::platform::config::Config;
use crate::platform::telemetry;

/// When a process that was told to stop ends in any case: everything it does is safe to be cut off, and whoever waits for it has been
/// promised twenty seconds.
const LAST_MOMENT: Duration = Duration::from_millis(19_500);

pub(super) fn serve(config: Config, args: &ServeArgs) -> Result<ExitCode, CliError> {
    telemetry::start(&config.log);
    let url = connect::address(&config)?.to_owned();
    if args.read_only {
        let db = connect::open_to_show(&config, &url)?;
        let services = Services::new(config, db, false)?;
        let log = |bound: &app::Bound| tracing::info!(address = %bound.address, "serving, only for reading");
        block_on(app::show(services, log))?;
        return Ok(ExitCode::SUCCESS);
    }
    let db = connect::open_migrated_patiently(&config, &url, &|| false)?;
    Interrupt::act(|| {
        std::thread::sleep(LAST_MOMENT);
        tracing::warn!("something does not come to an end; its work is taken up at the next start");
        std::process::exit(0);
    })?;
    let mut services = Services::new(config, db, false)?;
    services.work = match (args.mails_only, args.no_mails) {
        (true, _) => Work::Mails,
        (_, true) => Work::AllButMails,
        _ => Work::All,
    };
    let no_workers = args.no_workers;
    if args.workers_only || args.mails_only {
        block_on(app::work(services))?;
    } else {
        let log = |bound: &app::Bound| tracing::info!(address = %bound.address, "serving");
        block_on(app::serve(services, !no_workers, log))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the program's main future; the web server's own runtime is a system of threads with one runtime each.
pub(super) fn block_on<T>(
    future: impl Future<Output = Result<T, crate::platform::error::AppError>>,
) -> Result<T, CliError> {
    Ok(actix_web::rt::System::new().block_on(future)?)
}
