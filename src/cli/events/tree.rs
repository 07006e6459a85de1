//! `ates events tree`.

use std::process::ExitCode;

use uuid::Uuid;

use super::{CliError, roster_of};
use crate::cli::connect;
use crate::operations::{self, Node};
use crate::platform::config::Config;

/// Everything that a click has started, each event below its cause; the one that was asked for has a star.
pub(super) fn tree(config: Config, id: Uuid) -> Result<ExitCode, CliError> {
    let db = connect::open(&config)?;
    let roster = roster_of(config, &db)?;
    let trees = db.read_blocking(operations::ROLE, |conn| {
        operations::trees(conn, &roster, id)
    })?;
    if trees.is_empty() {
        return Err(CliError(format!("the log knows nothing of {id}")));
    }
    for tree in &trees {
        println!("click {}", tree.correlation);
        tree.nodes.iter().for_each(print);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(node: &Node) {
    let event = &node.event;
    let indent = "  ".repeat(node.depth + 1);
    let star = if node.asked { "* " } else { "" };
    let visits: Vec<String> = node
        .visits
        .iter()
        .map(|visit| format!("{} {}", visit.subscriber, visit.stage.word()))
        .collect();
    let visits = if visits.is_empty() {
        "for nobody".to_owned()
    } else {
        visits.join(", ")
    };
    println!(
        "{indent}{star}{} v{} #{} {} about {} [{} -> {}] {visits}",
        event.event_type,
        event.type_version,
        event.seq,
        event.recorded_at.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
        event.subject_id,
        event.producer,
        event.topic,
    );
    if node.more > 0 {
        println!("{indent}and {} more {}", node.more, event.event_type);
    }
}
