//! The way out to the provider: short, without redirects, of bounded answers, and never in the clear.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use ureq::Agent;
use url::Url;

use crate::platform::config::is_safe;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of an answer at most.
const MOST: u64 = 256 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Transport(#[from] ureq::Error),
    #[error("{0} is not asked: it is neither https nor on this machine")]
    Unsafe(String),
    #[error("{0} leads elsewhere, and that is not followed")]
    Redirect(String),
    #[error("{address} answers {status}")]
    Broken { address: String, status: u16 },
}

/// A client for the provider.
pub(super) fn client() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

/// Sends one request.
pub(super) fn send(agent: &Agent, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let address = request.uri().to_string();
    if !Url::parse(&address).is_ok_and(|address| is_safe(&address)) {
        return Err(Failure::Unsafe(address));
    }
    let mut answer = agent.run(request)?;
    let status = answer.status();
    if status.is_redirection() {
        return Err(Failure::Redirect(address));
    }
    if status.is_server_error() {
        let status = status.as_u16();
        return Err(Failure::Broken { address, status });
    }
    let body = answer.body_mut().with_config().limit(MOST).read_to_vec()?;
    let (parts, _) = answer.into_parts();
    Ok(HttpResponse::from_parts(parts, body))
}
