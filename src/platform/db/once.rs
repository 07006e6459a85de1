//! What is sent twice has one effect and one answer: forms by their one-time key, requests of programs by their `Idempotency-Key`.

use super::Prepare;
use chrono::Duration;
use diesel::pg::PgConnection;
use diesel::sql_types::{Binary, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl};
use uuid::Uuid;

use super::{Db, DbRole, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult};

/// The role in the database that forgets them.
const ROLE: DbRole = DbRole::new("ates_platform");

/// How long keys are kept.
pub const KEYS_KEPT: Duration = Duration::days(7);

/// Runs `work` once for each (user, form key) and keeps where it led; a repetition is told the same place and does nothing. A
/// repetition that comes while the first is under way waits for it.
///
/// # Errors
/// What `work` returns; then the key is free again.
pub fn once(
    tx: &mut Tx<'_>,
    user: Uuid,
    key: Uuid,
    work: impl FnOnce(&mut Tx<'_>) -> AppResult<String>,
) -> AppResult<String> {
    let now = tx.now;
    let fresh = diesel::sql_query(
        "insert into platform.form_keys (user_id, key, created_at) values ($1, $2, $3) on conflict do nothing",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<SqlUuid, _>(key)
    .bind::<Timestamptz, _>(now)
    .execute(tx.conn())?;
    if fresh == 0 {
        return location_of(tx.conn(), user, key)?
            .ok_or_else(|| AppError::conflict("error-form-already-sent"));
    }
    let location = work(tx)?;
    diesel::sql_query(
        "update platform.form_keys set location = $3 where user_id = $1 and key = $2",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<SqlUuid, _>(key)
    .bind::<Text, _>(&location)
    .execute(tx.conn())?;
    Ok(location)
}

fn location_of(conn: &mut PgConnection, user: Uuid, key: Uuid) -> AppResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        location: Option<String>,
    }
    let row: Option<Row> = diesel::sql_query(
        "select location from platform.form_keys where user_id = $1 and key = $2",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<SqlUuid, _>(key)
    .prepared()
    .get_result(conn)
    .optional()?;
    Ok(row.and_then(|row| row.location))
}

/// The key of a request, and what it was sent with: method and path, and the SHA-256 of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// As the client chose it.
    pub key: String,
    /// Method and path.
    pub route: String,
    /// SHA-256 of the body.
    pub body_hash: Vec<u8>,
}

/// What a request was answered: for the first time, or again.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body as JSON, if there is one.
    pub body: Option<String>,
    /// Where what was made can be found.
    pub location: Option<String>,
}

/// Runs `work` once for each (user, route, key), and answers a repetition as the first time. The key is kept in the same unit of work as
/// the effect: there is never one without the other.
///
/// # Errors
/// What `work` returns; then the key is free again. 422 at `Idempotency-Key` for another body, 409 while the first request is under way.
pub fn once_for_key(
    tx: &mut Tx<'_>,
    user: Uuid,
    request: &RequestKey,
    work: impl FnOnce(&mut Tx<'_>) -> AppResult<Answer>,
) -> AppResult<Answer> {
    if !lock(tx.conn(), user, request)? {
        return Err(AppError::InFlight);
    }
    if let Some(answer) = answer_before(tx, user, request)? {
        return Ok(answer);
    }
    let answer = work(tx)?;
    let now = tx.now;
    diesel::sql_query(
        "insert into platform.request_keys (user_id, route, key, body_hash, status, body, location, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (user_id, route, key) do update set body_hash = excluded.body_hash, status = excluded.status, body = excluded.body,
           location = excluded.location, created_at = excluded.created_at",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Text, _>(&request.route)
    .bind::<Text, _>(&request.key)
    .bind::<Binary, _>(&request.body_hash)
    .bind::<SmallInt, _>(i16::try_from(answer.status).unwrap_or(i16::MAX))
    .bind::<Nullable<Text>, _>(&answer.body)
    .bind::<Nullable<Text>, _>(&answer.location)
    .bind::<Timestamptz, _>(now)
    .execute(tx.conn())?;
    Ok(answer)
}

/// What the first request of this key was answered, for work that cannot be one unit and does no harm when it is done twice.
///
/// # Errors
/// 422 at `Idempotency-Key` for another body.
pub fn answer_before(
    tx: &mut Tx<'_>,
    user: Uuid,
    request: &RequestKey,
) -> AppResult<Option<Answer>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        same_body: bool,
        #[diesel(sql_type = SmallInt)]
        status: i16,
        #[diesel(sql_type = Nullable<Text>)]
        body: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        location: Option<String>,
    }
    let since = tx.now - KEYS_KEPT;
    let row: Option<Row> = diesel::sql_query(
        "select body_hash = $4 as same_body, status, body, location from platform.request_keys
         where user_id = $1 and route = $2 and key = $3 and created_at > $5",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Text, _>(&request.route)
    .bind::<Text, _>(&request.key)
    .bind::<Binary, _>(&request.body_hash)
    .bind::<Timestamptz, _>(since)
    .prepared()
    .get_result(tx.conn())
    .optional()?;
    match row {
        None => Ok(None),
        Some(row) if !row.same_body => Err(AppError::field(
            "Idempotency-Key",
            "field-idempotency-key-reused",
        )),
        Some(row) => Ok(Some(Answer {
            status: u16::try_from(row.status).unwrap_or(200),
            body: row.body,
            location: row.location,
        })),
    }
}

/// Takes the key for this unit of work; not when another one has it.
fn lock(conn: &mut PgConnection, user: Uuid, request: &RequestKey) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        taken: bool,
    }
    let row: Row = diesel::sql_query(
        "select pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', $1, $2, $3), 7781)) as taken",
    )
    .bind::<Text, _>(user.to_string())
    .bind::<Text, _>(&request.route)
    .bind::<Text, _>(&request.key)
    .prepared()
    .get_result(conn)?;
    Ok(row.taken)
}

/// Forgets the keys of forms and requests whose time is over.
///
/// # Errors
/// Those of the database.
pub fn forget_old_keys(db: &Db) -> AppResult<()> {
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        let before = tx.now - KEYS_KEPT;
        for table in ["form_keys", "request_keys"] {
            diesel::sql_query(format!(
                "delete from platform.{table} where created_at <= $1"
            ))
            .bind::<Timestamptz, _>(before)
            .execute(tx.conn())?;
        }
        Ok(())
    })
}
