//! Links in mails: stored as hashes, good for one use.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Binary, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// What a link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::auth) enum Purpose {
    /// A new password for a user.
    PasswordReset,
    /// The proof that an address is somebody's who registers.
    Registration,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset",
            Self::Registration => "registration",
        }
    }
}

#[derive(QueryableByName)]
struct Subject {
    #[diesel(sql_type = SqlUuid)]
    subject_id: Uuid,
}

pub(in crate::auth) fn insert_mail_link(
    conn: &mut PgConnection,
    token_hash: &[u8],
    purpose: Purpose,
    subject: Uuid,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.links (token_hash, purpose, subject_id, created_at, expires_at) values ($1, $2, $3, $4, $5)",
    )
    .bind::<Binary, _>(token_hash)
    .bind::<Text, _>(purpose.as_str())
    .bind::<SqlUuid, _>(subject)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(expires_at)
    .execute(conn)?;
    Ok(())
}

/// Whom a link is about that could be used now.
pub(in crate::auth) fn find_link(
    conn: &mut PgConnection,
    token_hash: &[u8],
    purpose: Purpose,
    now: DateTime<Utc>,
) -> AppResult<Option<Uuid>> {
    let found: Option<Subject> = sql_query(
        "select subject_id from auth.links where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3",
    )
    .bind::<Binary, _>(token_hash)
    .bind::<Text, _>(purpose.as_str())
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .optional()?;
    Ok(found.map(|row| row.subject_id))
}

/// Uses a link up, with every other one of the same purpose about the same subject; one statement, so that of two at once one finds
/// nothing. Gives whom it is about.
pub(in crate::auth) fn use_link(
    conn: &mut PgConnection,
    token_hash: &[u8],
    purpose: Purpose,
    now: DateTime<Utc>,
) -> AppResult<Option<Uuid>> {
    let used: Option<Subject> = sql_query(
        "update auth.links set used_at = $3 where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3
         returning subject_id",
    )
    .bind::<Binary, _>(token_hash)
    .bind::<Text, _>(purpose.as_str())
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .optional()?;
    let Some(Subject { subject_id }) = used else {
        return Ok(None);
    };
    use_up_links_of(conn, purpose, subject_id, now)?;
    Ok(Some(subject_id))
}

/// Uses up every link of a purpose about a subject.
pub(in crate::auth) fn use_up_links_of(
    conn: &mut PgConnection,
    purpose: Purpose,
    subject: Uuid,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update auth.links set used_at = $3 where subject_id = $1 and purpose = $2 and used_at is null")
        .bind::<SqlUuid, _>(subject)
        .bind::<Text, _>(purpose.as_str())
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}

/// Removes links whose time is over.
pub(in crate::auth) fn delete_expired_links(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.links where expires_at <= $1")
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}
