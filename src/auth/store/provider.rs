//! Who somebody is at the company's provider, and log-ins that are under way there.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// A log-in that was sent to the provider.
#[derive(QueryableByName)]
pub(in crate::auth) struct VisitRow {
    #[diesel(sql_type = Text)]
    pub nonce: String,
    #[diesel(sql_type = Text)]
    pub verifier: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub next: Option<String>,
}

/// What a log-in is known again by.
pub(in crate::auth) struct VisitKey<'a> {
    pub state_hash: &'a [u8],
    pub cookie_hash: &'a [u8],
}

pub(in crate::auth) fn insert_visit(
    conn: &mut PgConnection,
    key: &VisitKey<'_>,
    visit: &VisitRow,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.provider_visits (state_hash, cookie_hash, nonce, verifier, next, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<Binary, _>(key.state_hash)
    .bind::<Binary, _>(key.cookie_hash)
    .bind::<Text, _>(&visit.nonce)
    .bind::<Text, _>(&visit.verifier)
    .bind::<Nullable<Text>, _>(&visit.next)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(expires_at)
    .execute(conn)?;
    Ok(())
}

/// Takes a log-in that comes back: once, in the browser that it began in, in time. One statement, so that of two at once one gets it.
pub(in crate::auth) fn take_visit(
    conn: &mut PgConnection,
    key: &VisitKey<'_>,
    now: DateTime<Utc>,
) -> AppResult<Option<VisitRow>> {
    Ok(sql_query(
        "delete from auth.provider_visits where state_hash = $1 and cookie_hash = $2 and expires_at > $3
         returning nonce, verifier, next",
    )
    .bind::<Binary, _>(key.state_hash)
    .bind::<Binary, _>(key.cookie_hash)
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .optional()?)
}

/// Removes log-ins that never came back.
pub(in crate::auth) fn delete_expired_visits(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.provider_visits where expires_at <= $1")
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}

/// The user whom a subject of a provider was linked with.
pub(in crate::auth) fn find_linked_user(
    conn: &mut PgConnection,
    issuer: &str,
    subject: &str,
) -> AppResult<Option<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        user_id: Uuid,
    }
    let row: Option<Row> =
        sql_query("select user_id from auth.provider_links where issuer = $1 and subject = $2")
            .bind::<Text, _>(issuer)
            .bind::<Text, _>(subject)
            .get_result(conn)
            .optional()?;
    Ok(row.map(|row| row.user_id))
}

/// Links a user with a subject; tells whether it could be: not when the user is linked with another subject of that provider.
pub(in crate::auth) fn insert_link(
    conn: &mut PgConnection,
    issuer: &str,
    subject: &str,
    user: Uuid,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let rows = sql_query(
        "insert into auth.provider_links (issuer, subject, user_id, linked_at) values ($1, $2, $3, $4) on conflict do nothing",
    )
    .bind::<Text, _>(issuer)
    .bind::<Text, _>(subject)
    .bind::<SqlUuid, _>(user)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(rows == 1)
}
