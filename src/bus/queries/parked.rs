//! Parked items as the operator sees them: filtered, counted, grouped by what went wrong.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    BigInt, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;
use uuid::Uuid;

use crate::platform::error::{AppError, AppResult};

/// How a parked item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParkedState {
    /// It failed and is tried again.
    Retrying,
    /// It waits behind another item of its key.
    Blocked,
    /// It was given up; a person decides.
    Dead,
    /// It was applied in the end.
    Done,
    /// A person decided that it is not applied.
    Skipped,
}

impl ParkedState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Retrying,
        Self::Blocked,
        Self::Dead,
        Self::Done,
        Self::Skipped,
    ];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retrying => "retrying",
            Self::Blocked => "blocked",
            Self::Dead => "dead",
            Self::Done => "done",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for ParkedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ParkedState {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| format!("{word:?} is none of retrying, blocked, dead, done and skipped"))
    }
}

/// Which parked items are meant; what is none is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParkedFilter {
    /// Those of this subscriber.
    pub subscriber: Option<String>,
    /// Those in this state; none: all that wait for repair.
    pub state: Option<ParkedState>,
    /// Those that failed in this way.
    pub error_class: Option<String>,
    /// Those of this key.
    pub key: Option<Uuid>,
    /// Those whose event is of this type.
    pub event_type: Option<String>,
    /// Those parked at this instant or later.
    pub since: Option<DateTime<Utc>>,
    /// Those parked before this instant.
    pub before: Option<DateTime<Utc>>,
}

/// A place in the list of parked items: the list goes on behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedPlace {
    /// The number of the event.
    pub seq: i64,
    /// The place in the event.
    pub item_no: i32,
    /// The subscriber.
    pub subscriber: String,
}

/// A parked item.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ParkedItem {
    /// The subscriber that cannot apply it.
    #[diesel(sql_type = Text)]
    pub subscriber: String,
    /// Its id: that of its event, or derived from it for one item of a batch.
    #[diesel(sql_type = SqlUuid)]
    pub item_id: Uuid,
    /// Its event.
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    /// The number of its event in the log.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// Its place in the event.
    #[diesel(sql_type = Integer)]
    pub item_no: i32,
    /// What it must stay in order with.
    #[diesel(sql_type = SqlUuid)]
    pub sequence_key: Uuid,
    /// `retrying`, `blocked`, `dead`, `done` or `skipped`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Tries since it was parked or replayed.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// When it is tried next.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What kind of failure it was; none for one that only waits.
    #[diesel(sql_type = Nullable<Text>)]
    pub error_class: Option<String>,
    /// What the failure said.
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
    /// When it was parked.
    #[diesel(sql_type = Timestamptz)]
    pub first_failed_at: DateTime<Utc>,
    /// When it failed last.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_failed_at: Option<DateTime<Utc>>,
    /// When it was applied or skipped.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub resolved_at: Option<DateTime<Utc>>,
    /// Who skipped it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub resolved_by: Option<Uuid>,
    /// Why it was skipped.
    #[diesel(sql_type = Nullable<Text>)]
    pub resolution_reason: Option<String>,
    /// The type of its event; none when the event has been archived.
    #[diesel(sql_type = Nullable<Text>)]
    pub event_type: Option<String>,
    /// The version of its event.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub type_version: Option<i16>,
    /// What its event is about.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub subject_id: Option<Uuid>,
}

impl ParkedItem {
    /// Its place in the list.
    #[must_use]
    pub fn place(&self) -> ParkedPlace {
        ParkedPlace {
            seq: self.seq,
            item_no: self.item_no,
            subscriber: self.subscriber.clone(),
        }
    }
}

/// A parked item with the content of its event and what waits behind it.
#[derive(Clone, Debug)]
pub struct ParkedEvent {
    /// The item.
    pub item: ParkedItem,
    /// The content of its event.
    pub payload: Option<Value>,
    /// How many items of its key wait for repair, itself among them.
    pub of_key: i64,
}

/// One way of failing, and how many items wait because of it.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ErrorClass {
    /// The subscriber.
    #[diesel(sql_type = Text)]
    pub subscriber: String,
    /// The way of failing.
    #[diesel(sql_type = Text)]
    pub error_class: String,
    /// Items that failed in this way and wait for repair.
    #[diesel(sql_type = BigInt)]
    pub items: i64,
}

const COLUMNS: &str = "p.subscriber, p.item_id, p.event_id, p.seq, p.item_no, p.sequence_key, p.state, p.attempts,
  p.next_attempt_at, p.error_class, p.error, p.first_failed_at, p.last_failed_at, p.resolved_at, p.resolved_by,
  p.resolution_reason, e.event_type, e.type_version, e.subject_id";

/// The states of items that wait for repair, as SQL has them.
pub(in crate::bus) const UNRESOLVED: &str = "('retrying', 'blocked', 'dead')";

