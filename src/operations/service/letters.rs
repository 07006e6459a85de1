//! What waits for repair: looking for it, trying it again, doing without it.

use chrono_tz::Tz;
use diesel::pg::PgConnection;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::events::{EXPORTED, minute_of};
use crate::auth::{Actor, Operation};
use crate::bus::{
    self, ErrorClass, ParkedEvent, ParkedFilter, ParkedItem, ParkedPlace, ParkedState, Roster,
    Selection,
};
use crate::platform::db::{Db, Origin};
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{ListAddress, PageOf};

/// Items of one key that the page of one of them shows.
const NEIGHBOURS: i64 = 20;

/// Items that a choice by hand has at most: a page of the list.
const CHOSEN: usize = 100;

/// Which items are wanted, as an address or a form has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(in crate::operations) struct LetterFilter {
    pub state: Option<String>,
    pub consumer: Option<String>,
    pub class: Option<String>,
    pub key: Option<String>,
    pub r#type: Option<String>,
    /// From this minute on, as a clock of the reader's zone shows it.
    pub from: Option<String>,
    /// Before this minute.
    pub to: Option<String>,
}

fn given(word: Option<&String>) -> Option<&str> {
    super::events::given(word.map(String::as_str))
}

impl LetterFilter {
    /// The filter of the bus, times read in `zone`.
    ///
    /// # Errors
    /// Invalid at the field that names nothing.
    pub fn parse(&self, zone: Tz) -> AppResult<ParkedFilter> {
        let misread = |field| AppError::field(field, "field-not-understood");
        let state = given(self.state.as_ref()).map(str::parse::<ParkedState>);
        let key = given(self.key.as_ref()).map(str::parse::<Uuid>);
        let minute = |word: &Option<String>, field| minute_of(zone, given(word.as_ref()), field);
        Ok(ParkedFilter {
            subscriber: given(self.consumer.as_ref()).map(ToOwned::to_owned),
            state: state.transpose().map_err(|_| misread("state"))?,
            error_class: given(self.class.as_ref()).map(ToOwned::to_owned),
            key: key.transpose().map_err(|_| misread("key"))?,
            event_type: given(self.r#type.as_ref()).map(ToOwned::to_owned),
            since: minute(&self.from, "from")?,
            before: minute(&self.to, "to")?,
        })
    }

    /// The list at this path with the filter.
    pub fn address(&self, path: &str) -> ListAddress {
        let pairs = self.pairs().into_iter();
        pairs.fold(ListAddress::new(path), |address, (name, value)| {
            address.with(name, value)
        })
    }

    /// What is asked for, as pairs of an address.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        [
            ("state", given(self.state.as_ref())),
            ("consumer", given(self.consumer.as_ref())),
            ("class", given(self.class.as_ref())),
            ("key", given(self.key.as_ref())),
            ("type", given(self.r#type.as_ref())),
            ("from", given(self.from.as_ref())),
            ("to", given(self.to.as_ref())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

/// A place in the list as the address carries it.
pub(in crate::operations) type After = (i64, i32, String);

/// What the filter can be narrowed by: how many items are in each state, and the ways of failing.
pub(in crate::operations) struct Facets {
    pub states: Vec<(Option<ParkedState>, u64)>,
    pub classes: Vec<ErrorClass>,
}

/// A piece of the list with what leads on from it.
pub(in crate::operations) struct Letters {
    pub page: PageOf<ParkedItem>,
    pub facets: Facets,
    /// How many items the filter meets.
    pub count: u64,
}

/// Items of the filter, in the order of the log.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn list_letters(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &ParkedFilter,
    after: Option<After>,
    limit: i64,
) -> AppResult<Letters> {
    actor.allow(Operation::Operate)?;
    let after = after.map(|(seq, item_no, subscriber)| ParkedPlace {
        seq,
        item_no,
        subscriber,
    });
    let rows = bus::list_parked(conn, filter, after.as_ref(), limit + 1)?;
    let page = PageOf::from_rows(rows, limit, |item| {
        (item.seq, item.item_no, item.subscriber.clone())
    });
    let every = std::iter::once(None).chain(ParkedState::ALL.map(Some));
    let states = every
        .map(|state| {
            let other = ParkedFilter {
                state,
                ..filter.clone()
            };
            Ok((state, bus::count_parked(conn, &other)?))
        })
        .collect::<AppResult<Vec<_>>>()?;
    let count = states
        .iter()
        .find(|(state, _)| *state == filter.state)
        .map_or(0, |(_, count)| *count);
    let classes = bus::error_classes(conn)?;
    Ok(Letters {
        page: page.with_count(|| Ok(i64::try_from(count).unwrap_or(i64::MAX)))?,
        facets: Facets { states, classes },
        count,
    })
}

/// The first items of the filter, for a file.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn export_letters(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &ParkedFilter,
) -> AppResult<Vec<ParkedItem>> {
    actor.allow(Operation::Operate)?;
    bus::list_parked(conn, filter, None, EXPORTED)
}

/// One item with its event, and those of its key.
pub(in crate::operations) struct Letter {
    pub parked: ParkedEvent,
    /// The items of its key that wait for repair, in order.
    pub of_key: Vec<ParkedItem>,
    pub money: bool,
}

/// One item.
///
/// # Errors
/// Forbidden; 404 when it is not parked; those of the database.
pub(in crate::operations) fn show_letter(
    conn: &mut PgConnection,
    actor: &Actor,
    roster: &Roster,
    consumer: &str,
    item: Uuid,
) -> AppResult<Letter> {
    actor.allow(Operation::Operate)?;
    let parked = bus::show_parked(conn, consumer, item)?;
    let key = ParkedFilter {
        subscriber: Some(consumer.to_owned()),
        key: Some(parked.item.sequence_key),
        ..ParkedFilter::default()
    };
    Ok(Letter {
        of_key: bus::list_parked(conn, &key, None, NEIGHBOURS)?,
        money: roster.is_money(consumer),
        parked,
    })
}

/// What is done with items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operations) enum Verb {
    /// They are tried again.
    Retry,
    /// They are never applied.
    Skip,
}

/// What was chosen to be done with something, before it is done.
pub(in crate::operations) struct Choice {
    pub selection: Selection,
    /// How many items it concerns.
    pub count: u64,
    /// The first of them.
    pub sample: Vec<ParkedItem>,
    /// Whether a consumer of money is among them.
    pub money: bool,
    /// Those of the sample that may be skipped with a correcting transfer.
    pub correctable: Vec<ParkedItem>,
}

/// The selection of a form: items by hand as `consumer/item`, or all that the filter meets.
fn selection_of(items: &[String], filter: &ParkedFilter) -> AppResult<Selection> {
    if items.is_empty() {
        return Ok(Selection::Filter(filter.clone()));
    }
    let misread = || AppError::field("item", "field-not-understood");
    if items.len() > CHOSEN {
        return Err(misread());
    }
    let parsed = items.iter().map(|text| {
        let (consumer, item) = text.split_once('/').ok_or_else(misread)?;
        let item = item.parse().map_err(|_| misread())?;
        Ok((consumer.to_owned(), item))
    });
    Ok(Selection::Items(parsed.collect::<AppResult<_>>()?))
}

/// What a choice would concern.
///
/// # Errors
/// Forbidden; 422 for items that cannot be understood; those of the database.
pub(in crate::operations) fn choose(
    conn: &mut PgConnection,
    actor: &Actor,
    roster: &Roster,
    items: &[String],
    filter: &ParkedFilter,
) -> AppResult<Choice> {
    actor.allow(Operation::Operate)?;
    let selection = selection_of(items, filter)?;
    let (count, sample) = match &selection {
        Selection::Filter(filter) => (
            bus::count_parked(conn, filter)?,
            bus::list_parked(conn, filter, None, NEIGHBOURS)?,
        ),
        Selection::Items(items) => {
            let mut found = Vec::new();
            for (consumer, item) in items {
                match bus::show_parked(conn, consumer, *item) {
                    Ok(parked) => found.push(parked.item),
                    Err(AppError::NotFound) => {}
                    Err(error) => return Err(error),
                }
            }
            found.retain(|item| !["done", "skipped"].contains(&item.state.as_str()));
            (u64::try_from(found.len()).unwrap_or(u64::MAX), found)
        }
    };
    let money = match &selection {
        Selection::Filter(ParkedFilter {
            subscriber: Some(name),
            ..
        }) => roster.is_money(name),
        Selection::Filter(_) | Selection::Items(_) => {
            sample.iter().any(|item| roster.is_money(&item.subscriber))
        }
    };
    let dead = ParkedState::Dead.as_str();
    let correctable = sample
        .iter()
        .filter(|item| item.state == dead && roster.is_money(&item.subscriber));
    Ok(Choice {
        correctable: correctable.cloned().collect(),
        selection,
        count,
        sample,
        money,
    })
}

/// Tries items again now; gives how many.
///
/// # Errors
/// Forbidden; 404 when none of them waits for repair; those of the database.
pub(in crate::operations) fn replay(
    db: &Db,
    actor: &Actor,
    origin: Origin,
    items: &[String],
    filter: &ParkedFilter,
) -> AppResult<u64> {
    actor.allow(Operation::Operate)?;
    bus::replay(db, &selection_of(items, filter)?, origin)
}

/// Tries the items of an id again: at one consumer, or at every one that has parked it; gives how many.
///
/// # Errors
/// Forbidden; 404 when nothing of it waits for repair; those of the database.
pub(in crate::operations) fn retry_everywhere(
    db: &Db,
    actor: &Actor,
    origin: Origin,
    id: Uuid,
    consumer: Option<&str>,
) -> AppResult<u64> {
    actor.allow(Operation::Operate)?;
    let found = db.read_blocking(bus::ROLE, |conn| bus::find_parked(conn, id))?;
    let items: Vec<(String, Uuid)> = found
        .into_iter()
        .filter(|item| consumer.is_none_or(|name| item.subscriber == name))
        .map(|item| (item.subscriber, item.item_id))
        .collect();
    if items.is_empty() {
        return Err(AppError::NotFound);
    }
    bus::replay(db, &Selection::Items(items), origin)
}

/// Decides that items are never applied; gives how many.
///
/// # Errors
/// Forbidden; 422 for a short reason; a conflict for items of money; 404 when none of them waits; those of the database.
pub(in crate::operations) fn skip(
    db: &Db,
    actor: &Actor,
    origin: Origin,
    items: &[String],
    filter: &ParkedFilter,
    reason: &str,
) -> AppResult<u64> {
    actor.allow(Operation::Operate)?;
    bus::skip(db, &selection_of(items, filter)?, reason, origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_by_hand_names_consumer_and_item() {
        let id = Uuid::from_u128(7);
        let filter = ParkedFilter::default();
        let chosen = selection_of(&[format!("tasks.prices/{id}")], &filter).unwrap();
        assert_eq!(chosen, Selection::Items(vec![("tasks.prices".into(), id)]));
        assert_eq!(
            selection_of(&[], &filter).unwrap(),
            Selection::Filter(filter.clone())
        );
        assert!(selection_of(&["tasks.prices".into()], &filter).is_err());
        assert!(selection_of(&vec![format!("a/{id}"); 101], &filter).is_err());
    }

    #[test]
    fn a_filter_takes_only_what_there_is() {
        let with = |state: &str, key: &str| LetterFilter {
            state: Some(state.into()),
            key: Some(key.into()),
            ..LetterFilter::default()
        };
        assert!(with("gone", "").parse(Tz::UTC).is_err());
        assert!(with("dead", "no id").parse(Tz::UTC).is_err());
        let filter = with("dead", " ").parse(Tz::UTC).unwrap();
        assert_eq!((filter.state, filter.key), (Some(ParkedState::Dead), None));
    }
}
