//! The emergency stop (R14): while it is set nothing changes, in no process; reading works.
//!
//! A unit of work asks for it in the statement with which it takes its role, and the tables that make and move money ask again in
//! the database, under a shared lock (the migration tells how). So when [`drain`] has come back, no money is written any more,
//! whoever tries. It is set by a person or by the reconciler, and released by an administrator alone.

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::db::Tx;
use super::error::{AppError, AppResult, Message};

/// The name that the database gives to the refusal.
const CONSTRAINT: &str = "emergency_stop";

/// Seconds after which whoever is refused may ask again.
pub const RETRY_AFTER: u32 = 60;

/// How long the setting of the stop waits at most for those who are writing money.
const DRAIN_SECONDS: u32 = 60;

/// Whether it is set, as a condition in a statement of any module.
pub const IS_SET: &str = "exists (select from platform.emergency_stops where released_at is null)";

/// A stop, open or released.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Stop {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Why, in words.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// The invariant that the reconciler found broken; none when a person stopped.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub check_number: Option<i16>,
    /// Rows that break it.
    #[diesel(sql_type = Array<Text>)]
    pub findings: Vec<String>,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
    /// By whom; none for the system and for commands.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub set_by: Option<Uuid>,
    /// By whom, in words.
    #[diesel(sql_type = Text)]
    pub set_by_name: String,
    /// When it was released.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub released_at: Option<DateTime<Utc>>,
    /// By whom it was released; none for commands.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub released_by: Option<Uuid>,
    /// By whom it was released, in words.
    #[diesel(sql_type = Nullable<Text>)]
    pub released_by_name: Option<String>,
    /// Why it was released.
    #[diesel(sql_type = Nullable<Text>)]
    pub release_reason: Option<String>,
}

const COLUMNS: &str = "id, reason, check_number, findings, since, set_by, set_by_name, released_at, released_by, released_by_name, release_reason";

impl Stop {
    /// The sentence for everybody: a check is named in the reader's language, and its rows are not shown.
    #[must_use]
    pub fn message(&self) -> Message {
        message_of(&self.reason, self.check_number)
    }
}

/// What everybody is told of a stop.
#[must_use]
pub fn message_of(reason: &str, check: Option<i16>) -> Message {
    match check {
        Some(number) => Message::new("stopped-by-check").with("number", number),
        None => Message::new("stopped").with("reason", reason),
    }
}

/// The error of a change that came while the stop was set, if that is what the database said.
pub(super) fn refusal(
    detail: &(dyn diesel::result::DatabaseErrorInformation + Send + Sync),
) -> Option<AppError> {
    (detail.constraint_name() == Some(CONSTRAINT)).then(|| {
        let number = detail.hint().and_then(|hint| hint.parse().ok());
        AppError::Stopped(message_of(detail.details().unwrap_or_default(), number))
    })
}

/// A stop that is about to be set.
#[derive(Clone, Debug)]
pub struct NewStop<'a> {
    /// Why, in words; up to 500 letters.
    pub reason: &'a str,
    /// The invariant that is broken, for the reconciler.
    pub check_number: Option<i16>,
    /// Rows that break it.
    pub findings: &'a [String],
    /// Who sets it, for people.
    pub by: &'a str,
}

/// The stop that is set now.
///
/// # Errors
/// Those of the database.
pub fn current(conn: &mut PgConnection) -> AppResult<Option<Stop>> {
    Ok(sql_query(format!(
        "select {COLUMNS} from platform.emergency_stops where released_at is null"
    ))
    .get_result(conn)
    .optional()?)
}

/// The last stops, the newest first.
///
/// # Errors
/// Those of the database.
pub fn list(conn: &mut PgConnection, limit: i64) -> AppResult<Vec<Stop>> {
    Ok(sql_query(format!(
        "select {COLUMNS} from platform.emergency_stops order by since desc, id desc limit $1"
    ))
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// Sets the stop, with its audit row; false when it is set already. From the commit on units of work are refused, and the workers
/// look up; call [`drain`] after it.
///
/// # Errors
/// Those of the database.
pub fn set(tx: &mut Tx<'_>, new: &NewStop<'_>) -> AppResult<bool> {
    let (id, now, actor): (Uuid, _, _) = (tx.new_id(), tx.now, tx.origin.actor);
    let fresh = sql_query(
        "insert into platform.emergency_stops (id, reason, check_number, findings, since, set_by, set_by_name)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(new.reason)
    .bind::<Nullable<SmallInt>, _>(new.check_number)
    .bind::<Array<Text>, _>(new.findings)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(actor)
    .bind::<Text, _>(new.by)
    .execute(tx.conn())?;
    if fresh == 0 {
        return Ok(false);
    }
    let detail = serde_json::json!({
        "reason": new.reason, "by": new.by, "check": new.check_number, "findings": new.findings,
    });
    tx.audit("operations.stopped", Some(id), &detail)?;
    tx.wake_workers();
    Ok(true)
}

/// Waits until everybody who was writing money when the stop was committed has ended; takes a transaction of its own.
///
/// # Errors
/// 503 when somebody writes for longer than a minute; the stop is set all the same.
pub fn drain(conn: &mut PgConnection) -> AppResult<()> {
    conn.batch_execute(&format!(
        "set local lock_timeout = '{DRAIN_SECONDS}s'; set local statement_timeout = 0;
         select pg_advisory_xact_lock(7781, 22)"
    ))?;
    Ok(())
}

/// Releases the stop, with its audit row; none when none was set. The workers go on at once.
///
/// # Errors
/// Those of the database.
pub fn release(tx: &mut Tx<'_>, by: &str, reason: &str) -> AppResult<Option<Stop>> {
    let (now, actor) = (tx.now, tx.origin.actor);
    let released: Option<Stop> = sql_query(format!(
        "update platform.emergency_stops
         set released_at = greatest($1, since), released_by = $2, released_by_name = $3, release_reason = $4
         where released_at is null returning {COLUMNS}"
    ))
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(actor)
    .bind::<Text, _>(by)
    .bind::<Text, _>(reason)
    .get_result(tx.conn())
    .optional()?;
    if let Some(stop) = &released {
        let detail =
            serde_json::json!({ "reason": reason, "by": by, "stopped_because": stop.reason });
        tx.audit("operations.released", Some(stop.id), &detail)?;
        tx.wake_workers();
    }
    Ok(released)
}
