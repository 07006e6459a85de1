//! The relay: passes every event of the log on to a stream of NATS JetStream, for systems outside of this database.
//!
//! It is a tap of the bus, off unless `ATES_RELAY_NATS_URL` is set. Each event is published to `<prefix>.<type>` with its id as
//! `Nats-Msg-Id` and its envelope as the headers of CloudEvents. At least once, in the order of the log: the cursor moves when the
//! broker has stored a page, and a repetition carries the same ids, which JetStream drops within its window for duplicates.
//!
//! The relay knows no type of event and no schema; what it passes on was checked when it was written.

mod connection;
mod message;

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::bus::{LoggedEvent, Start, Tap};
use crate::platform::config::RelayTarget;
use crate::platform::error::{AppError, AppResult};
use connection::Connection;

/// How long a page may take to be stored by the broker; the cursor is locked meanwhile.
const PAGE_TIMEOUT: Duration = Duration::from_secs(10);

/// The name of the relay and of its cursor.
pub const NAME: &str = "relay.nats";

/// The relay to NATS JetStream.
pub struct NatsRelay {
    target: RelayTarget,
    /// The client's own thread: it answers the broker's pings while the relay rests.
    runtime: Runtime,
    connection: Option<Connection>,
}

impl NatsRelay {
    /// A relay that has not connected yet.
    ///
    /// # Errors
    /// That its thread cannot be made.
    pub fn new(target: RelayTarget) -> AppResult<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("relay.nats.client")
            .enable_all()
            .build()
            .map_err(|error| AppError::internal(error.to_string()))?;
        Ok(Self {
            target,
            runtime,
            connection: None,
        })
    }
}

impl Tap for NatsRelay {
    fn name(&self) -> &'static str {
        NAME
    }

    fn start(&self) -> Start {
        Start::Beginning
    }

    fn prepare(&mut self) -> AppResult<()> {
        if self.connection.as_ref().is_none_or(|open| !open.is_up()) {
            self.connection = None;
            self.connection = Some(self.runtime.block_on(Connection::open(&self.target))?);
        }
        Ok(())
    }

    fn take(&mut self, events: &[LoggedEvent]) -> AppResult<usize> {
        let Some(connection) = &self.connection else {
            return Err(AppError::internal("the relay is not connected"));
        };
        let (stored, failure) =
            self.runtime
                .block_on(connection.publish(&self.target, events, PAGE_TIMEOUT));
        let Some(failure) = failure else {
            return Ok(stored);
        };
        // What is still on its way belongs to the broken connection and goes with it.
        self.connection = None;
        if stored == 0 {
            return Err(failure);
        }
        tracing::warn!(stored, of = events.len(), error = %failure, "a page was relayed in part");
        Ok(stored)
    }
}
