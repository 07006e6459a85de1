//! A connection to NATS, and a page of events on its way through it.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, stream};
use async_nats::{Client, ConnectOptions};
use tokio::time::{Instant, timeout_at};

use super::message::{self, Message};
use crate::bus::LoggedEvent;
use crate::platform::config::{NatsLogin, RelayTarget};
use crate::platform::error::{AppError, AppResult};

/// How long to wait for the broker when connecting and when asking for the stream.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// For how long the broker remembers ids, in a stream that the relay makes.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(3_600);

/// An open connection to a broker that has the stream.
pub(super) struct Connection {
    client: Client,
    jetstream: jetstream::Context,
}

impl Connection {
    /// Connects and makes sure that there is the stream; one that exists is left as it is.
    pub(super) async fn open(target: &RelayTarget) -> AppResult<Self> {
        // One attempt: the worker's own growing pause decides when to try again.
        let options = ConnectOptions::new()
            .name("ates relay")
            .connection_timeout(CONNECT_TIMEOUT)
            .max_reconnects(1);
        let options = match target.login.clone() {
            NatsLogin::Anonymous => options,
            NatsLogin::Token(token) => options.token(token),
            NatsLogin::Password { user, password } => options.user_and_password(user, password),
        };
        let client = options
            .connect(&target.servers)
            .await
            .map_err(|error| failed("cannot connect to NATS", &error))?;
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(CONNECT_TIMEOUT);
        let wanted = stream::Config {
            name: target.stream.clone(),
            subjects: vec![format!("{}.>", target.prefix)],
            duplicate_window: DUPLICATE_WINDOW,
            ..stream::Config::default()
        };
        jetstream
            .get_or_create_stream(wanted)
            .await
            .map_err(|error| failed("the stream cannot be had", &error))?;
        Ok(Self { client, jetstream })
    }

    pub(super) fn is_up(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Publishes a page and waits until the broker has stored it. Gives how many events, from the first on, are stored, and what
    /// came in the way of the others.
    ///
    /// Each message but the first names the one before it, and the broker refuses it behind any other: so a message that is lost
    /// on the way takes all later ones with it, and the order of the log stays.
    pub(super) async fn publish(
        &self,
        target: &RelayTarget,
        events: &[LoggedEvent],
        limit: Duration,
    ) -> (usize, Option<AppError>) {
        let deadline = Instant::now() + limit;
        let mut acks = Vec::with_capacity(events.len());
        let mut failure = None;
        let mut before = None;
        for event in events {
            match self
                .send(target, message::of(event), before, deadline)
                .await
            {
                Ok(ack) => acks.push(ack),
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
            before = Some(event.envelope.event_id.to_string());
        }
        let mut stored = 0;
        for ack in acks {
            match timeout_at(deadline, ack).await {
                Ok(Ok(_)) => stored += 1,
                Ok(Err(error)) => {
                    return (stored, Some(failed("NATS did not store an event", &error)));
                }
                Err(_) => {
                    return (
                        stored,
                        Some(AppError::internal("NATS did not answer in time")),
                    );
                }
            }
        }
        (stored, failure)
    }

    async fn send(
        &self,
        target: &RelayTarget,
        message: Message,
        before: Option<String>,
        deadline: Instant,
    ) -> AppResult<PublishAckFuture> {
        let mut publish = PublishMessage::build()
            .payload(message.body.into())
            .message_id(message.id)
            .expected_stream(&target.stream);
        if let Some(before) = before {
            publish = publish.expected_last_message_id(before);
        }
        for (name, value) in message.headers {
            publish = publish.header(name, value);
        }
        let subject = format!("{}.{}", target.prefix, message.event_type);
        timeout_at(deadline, self.jetstream.send_publish(subject, publish))
            .await
            .map_err(|_| AppError::internal("NATS takes no more events"))?
            .map_err(|error| failed("an event cannot be published", &error))
    }
}

fn failed(what: &str, error: &dyn std::error::Error) -> AppError {
    AppError::internal(format!("{what}: {error}"))
}
