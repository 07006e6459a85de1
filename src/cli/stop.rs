//! `ates stop` and `ates release`.

use std::process::ExitCode;

use super::create_admin::read_password;
use super::{CliError, ReleaseArgs, connect};
use crate::auth::{self, PasswordGate};
use crate::operations;
use crate::platform::config::Config;
use crate::platform::db::Origin;
use crate::platform::error::AppError;

pub(super) fn stop(config: &Config, reason: &str) -> Result<ExitCode, CliError> {
    let db = connect::open(config)?;
    operations::stop_from_host(&db, reason)?;
    println!("the emergency stop is set: nothing changes until an administrator releases it");
    Ok(ExitCode::SUCCESS)
}

pub(super) fn release(config: &Config, args: &ReleaseArgs) -> Result<ExitCode, CliError> {
    let db = connect::open(config)?;
    let actor = db
        .read_blocking(auth::ROLE, |conn| {
            auth::actor_by_username(conn, &args.username)
        })
        .map_err(|error| match error {
            AppError::NotFound => CliError(format!("there is no user {}", args.username)),
            other => other.into(),
        })?;
    let password = read_password(args.password_stdin)?;
    let origin = Origin {
        actor: Some(actor.id.0),
        ..Origin::system()
    };
    let gate = PasswordGate::default();
    let released = actix_web::rt::System::new().block_on(operations::release(
        &db,
        &gate,
        &actor,
        origin,
        &args.reason,
        password,
    ))?;
    println!("released; it was set because: {}", released.reason);
    Ok(ExitCode::SUCCESS)
}