/// The condition of a filter on `p`: the subscriber is `$1`, the class `$2`, the key `$3`, the type `$4`, and it was parked from `$5`
/// on and before `$6`.
pub(in crate::bus) fn condition_of(state: Option<ParkedState>) -> String {
    let states = state.map_or_else(
        || UNRESOLVED.to_owned(),
        |state| format!("('{}')", state.as_str()),
    );
    format!(
        "p.state in {states} and ($1 is null or p.subscriber = $1) and ($2 is null or p.error_class = $2)
         and ($3 is null or p.sequence_key = $3)
         and ($4 is null or (select event_type from bus.events where seq = p.seq) = $4)
         and ($5 is null or p.first_failed_at >= $5) and ($6 is null or p.first_failed_at < $6)"
    )
}

/// Parked items that a filter meets, in the order of the log, behind a place.
///
/// # Errors
/// Those of the database.
pub fn list_parked(
    conn: &mut PgConnection,
    filter: &ParkedFilter,
    after: Option<&ParkedPlace>,
    limit: i64,
) -> AppResult<Vec<ParkedItem>> {
    Ok(sql_query(format!(
        "select {COLUMNS} from bus.parked_items p left join bus.events e on e.seq = p.seq
         where {} and ($7 is null or (p.seq, p.item_no, p.subscriber) > ($7, $8, $9))
         order by p.seq, p.item_no, p.subscriber limit $10",
        condition_of(filter.state)
    ))
    .bind::<Nullable<Text>, _>(&filter.subscriber)
    .bind::<Nullable<Text>, _>(&filter.error_class)
    .bind::<Nullable<SqlUuid>, _>(filter.key)
    .bind::<Nullable<Text>, _>(&filter.event_type)
    .bind::<Nullable<Timestamptz>, _>(filter.since)
    .bind::<Nullable<Timestamptz>, _>(filter.before)
    .bind::<Nullable<BigInt>, _>(after.map(|place| place.seq))
    .bind::<Nullable<Integer>, _>(after.map(|place| place.item_no))
    .bind::<Nullable<Text>, _>(after.map(|place| &place.subscriber))
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// How many parked items a filter meets.
///
/// # Errors
/// Those of the database.
pub fn count_parked(conn: &mut PgConnection, filter: &ParkedFilter) -> AppResult<u64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        items: i64,
    }
    let row: Row = sql_query(format!(
        "select count(*) as items from bus.parked_items p where {}",
        condition_of(filter.state)
    ))
    .bind::<Nullable<Text>, _>(&filter.subscriber)
    .bind::<Nullable<Text>, _>(&filter.error_class)
    .bind::<Nullable<SqlUuid>, _>(filter.key)
    .bind::<Nullable<Text>, _>(&filter.event_type)
    .bind::<Nullable<Timestamptz>, _>(filter.since)
    .bind::<Nullable<Timestamptz>, _>(filter.before)
    .get_result(conn)?;
    Ok(row.items.unsigned_abs())
}

/// The ways of failing among the items that wait for repair, the most frequent first.
///
/// # Errors
/// Those of the database.
pub fn error_classes(conn: &mut PgConnection) -> AppResult<Vec<ErrorClass>> {
    Ok(sql_query(format!(
        "select subscriber, error_class, count(*) as items from bus.parked_items
         where state in {UNRESOLVED} and error_class is not null
         group by subscriber, error_class order by items desc, subscriber, error_class"
    ))
    .load(conn)?)
}

/// The parked items with an id, or of the event with that id, whatever their state: one for each subscriber, or more of a batch.
///
/// # Errors
/// Those of the database.
pub fn find_parked(conn: &mut PgConnection, id: Uuid) -> AppResult<Vec<ParkedItem>> {
    Ok(sql_query(format!(
        "select {COLUMNS} from bus.parked_items p left join bus.events e on e.seq = p.seq
         where p.item_id = $1 or p.event_id = $1 order by p.seq, p.item_no, p.subscriber"
    ))
    .bind::<SqlUuid, _>(id)
    .load(conn)?)
}

/// One parked item with the content of its event.
///
/// # Errors
/// 404 when it is not parked; those of the database.
pub fn show_parked(
    conn: &mut PgConnection,
    subscriber: &str,
    item_id: Uuid,
) -> AppResult<ParkedEvent> {
    #[derive(QueryableByName)]
    struct Rest {
        #[diesel(sql_type = Nullable<Jsonb>)]
        payload: Option<Value>,
        #[diesel(sql_type = BigInt)]
        of_key: i64,
    }
    let item: ParkedItem = sql_query(format!(
        "select {COLUMNS} from bus.parked_items p left join bus.events e on e.seq = p.seq
         where p.subscriber = $1 and p.item_id = $2"
    ))
    .bind::<Text, _>(subscriber)
    .bind::<SqlUuid, _>(item_id)
    .get_result(conn)
    .optional()?
    .ok_or(AppError::NotFound)?;
    let rest: Rest = sql_query(format!(
        "select (select payload from bus.events where seq = $1) as payload,
           (select count(*) from bus.parked_items where subscriber = $2 and sequence_key = $3 and state in {UNRESOLVED}) as of_key"
    ))
    .bind::<BigInt, _>(item.seq)
    .bind::<Text, _>(subscriber)
    .bind::<SqlUuid, _>(item.sequence_key)
    .get_result(conn)?;
    Ok(ParkedEvent {
        item,
        payload: rest.payload,
        of_key: rest.of_key,
    })
}
