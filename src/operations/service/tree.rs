//! Everything that one click has started, as a tree: who caused what, and who has applied it.

use std::collections::{HashMap, HashSet};

use diesel::pg::PgConnection;
use uuid::Uuid;

use crate::bus::{self, Envelope, Link, ParkedOfEvent, Roster, SubscriberStatus};
use crate::platform::error::AppResult;

/// Events of one type that are shown under one cause; the others are counted.
const EACH: i64 = 20;

/// Clicks that are shown of something that many of them were about.
const CLICKS: i64 = 20;

/// How far a subscriber is with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It has dealt with it.
    Applied,
    /// A person decided that it is left out.
    Skipped,
    /// It has not come to it yet.
    Waiting,
    /// It is paused before it.
    Paused,
    /// A part of it waits behind a failed one.
    Blocked,
    /// A part of it failed and is tried again.
    Retrying,
    /// A part of it was given up.
    Dead,
}

impl Stage {
    /// The word of it, as commands print it and messages are named.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Skipped => "skipped",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Blocked => "blocked",
            Self::Retrying => "retrying",
            Self::Dead => "dead",
        }
    }
}

/// One subscriber with an event that is for it.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The subscriber.
    pub subscriber: &'static str,
    /// How far it is.
    pub stage: Stage,
    /// What it parked of the event, resolved or not.
    pub parked: Vec<ParkedOfEvent>,
}

/// An event of a tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// The event.
    pub event: Envelope,
    /// How many causes lie above it.
    pub depth: usize,
    /// Whether it is the one that was asked for.
    pub asked: bool,
    /// Everyone whom it is for.
    pub visits: Vec<Visit>,
    /// How many more of its type the same cause has, which are not shown.
    pub more: i64,
}

/// What one click has started, in the order of a walk from each cause to what it caused.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The id that ties it together.
    pub correlation: Uuid,
    /// The events.
    pub nodes: Vec<Node>,
}

/// Where every subscriber stands, for telling how far an event is.
pub(super) struct Standings<'a> {
    roster: &'a Roster,
    statuses: Vec<SubscriberStatus>,
}

impl<'a> Standings<'a> {
    pub fn read(conn: &mut PgConnection, roster: &'a Roster) -> AppResult<Self> {
        Ok(Self {
            roster,
            statuses: bus::statuses(conn)?,
        })
    }

    /// How far everyone is whom an event is for; `parked` is what was parked of it.
    pub fn visits(&self, event: &Envelope, parked: &[ParkedOfEvent]) -> Vec<Visit> {
        let visit = |listener: bus::Listener| {
            let status = self.statuses.iter().find(|row| row.name == listener.name);
            let parked: Vec<ParkedOfEvent> = parked
                .iter()
                .filter(|row| row.event_id == event.event_id && row.subscriber == listener.name)
                .cloned()
                .collect();
            let reached = status.is_some_and(|row| row.position >= event.seq);
            let paused = status.is_some_and(|row| row.paused);
            let base = match (reached, paused) {
                (true, _) => Stage::Applied,
                (false, true) => Stage::Paused,
                (false, false) => Stage::Waiting,
            };
            Visit {
                subscriber: listener.name,
                stage: stage_of(base, &parked),
                parked,
            }
        };
        self.roster.of_type(&event.event_type).map(visit).collect()
    }
}

fn stage_of(base: Stage, parked: &[ParkedOfEvent]) -> Stage {
    let worst = parked.iter().filter_map(|row| match row.state.as_str() {
        "dead" => Some(Stage::Dead),
        "retrying" => Some(Stage::Retrying),
        "blocked" => Some(Stage::Blocked),
        "skipped" => Some(Stage::Skipped),
        _ => None,
    });
    worst.max().map_or(base, |worst| worst.max(base))
}

