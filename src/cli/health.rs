//! `ates health`: the health check of the server on this host, for containers and units that have no other program to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;
use std::time::Duration;

use ureq::Agent;

use super::CliError;
use crate::platform::config::Config;

/// How long the answer may take; a check of a container has little more.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks `/health/ready`, or only whether the process lives.
pub(super) fn health(config: &Config, live: bool) -> Result<ExitCode, CliError> {
    let mut address = config.bind;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let path = if live { "live" } else { "ready" };
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let mut answer = agent
        .get(format!("http://{address}/health/{path}"))
        .call()
        .map_err(|error| CliError(format!("nobody answers at {address}: {error}")))?;
    let words = answer.body_mut().read_to_string().unwrap_or_default();
    println!("{words}");
    Ok(if answer.status().is_success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
