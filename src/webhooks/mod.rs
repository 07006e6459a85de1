//! Webhooks: sends events to the targets of the configuration, signed as Standard Webhooks has it.
//!
//! Each target is an outlet of the bus: at least once, in order for each subject, with retries, dead letters and the operator's pages.
//! Nothing but the configuration names a target, no redirect is followed, and of an answer only its status counts.

mod signature;

use std::time::Duration;

use ureq::Agent;
use ureq::http::{Request, StatusCode};

use crate::bus::{EventDocument, LoggedEvent, Outlet, Sent};
use crate::platform::clock::Clock;
use crate::platform::config::WebhookTarget;
use crate::platform::error::{AppError, AppResult};
use signature::sign;

/// How long a target may take for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of an answer that are read, so that the connection can be used again.
const MOST: u64 = 16 * 1024;

/// A target of the configuration.
pub struct Webhook {
    target: WebhookTarget,
    agent: Agent,
    clock: Clock,
}

impl Webhook {
    /// The way to a target.
    #[must_use]
    pub fn new(target: WebhookTarget, clock: Clock) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("ates/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            target,
            agent: agent.into(),
            clock,
        }
    }

    fn request(&self, event: &LoggedEvent) -> AppResult<Request<Vec<u8>>> {
        let document = EventDocument::from(event.clone());
        let body =
            serde_json::to_vec(&document).map_err(|error| AppError::internal(error.to_string()))?;
        let (id, at) = (document.id.to_string(), self.clock.now().timestamp());
        Request::post(self.target.address.as_str())
            .header("content-type", "application/json")
            .header(
                "webhook-signature",
                sign(&self.target.secrets, &id, at, &body),
            )
            .header("webhook-id", id)
            .header("webhook-timestamp", at.to_string())
            .body(body)
            .map_err(|error| AppError::internal(error.to_string()))
    }
}

impl Outlet for Webhook {
    fn name(&self) -> &'static str {
        self.target.consumer
    }

    fn types(&self) -> &'static [&'static str] {
        self.target.types
    }

    fn send(&mut self, event: &LoggedEvent) -> Sent {
        let request = match self.request(event) {
            Ok(request) => request,
            Err(error) => return Sent::Trouble(error.to_string()),
        };
        match self.agent.run(request) {
            Err(error) => Sent::Away(without_address(&error)),
            Ok(mut answer) => {
                drop(answer.body_mut().with_config().limit(MOST).read_to_vec());
                judge(answer.status())
            }
        }
    }
}

/// What a status means for the event, and for those behind it.
fn judge(status: StatusCode) -> Sent {
    let words = format!("the target answers {}", status.as_u16());
    match status.as_u16() {
        200..=299 => Sent::Taken,
        300..=399 => Sent::Refused(format!("{words}, and redirects are not followed")),
        408 | 425 | 429 | 502..=504 => Sent::Away(words),
        500..=599 => Sent::Trouble(words),
        _ => Sent::Refused(words),
    }
}

/// Why there is no answer. An address may hold a secret in its query, so it is not quoted.
fn without_address(error: &ureq::Error) -> String {
    match error {
        ureq::Error::BadUri(_) => "the address cannot be used".into(),
        other => format!("no answer: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_to_wait_to_try_again_or_to_give_up() {
        let judged = |status: u16| match judge(StatusCode::from_u16(status).unwrap()) {
            Sent::Taken => "taken",
            Sent::Away(_) => "away",
            Sent::Trouble(_) => "trouble",
            Sent::Refused(_) => "refused",
        };
        let all = [
            200, 204, 301, 400, 401, 404, 410, 408, 429, 500, 501, 502, 503, 504,
        ];
        assert_eq!(
            all.map(judged),
            [
                "taken", "taken", "refused", "refused", "refused", "refused", "refused", "away",
                "away", "trouble", "trouble", "away", "away", "away"
            ]
        );
    }
}
