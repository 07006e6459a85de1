//! `ates --server URL events tail`.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::super::CliError;
use super::client::Client;
use super::text;

/// Events that the server gives at once.
const PIECE: i64 = 100;

/// Seconds that the server lets us wait for an event.
const WAIT: u32 = 20;

/// Seconds until a server that is busy or starts anew is asked again.
const PATIENCE: u64 = 5;

/// Shows the last events of the log, and with `follow` those that come.
pub(in crate::cli) fn tail(
    server: Url,
    lines: i64,
    follow: bool,
    json: bool,
) -> Result<ExitCode, CliError> {
    let client = Client::of(server)?;
    let head = number(&client.get("/api/v1/events?limit=1")?["head"]);
    let mut after = (head - lines).max(0);
    // Numbers have holes: go back until there are enough.
    let mut events = collect(&client, after, head)?;
    while i64::try_from(events.len()).is_ok_and(|found| found < lines) && after > 0 {
        let further = (after - lines).max(0);
        events.splice(0..0, collect(&client, further, after)?);
        after = further;
    }
    let surplus = events
        .len()
        .saturating_sub(usize::try_from(lines).unwrap_or(usize::MAX));
    for event in &events[surplus..] {
        print(event, json);
    }
    if follow {
        return follow_from(&client, head, json);
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows what comes behind a number of the log, until somebody stops it or the server will not go on.
fn follow_from(client: &Client, mut after: i64, json: bool) -> Result<ExitCode, CliError> {
    loop {
        let path = format!("/api/v1/events?after={after}&wait={WAIT}&limit={PIECE}");
        let answer = client.send("GET", &path, None)?;
        if matches!(answer.status, 429 | 503) {
            let patience = answer.retry_after.unwrap_or(PATIENCE);
            std::thread::sleep(Duration::from_secs(patience));
            continue;
        }
        let piece = answer.good()?;
        for event in piece["items"].as_array().into_iter().flatten() {
            print(event, json);
        }
        after = number(&piece["next"]).max(after);
    }
}

/// The events between two numbers of the log.
fn collect(client: &Client, mut after: i64, upto: i64) -> Result<Vec<Value>, CliError> {
    let mut found = Vec::new();
    while after < upto {
        let piece = client.get(&format!("/api/v1/events?after={after}&limit={PIECE}"))?;
        let events = piece["items"].as_array().cloned().unwrap_or_default();
        found.extend(
            events
                .into_iter()
                .filter(|event| number(&event["seq"]) <= upto),
        );
        let next = number(&piece["next"]);
        if next <= after {
            break;
        }
        after = next;
    }
    Ok(found)
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// A line for people as the local command has it, or the event as it came.
fn print(event: &Value, json: bool) {
    if json {
        println!("{event}");
        return;
    }
    println!(
        "#{} {} {} v{} {} about {}",
        text(&event["seq"]),
        text(&event["time"]),
        text(&event["type"]),
        text(&event["version"]),
        text(&event["id"]),
        text(&event["subject"]),
    );
}
