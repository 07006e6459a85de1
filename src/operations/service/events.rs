//! The log for an operator: a list with filters, and one event with all that belongs to it.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use diesel::pg::PgConnection;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::tree::{Standings, Tree, Visit, trees};
use crate::auth::{Actor, Operation};
use crate::bus::{self, Envelope, LogFilter, Roster};
use crate::events::{CATALOGUE, EventKind};
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{ByTime, Order, PageOf};

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
    /// Only what was recorded at this instant or later.
    pub since: Option<DateTime<Utc>>,
    /// Only what was recorded before this instant.
    pub before: Option<DateTime<Utc>>,
    /// Whether the oldest come first.
    pub oldest_first: bool,
}

/// The filter in the words of an address.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::operations) struct EventWords {
    pub topic: Option<String>,
    pub r#type: Option<String>,
    pub subject: Option<String>,
    pub correlation: Option<String>,
    /// From this minute on, as a clock of the reader's zone shows it.
    pub from: Option<String>,
    /// Before this minute.
    pub to: Option<String>,
    pub sort: Option<String>,
}

impl EventFilter {
    /// Reads the words of an address, times in `zone`; empty ones are no filter.
    ///
    /// # Errors
    /// Invalid at the field that names nothing.
    pub fn parse(words: &EventWords, zone: Tz) -> AppResult<Self> {
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
        let order = Order::parse(words.sort.as_deref(), ByTime::NEWEST)?;
        Ok(Self {
            topic: known(words.topic.as_deref(), "topic", |kind| kind.topic)?,
            event_type: known(words.r#type.as_deref(), "type", |kind| kind.event_type)?,
            subject: id(words.subject.as_deref(), "subject")?,
            correlation: id(words.correlation.as_deref(), "correlation")?,
            since: minute_of(zone, given(words.from.as_deref()), "from")?,
            before: minute_of(zone, given(words.to.as_deref()), "to")?,
            oldest_first: !order.descending,
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
            since: self.since,
            before: self.before,
            oldest_first: self.oldest_first,
        }
    }
}

pub(super) fn given(word: Option<&str>) -> Option<&str> {
    word.map(str::trim).filter(|word| !word.is_empty())
}

/// The minute that a filter's field names, if it names one.
///
/// # Errors
/// Invalid at the field.
pub(super) fn minute_of(
    zone: Tz,
    word: Option<&str>,
    field: &'static str,
) -> AppResult<Option<DateTime<Utc>>> {
    let misread = || AppError::field(field, "field-not-understood");
    word.map(|word| minute_in(zone, word).ok_or_else(misread))
        .transpose()
}

/// A minute of a zone, as a field for times gives it; of one that a clock shows twice, the first.
fn minute_in(zone: Tz, word: &str) -> Option<DateTime<Utc>> {
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(word, form).ok())?;
    // The log has no events of other centuries, and the database no times of other ages.
    let is_sane = (1970..2200).contains(&local.year());
    let at = zone.from_local_datetime(&local).earliest();
    at.filter(|_| is_sane).map(|at| at.with_timezone(&Utc))
}

/// Events of the filter behind a number of the log.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn list_events(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &EventFilter,
    seen: Option<i64>,
    limit: i64,
) -> AppResult<PageOf<Envelope>> {
    actor.allow(Operation::Operate)?;
    let rows = bus::list_log(conn, &filter.of_log(), seen, limit + 1)?;
    Ok(PageOf::from_rows(rows, limit, |event| event.seq))
}

/// How many events pass the filter, counted no further than lists are.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn count_events(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &EventFilter,
) -> AppResult<i64> {
    actor.allow(Operation::Operate)?;
    bus::count_log(conn, &filter.of_log())
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
        let parse = |topic: &str, subject: &str, from: &str| {
            let words = EventWords {
                topic: Some(topic.into()),
                r#type: Some(String::new()),
                subject: Some(subject.into()),
                from: Some(from.into()),
                ..EventWords::default()
            };
            EventFilter::parse(&words, chrono_tz::Europe::Moscow)
        };
        let filter = parse("mail", "", "2026-11-21T03:00").unwrap();
        assert_eq!(
            filter.since.unwrap().to_rfc3339(),
            "2026-11-21T00:00:00+00:00"
        );
        let types = filter.of_log().types.unwrap();
        assert_eq!(types, ["email.sent", "email.failed"]);
        assert_eq!(EventFilter::default().of_log(), LogFilter::default());
        assert!(parse("gossip", "", "").is_err());
        assert!(parse("", "T-1", "").is_err());
        assert!(parse("", "", "yesterday").is_err());
        assert!(parse("", "", "0001-01-01T00:00").is_err());
    }
}
