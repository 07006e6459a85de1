//! Cursors, who holds them, and what they were about to try.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::bus::subscriber::{Start, Subscriber};
use crate::platform::error::AppResult;

/// A locked cursor.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::bus) struct Cursor {
    /// The last number that was dealt with.
    #[diesel(sql_type = BigInt)]
    pub position: i64,
    /// Whether somebody holds it.
    #[diesel(sql_type = Bool)]
    pub paused: bool,
    /// Whether an event that comes twice does no harm.
    #[diesel(sql_type = Bool)]
    pub repeatable: bool,
    /// Up to where it had come before it was rewound.
    #[diesel(sql_type = BigInt)]
    pub rewound_until: i64,
    /// Whether its last try ended without a word.
    #[diesel(sql_type = Bool)]
    pub shaken: bool,
}

const CURSOR_COLUMNS: &str = "s.position, s.paused, s.repeatable, s.rewound_until,
  exists (select from bus.attempts a where a.subscriber = s.name) as shaken";

/// A cursor as the program describes it.
#[derive(Clone, Copy, Debug)]
pub(in crate::bus) struct NewCursor {
    /// Whose it is.
    pub name: &'static str,
    /// Where it begins when it is new.
    pub start: Start,
    /// Whether a lost event of it is lost money.
    pub money: bool,
    /// Whether an event that comes twice does no harm.
    pub repeatable: bool,
    /// Whether it can be built again from the log.
    pub rebuildable: bool,
}

impl NewCursor {
    /// The cursor of a subscriber.
    pub fn of(subscriber: &dyn Subscriber) -> Self {
        Self {
            name: subscriber.name(),
            start: subscriber.start(),
            money: subscriber.money(),
            repeatable: subscriber.repeatable(),
            rebuildable: subscriber.rebuildable(),
        }
    }
}

/// Makes the cursor of a subscriber if there is none yet, and keeps what the program says of it.
pub(in crate::bus) fn upsert_cursor(conn: &mut PgConnection, cursor: NewCursor) -> AppResult<()> {
    let start = match cursor.start {
        Start::Beginning => Some(0),
        Start::Head => None,
        Start::Seq(seq) => Some(seq),
    };
    sql_query(
        "insert into bus.subscribers as s (name, position, money, repeatable, rebuildable)
         select $1, coalesce($2, max(e.seq), 0), $3, $4, $5 from bus.events e
         on conflict (name) do update set money = excluded.money, repeatable = excluded.repeatable,
           rebuildable = excluded.rebuildable
         where (s.money, s.repeatable, s.rebuildable) <> (excluded.money, excluded.repeatable, excluded.rebuildable)",
    )
    .bind::<Text, _>(cursor.name)
    .bind::<Nullable<BigInt>, _>(start)
    .bind::<Bool, _>(cursor.money)
    .bind::<Bool, _>(cursor.repeatable)
    .bind::<Bool, _>(cursor.rebuildable)
    .execute(conn)?;
    Ok(())
}

/// Locks the cursor of a running subscriber; none when it is paused or retired, or another process has it.
pub(in crate::bus) fn lock_cursor(
    conn: &mut PgConnection,
    name: &str,
) -> AppResult<Option<Cursor>> {
    #[cfg(feature = "faults")]
    if crate::platform::faults::plants("pause_aside") {
        return lock_cursor_looking_aside(conn, name);
    }
    Ok(sql_query(format!(
        "select {CURSOR_COLUMNS} from bus.subscribers s
         where s.name = $1 and not s.paused and s.retired_at is null for update of s skip locked"
    ))
    .bind::<Text, _>(name)
    .prepared()
    .get_result(conn)
    .optional()?)
}

/// The mistake that the flag on the row itself avoids: after waiting for the lock, only the locked row is looked at again.
#[cfg(feature = "faults")]
fn lock_cursor_looking_aside(conn: &mut PgConnection, name: &str) -> AppResult<Option<Cursor>> {
    Ok(sql_query(format!(
        "select {CURSOR_COLUMNS} from bus.subscribers s
         where s.name = $1 and s.retired_at is null
           and not exists (select from bus.pauses p where p.subscriber = s.name) for update of s"
    ))
    .bind::<Text, _>(name)
    .get_result(conn)
    .optional()?)
}

/// Locks a cursor whatever its state, waiting for the step in hand; none when there is no such subscriber.
pub(in crate::bus) fn hold_cursor(
    conn: &mut PgConnection,
    name: &str,
) -> AppResult<Option<Cursor>> {
    Ok(sql_query(format!(
        "select {CURSOR_COLUMNS} from bus.subscribers s where s.name = $1 for update of s"
    ))
    .bind::<Text, _>(name)
    .prepared()
    .get_result(conn)
    .optional()?)
}

