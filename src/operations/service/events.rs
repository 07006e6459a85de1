//! The log for an operator: a list with filters, and one event with all that belongs to it.

use diesel::pg::PgConnection;
use serde_json::Value;
use uuid::Uuid;

use super::tree::{Standings, Tree, Visit, trees};
use crate::auth::{Actor, Operation};
use crate::bus::{self, Envelope, LogFilter, Roster};
use crate::events::{CATALOGUE, EventKind};
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::PageOf;

/// Events of a file at most: the newest of the filter.
pub(in crate::operations) const EXPORTED: i64 = 10_000;

/// Which events are wanted, as the address has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::operations) struct EventFilter {
    /// Only this topic (E04).
    pub topic: Option<&'static str>,
    /// Only this type.
    pub event_type: Option<&'static str>,
    /// Only what is about this.
    pub subject: Option<Uuid>,
    /// Only what this click has started.
    pub correlation: Option<Uuid>,
}

impl EventFilter {
    /// Reads the words of an address; empty ones are no filter.
    ///
    /// # Errors
    /// Invalid at the field that names nothing.
    pub fn parse(
        topic: Option<&str>,
        event_type: Option<&str>,
        subject: Option<&str>,
        correlation: Option<&str>,
    ) -> AppResult<Self> {
        let misread = |field| AppError::field(field, "field-not-understood");
        let known = |word: Option<&str>, field, side: fn(&EventKind) -> &'static str| {
            let Some(word) = given(word) else {
                return Ok(None);
            };
            let found = CATALOGUE.iter().map(side).find(|name| *name == word);
            found.map(Some).ok_or_else(|| misread(field))
        };
        let id = |word: Option<&str>, field| {
            let parsed = given(word).map(str::parse).transpose();
            parsed.map_err(|_| misread(field))
        };
        Ok(Self {
            topic: known(topic, "topic", |kind| kind.topic)?,
            event_type: known(event_type, "type", |kind| kind.event_type)?,
            subject: id(subject, "subject")?,
            correlation: id(correlation, "correlation")?,
        })
    }

    fn of_log(&self) -> LogFilter {
        let restricted = self.topic.is_some() || self.event_type.is_some();
        let types = CATALOGUE
            .iter()
            .filter(|kind| {
                self.event_type
                    .is_none_or(|wanted| wanted == kind.event_type)
                    && self.topic.is_none_or(|wanted| wanted == kind.topic)
            })
            .map(|kind| kind.event_type.to_owned());
        LogFilter {
            types: restricted.then(|| types.collect()),
            subject: self.subject,
            correlation: self.correlation,
        }
    }
}

fn given(word: Option<&str>) -> Option<&str> {
    word.map(str::trim).filter(|word| !word.is_empty())
}

/// Events of the filter below a number of the log, the newest first.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn list_events(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &EventFilter,
    before: Option<i64>,
    limit: i64,
) -> AppResult<PageOf<Envelope>> {
    actor.allow(Operation::Operate)?;
    let before = before.unwrap_or(i64::MAX);
    let rows = bus::list_log(conn, &filter.of_log(), before, limit + 1)?;
    Ok(PageOf::from_rows(rows, limit, |event| event.seq))
}

/// The event of that id, when there is one: what a search for an id may mean besides a subject.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn is_event(
    conn: &mut PgConnection,
    actor: &Actor,
    id: Uuid,
) -> AppResult<bool> {
    actor.allow(Operation::Operate)?;
    Ok(bus::find_event(conn, id)?.is_some())
}

/// An event with its content and its way through the subscribers.
pub(in crate::operations) struct Told {
    pub event: Envelope,
    pub payload: Value,
    pub visits: Vec<Visit>,
}

/// What an id leads to: the event, if it is that of one, and the trees.
pub(in crate::operations) struct Story {
    pub told: Option<Told>,
    pub trees: Vec<Tree>,
}

/// An event, or everything about a click, a task, a run or a person.
///
/// # Errors
/// Forbidden; 404 when the log knows nothing of the id; those of the database.
pub(in crate::operations) fn show_story(
    conn: &mut PgConnection,
    actor: &Actor,
    roster: &Roster,
    id: Uuid,
) -> AppResult<Story> {
    actor.allow(Operation::Operate)?;
    let trees = trees(conn, roster, id)?;
    if trees.is_empty() {
        return Err(AppError::NotFound);
    }
    let told = match bus::find_event(conn, id)? {
        None => None,
        Some(event) => {
            let parked = bus::parked_of(conn, &[id])?;
            let visits = Standings::read(conn, roster)?.visits(&event, &parked);
            let payload = bus::payload_of(conn, event.seq)?;
            Some(Told {
                event,
                payload,
                visits,
            })
        }
    };
    Ok(Story { told, trees })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e04_a_topic_stands_for_its_types() {
        let filter = EventFilter::parse(Some("mail"), Some(""), None, None).unwrap();
        let types = filter.of_log().types.unwrap();
        assert_eq!(types, ["email.sent", "email.failed"]);
        assert_eq!(EventFilter::default().of_log(), LogFilter::default());
        assert!(EventFilter::parse(Some("gossip"), None, None, None).is_err());
        assert!(EventFilter::parse(None, None, Some("T-1"), None).is_err());
    }
}