/// The trees that an id belongs to: that of an event, of a click, or of everything about a task, a run or a person.
///
/// # Errors
/// Those of the database.
pub fn trees(conn: &mut PgConnection, roster: &Roster, id: Uuid) -> AppResult<Vec<Tree>> {
    let standings = Standings::read(conn, roster)?;
    bus::correlations_of(conn, id, CLICKS)?
        .into_iter()
        .map(|correlation| {
            let links = bus::list_chain(conn, correlation, Some(id), EACH)?;
            let ids: Vec<Uuid> = links.iter().map(|link| link.event.event_id).collect();
            let parked = bus::parked_of(conn, &ids)?;
            let nodes = walk(links, id, |event| standings.visits(event, &parked));
            Ok(Tree { correlation, nodes })
        })
        .collect()
}

/// The events in the order of a walk. One whose cause is not shown is not shown either, unless no cause is.
fn walk(links: Vec<Link>, asked: Uuid, visits: impl Fn(&Envelope) -> Vec<Visit>) -> Vec<Node> {
    let shown: HashSet<Uuid> = links.iter().map(|link| link.event.event_id).collect();
    let has_root = links.iter().any(|link| link.event.causation_id.is_none());
    // Of each group: how many are shown, and how many of those are still to come.
    let mut counts: HashMap<(Option<Uuid>, String), (i64, i64)> = HashMap::new();
    for link in &links {
        let group = (link.event.causation_id, link.event.event_type.clone());
        let count = counts.entry(group).or_default();
        *count = (count.0 + 1, count.1 + 1);
    }
    let mut children: HashMap<Option<Uuid>, Vec<Link>> = HashMap::new();
    for link in links {
        let cause = link.event.causation_id;
        let cause = cause.filter(|cause| has_root || shown.contains(cause));
        children.entry(cause).or_default().push(link);
    }
    let mut nodes = Vec::new();
    let mut waiting: Vec<(Link, usize)> = Vec::new();
    let take = |cause: Option<Uuid>,
                depth,
                waiting: &mut Vec<(Link, usize)>,
                children: &mut HashMap<_, Vec<Link>>| {
        let mut next = children.remove(&cause).unwrap_or_default();
        next.reverse();
        waiting.extend(next.into_iter().map(|link| (link, depth)));
    };
    take(None, 0, &mut waiting, &mut children);
    while let Some((link, depth)) = waiting.pop() {
        let group = (link.event.causation_id, link.event.event_type.clone());
        let (of_group, left) = counts.entry(group).or_default();
        *left -= 1;
        let more = if *left == 0 {
            link.equals - *of_group
        } else {
            0
        };
        let id = link.event.event_id;
        nodes.push(Node {
            visits: visits(&link.event),
            depth,
            asked: id == asked,
            more,
            event: link.event,
        });
        take(Some(id), depth + 1, &mut waiting, &mut children);
    }
    nodes
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn link(seq: u128, cause: Option<u128>, event_type: &str, nth: i64, equals: i64) -> Link {
        Link {
            event: Envelope {
                seq: i64::try_from(seq).unwrap(),
                event_id: Uuid::from_u128(seq),
                event_type: event_type.to_owned(),
                type_version: 1,
                topic: "task".into(),
                producer: "tasks".into(),
                subject_id: Uuid::nil(),
                item_count: 1,
                correlation_id: Uuid::nil(),
                causation_id: cause.map(Uuid::from_u128),
                actor_id: None,
                recorded_at: DateTime::<Utc>::UNIX_EPOCH,
            },
            nth,
            equals,
        }
    }

    #[test]
    fn a_walk_goes_from_each_cause_to_what_it_caused() {
        let links = vec![
            link(1, None, "a", 1, 1),
            link(2, None, "b", 1, 1),
            link(3, Some(1), "c", 1, 1),
            link(4, Some(2), "c", 1, 30),
            link(5, Some(3), "d", 1, 1),
            link(6, Some(99), "hidden", 1, 1),
        ];
        let nodes = walk(links, Uuid::from_u128(5), |_| Vec::new());
        let seen: Vec<(i64, usize)> = nodes
            .iter()
            .map(|node| (node.event.seq, node.depth))
            .collect();
        assert_eq!(seen, [(1, 0), (3, 1), (5, 2), (2, 0), (4, 1)]);
        assert!(nodes[2].asked && !nodes[0].asked);
        assert_eq!(nodes[4].more, 29);
    }
}