/// Where a subscriber stands.
pub(in crate::bus) fn position(conn: &mut PgConnection, name: &str) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        position: i64,
    }
    let row: Row = sql_query("select position from bus.subscribers where name = $1")
        .bind::<Text, _>(name)
        .prepared()
        .get_result(conn)?;
    Ok(row.position)
}

/// Moves a cursor forward.
pub(in crate::bus) fn advance(
    conn: &mut PgConnection,
    name: &str,
    position: i64,
    applied: usize,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update bus.subscribers set position = $2, applied_total = applied_total + $3, last_applied_at = $4,
           minute = date_trunc('minute', $4),
           in_minute = $3 + case when minute = date_trunc('minute', $4) then in_minute else 0 end,
           before_minute = case minute when date_trunc('minute', $4) then before_minute
             when date_trunc('minute', $4) - interval '1 minute' then in_minute else 0 end
         where name = $1",
    )
    .bind::<Text, _>(name)
    .bind::<BigInt, _>(position)
    .bind::<BigInt, _>(i64::try_from(applied).unwrap_or(i64::MAX))
    .bind::<Timestamptz, _>(now).prepared()
    .execute(conn)?;
    Ok(())
}

/// Moves a cursor back.
pub(in crate::bus) fn update_position(
    conn: &mut PgConnection,
    name: &str,
    position: i64,
) -> AppResult<()> {
    sql_query(
        "update bus.subscribers set rewound_until = greatest(rewound_until, position), position = $2 where name = $1",
    )
    .bind::<Text, _>(name)
    .bind::<BigInt, _>(position)
    .execute(conn)?;
    Ok(())
}

/// Ends a subscriber for good.
pub(in crate::bus) fn update_retired(
    conn: &mut PgConnection,
    name: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update bus.subscribers set retired_at = coalesce(retired_at, $2) where name = $1")
        .bind::<Text, _>(name)
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}

/// Keeps the last failure where the operator sees it.
pub(in crate::bus) fn note_error(
    conn: &mut PgConnection,
    name: &str,
    text: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update bus.subscribers set last_error = $2, last_error_at = $3 where name = $1")
        .bind::<Text, _>(name)
        .bind::<Text, _>(text)
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}

/// Writes down a holder; one who holds already stays as written. Tells whether it is new.
pub(in crate::bus) fn insert_pause(
    conn: &mut PgConnection,
    name: &str,
    holder: &str,
    reason: &str,
    actor: Option<Uuid>,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let rows = sql_query(
        "insert into bus.pauses (subscriber, holder, reason, actor_id, paused_at) values ($1, $2, $3, $4, $5)
         on conflict do nothing",
    )
    .bind::<Text, _>(name)
    .bind::<Text, _>(holder)
    .bind::<Text, _>(reason)
    .bind::<Nullable<SqlUuid>, _>(actor)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(rows == 1)
}

/// Lets one holder go.
pub(in crate::bus) fn delete_pause(
    conn: &mut PgConnection,
    name: &str,
    holder: &str,
) -> AppResult<bool> {
    let rows = sql_query("delete from bus.pauses where subscriber = $1 and holder = $2")
        .bind::<Text, _>(name)
        .bind::<Text, _>(holder)
        .execute(conn)?;
    Ok(rows == 1)
}

/// Sets the flag on the cursor by its holders. The cursor is locked.
pub(in crate::bus) fn update_paused(conn: &mut PgConnection, name: &str) -> AppResult<()> {
    sql_query(
        "update bus.subscribers s set paused = exists (select from bus.pauses p where p.subscriber = s.name) where name = $1",
    )
    .bind::<Text, _>(name)
    .execute(conn)?;
    Ok(())
}

/// Notes that a subscriber is about to try what begins at a number; tells how often that was so in a row.
pub(in crate::bus) fn record_attempt(
    conn: &mut PgConnection,
    name: &str,
    seq: i64,
    now: DateTime<Utc>,
) -> AppResult<i32> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        attempts: i32,
    }
    let row: Row = sql_query(
        "insert into bus.attempts as a (subscriber, seq, attempts, tried_at) values ($1, $2, 1, $3)
         on conflict (subscriber) do update set seq = excluded.seq, tried_at = excluded.tried_at,
           attempts = case when a.seq = excluded.seq then a.attempts + 1 else 1 end
         returning attempts",
    )
    .bind::<Text, _>(name)
    .bind::<BigInt, _>(seq)
    .bind::<Timestamptz, _>(now)
    .prepared()
    .get_result(conn)?;
    Ok(row.attempts)
}

/// Forgets the note: the try ended, well or not.
pub(in crate::bus) fn clear_attempts(conn: &mut PgConnection, name: &str) -> AppResult<()> {
    sql_query("delete from bus.attempts where subscriber = $1")
        .bind::<Text, _>(name)
        .execute(conn)?;
    Ok(())
}
