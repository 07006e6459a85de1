//! The presses of the shuffle.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::people::Person;
use crate::auth::{Actor, Operation};
use crate::platform::db::{COUNTED_AT_MOST, Counted, Prepare, counting};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::ShuffleId;
use crate::platform::stop::IS_SET;
use crate::platform::web::PageOf;
use crate::tasks::store;

/// Where a press stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tasks) enum ShuffleState {
    Queued,
    Running,
    Done,
}

impl ShuffleState {
    /// Every state, in its order.
    pub const ALL: [Self; 3] = [Self::Queued, Self::Running, Self::Done];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A press of the shuffle.
#[derive(Clone, Debug)]
pub(in crate::tasks) struct Shuffle {
    pub id: Uuid,
    pub number: i64,
    pub state: ShuffleState,
    pub requested_by: Person,
    pub requested_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    /// SHA-256 of the seed, from the press on.
    pub commitment: Vec<u8>,
    /// The seed, once the run is done.
    pub seed: Option<Vec<u8>>,
    /// When it last got on, or could have begun.
    pub beat: DateTime<Utc>,
    /// Runs that go before this one.
    pub ahead: i64,
    /// Open tasks when it was pressed, and those that were opened since.
    pub total: i32,
    /// Tasks that were given away so far.
    pub done: i32,
    /// Whether the emergency stop holds it up.
    pub is_stopped: bool,
}

/// How fast a run goes, so far, and how long it takes at that pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tasks) enum Pace {
    /// Tasks a second, and seconds to go.
    Seconds { rate: i64, left: i64 },
    /// Less than a task a second: tasks a minute, and minutes to go.
    Minutes { rate: i64, left: i64 },
}

/// How long a run may go without a step, in seconds.
const PATIENCE: i64 = 30;

impl Shuffle {
    /// Since when nothing moves, where something should.
    pub fn stalled_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let is_due = self.state != ShuffleState::Done && self.ahead == 0;
        (is_due && now - self.beat > TimeDelta::seconds(PATIENCE)).then_some(self.beat)
    }

    /// The pace of a run under way; none before anything can be said.
    pub fn pace(&self, now: DateTime<Utc>) -> Option<Pace> {
        let millis = (now - self.started_at?).num_milliseconds();
        if self.state != ShuffleState::Running || millis <= 0 || self.done == 0 {
            return None;
        }
        let (done, left) = (
            i64::from(self.done),
            i64::from(self.total - self.done).max(0),
        );
        let rate = |unit: i64| done * unit / millis;
        let left = |unit: i64| (left * millis + done * unit - 1) / (done * unit);
        let (second, minute) = (1_000, 60_000);
        Some(if rate(second) > 0 {
            Pace::Seconds {
                rate: rate(second),
                left: left(second),
            }
        } else {
            Pace::Minutes {
                rate: rate(minute),
                left: left(minute),
            }
        })
    }
}

/// What a press would do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tasks) struct Outlook {
    pub open_tasks: i64,
    pub people: usize,
    pub waiting: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = SqlUuid)]
    requested_by: Uuid,
    #[diesel(sql_type = Timestamptz)]
    requested_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    started_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    finished_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Binary)]
    commitment: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    seed: Option<Vec<u8>>,
    #[diesel(sql_type = Timestamptz)]
    beat: DateTime<Utc>,
    #[diesel(sql_type = BigInt)]
    ahead: i64,
    #[diesel(sql_type = Integer)]
    total: i32,
    #[diesel(sql_type = Integer)]
    done: i32,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_stopped: bool,
}

const COLUMNS: &str =
    "s.id, s.number, s.state, s.requested_by, s.requested_at, s.started_at, s.finished_at, s.commitment,
     case when s.state = 'done' then s.seed end as seed,
     case when s.state = 'queued'
       then greatest(s.requested_at, (select max(o.finished_at) from tasks.shuffles o where o.number < s.number))
       else coalesce(s.last_chunk_at, s.started_at, s.requested_at) end as beat,
     case when s.state = 'done' then 0
       else (select count(*) from tasks.shuffles o where o.state <> 'done' and o.number < s.number) end as ahead,
     s.total, s.done,
     coalesce((select e.name from tasks.employees e where e.id = s.requested_by), '') as name";

/// The presses, the latest first.
///
/// # Errors
/// 403 without the right to shuffle.
pub(in crate::tasks) fn list_shuffles(
    conn: &mut PgConnection,
    actor: &Actor,
    after: Option<i64>,
    limit: i64,
) -> AppResult<PageOf<Shuffle>> {
    actor.allow(Operation::Shuffle)?;
    let rows: Vec<Row> = sql_query(format!(
        "select {COLUMNS}, s.state <> 'done' and {IS_SET} as is_stopped from tasks.shuffles s where $1 is null or s.number < $1 order by s.number desc limit $2"
    ))
    .bind::<Nullable<BigInt>, _>(after)
    .bind::<BigInt, _>(limit + 1)
    .load(conn)?;
    Ok(PageOf::from_rows(read(rows)?, limit, |shuffle| {
        shuffle.number
    }))
}

/// How many presses there were, counted no further than lists are.
///
/// # Errors
/// 403 without the right to shuffle.
pub(in crate::tasks) fn count_shuffles(conn: &mut PgConnection, actor: &Actor) -> AppResult<i64> {
    actor.allow(Operation::Shuffle)?;
    let rows = sql_query(counting("select from tasks.shuffles limit $1"))
        .bind::<BigInt, _>(COUNTED_AT_MOST)
        .load(conn)?;
    Ok(Counted::of(&rows))
}

/// One press.
///
/// # Errors
/// 403 without the right to shuffle, 404 when there is none.
pub(in crate::tasks) fn show_shuffle(
    conn: &mut PgConnection,
    actor: &Actor,
    id: ShuffleId,
) -> AppResult<Shuffle> {
    actor.allow(Operation::Shuffle)?;
    let row: Option<Row> = sql_query(format!(
        "select {COLUMNS}, s.state <> 'done' and {IS_SET} as is_stopped from tasks.shuffles s where s.id = $1"
    ))
    .bind::<SqlUuid, _>(id.0)
    .prepared()
    .get_result(conn)
    .optional()?;
    read(row.into_iter().collect())?
        .pop()
        .ok_or(AppError::NotFound)
}

/// How many tasks and people a press would concern.
///
/// # Errors
/// 403 without the right to shuffle.
pub(in crate::tasks) fn shuffle_outlook(
    conn: &mut PgConnection,
    actor: &Actor,
) -> AppResult<Outlook> {
    actor.allow(Operation::Shuffle)?;
    let demand = store::count_demand(conn, i64::MAX)?;
    Ok(Outlook {
        open_tasks: demand.open,
        people: store::list_assignable(conn)?.len(),
        waiting: demand.waiting,
    })
}

fn read(rows: Vec<Row>) -> AppResult<Vec<Shuffle>> {
    rows.into_iter()
        .map(|row| {
            let state = ShuffleState::parse(&row.state).ok_or_else(|| {
                AppError::internal(format!("shuffle {} is {:?}", row.id, row.state))
            })?;
            Ok(Shuffle {
                id: row.id,
                number: row.number,
                state,
                requested_by: Person {
                    id: row.requested_by,
                    name: row.name,
                },
                requested_at: row.requested_at,
                started_at: row.started_at,
                commitment: row.commitment,
                seed: row.seed,
                beat: row.beat,
                ahead: row.ahead,
                finished_at: row.finished_at,
                total: row.total,
                done: row.done,
                is_stopped: row.is_stopped,
            })
        })
        .collect()
}
