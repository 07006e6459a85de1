//! Outlets: who sends just now, and how long a target is left alone.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// What is kept of a target's trouble; nothing, while all goes well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub(in crate::bus) struct OutletState {
    /// Steps in a row that the target was away or had trouble.
    #[diesel(sql_type = Integer)]
    pub failures: i32,
    /// Until when it is left alone.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub rests_until: Option<DateTime<Utc>>,
    /// The event at which it has trouble.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub stuck_at: Option<i64>,
    /// How often it had at that event.
    #[diesel(sql_type = Integer)]
    pub stuck_for: i32,
}

/// Makes the row of an outlet if there is none.
pub(in crate::bus) fn insert_outlet(conn: &mut PgConnection, name: &str) -> AppResult<()> {
    sql_query("insert into bus.outlets (name) values ($1) on conflict do nothing")
        .bind::<Text, _>(name)
        .execute(conn)?;
    Ok(())
}

/// Whether no other process holds an outlet and it is not left alone. The cursor is locked.
pub(in crate::bus) fn is_outlet_free(
    conn: &mut PgConnection,
    name: &str,
    holder: Uuid,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        free: bool,
    }
    let row: Row = sql_query(
        "select exists (select from bus.outlets where name = $1
           and (holder is null or holder = $2 or held_until <= $3) and (rests_until is null or rests_until <= $3)) as free",
    )
    .bind::<Text, _>(name)
    .bind::<SqlUuid, _>(holder)
    .bind::<Timestamptz, _>(now).prepared()
    .get_result(conn)?;
    Ok(row.free)
}

/// Takes an outlet for a while.
pub(in crate::bus) fn hold_outlet(
    conn: &mut PgConnection,
    name: &str,
    holder: Uuid,
    until: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update bus.outlets set holder = $2, held_until = $3 where name = $1")
        .bind::<Text, _>(name)
        .bind::<SqlUuid, _>(holder)
        .bind::<Timestamptz, _>(until)
        .execute(conn)?;
    Ok(())
}

/// The state of an outlet that a process still holds.
pub(in crate::bus) fn get_outlet(
    conn: &mut PgConnection,
    name: &str,
    holder: Uuid,
) -> AppResult<Option<OutletState>> {
    Ok(sql_query(
        "select failures, rests_until, stuck_at, stuck_for from bus.outlets where name = $1 and holder = $2",
    )
    .bind::<Text, _>(name)
    .bind::<SqlUuid, _>(holder).prepared()
    .get_result(conn)
    .optional()?)
}

/// Lets go of an outlet, and keeps how its target is.
pub(in crate::bus) fn release_outlet(
    conn: &mut PgConnection,
    name: &str,
    state: OutletState,
) -> AppResult<()> {
    sql_query(
        "update bus.outlets set holder = null, held_until = null, failures = $2, rests_until = $3, stuck_at = $4, stuck_for = $5
         where name = $1",
    )
    .bind::<Text, _>(name)
    .bind::<Integer, _>(state.failures)
    .bind::<Nullable<Timestamptz>, _>(state.rests_until)
    .bind::<Nullable<BigInt>, _>(state.stuck_at)
    .bind::<Integer, _>(state.stuck_for)
    .execute(conn)?;
    Ok(())
}
