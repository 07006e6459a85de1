//! `ates events show` and `ates events tail`.

use std::process::ExitCode;

use serde_json::json;
use uuid::Uuid;

use super::CliError;
use crate::bus::{self, Envelope, LogFilter};
use crate::cli::connect;
use crate::operations;
use crate::platform::config::Config;

/// An event with its envelope and content, as JSON in the words of the contract.
pub(super) fn show(config: &Config, id: Uuid) -> Result<ExitCode, CliError> {
    let db = connect::open(config)?;
    let found = db.read_blocking(operations::ROLE, |conn| {
        let Some(event) = bus::find_event(conn, id)? else {
            return Ok(None);
        };
        let data = bus::payload_of(conn, event.seq)?;
        Ok(Some((event, data)))
    })?;
    let (event, data) = found.ok_or_else(|| CliError(format!("there is no event {id}")))?;
    let shown = json!({
        "seq": event.seq, "id": event.event_id, "type": event.event_type, "version": event.type_version,
        "time": event.recorded_at, "producer": event.producer, "subject": event.subject_id, "topic": event.topic,
        "causation_id": event.causation_id, "correlation_id": event.correlation_id, "actor_id": event.actor_id,
        "data": data,
    });
    let text = serde_json::to_string_pretty(&shown).map_err(|error| CliError(error.to_string()))?;
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}

/// The last events of the log, the oldest of them first, a line each.
pub(super) fn tail(config: &Config, lines: i64) -> Result<ExitCode, CliError> {
    let db = connect::open(config)?;
    let events = db.read_blocking(operations::ROLE, |conn| {
        bus::list_log(conn, &LogFilter::default(), None, lines)
    })?;
    for event in events.iter().rev() {
        print(event);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(event: &Envelope) {
    println!(
        "#{} {} {} v{} {} about {}",
        event.seq,
        event.recorded_at.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
        event.event_type,
        event.type_version,
        event.event_id,
        event.subject_id
    );
}
