//! Who asked for a link to a new password, known or not.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::db::Origin;
use crate::platform::error::AppResult;

/// A request as it came.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::auth) struct ResetRequest {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// A log-in name or an e-mail address, as it was typed.
    #[diesel(sql_type = Text)]
    pub login: String,
    /// The language of the page on which it was typed.
    #[diesel(sql_type = Text)]
    pub language: String,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    agent: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    correlation_id: Option<Uuid>,
}

impl ResetRequest {
    /// Where it came from.
    pub fn origin(&self) -> Origin {
        Origin {
            actor: None,
            address: self.address.clone(),
            agent: self.agent.clone(),
            correlation: self.correlation_id,
        }
    }
}

pub(in crate::auth) fn insert_reset_request(
    conn: &mut PgConnection,
    id: Uuid,
    login: &str,
    language: &str,
    origin: &Origin,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.reset_requests (id, login, language, address, agent, correlation_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(login)
    .bind::<Text, _>(language)
    .bind::<Nullable<Text>, _>(origin.address.as_deref())
    .bind::<Nullable<Text>, _>(origin.agent.as_deref())
    .bind::<Nullable<SqlUuid>, _>(origin.correlation)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Requests that nobody has looked at, the oldest first.
pub(in crate::auth) fn list_reset_requests(
    conn: &mut PgConnection,
    limit: i64,
) -> AppResult<Vec<ResetRequest>> {
    Ok(
        sql_query("select * from auth.reset_requests order by created_at, id limit $1")
            .bind::<BigInt, _>(limit)
            .load(conn)?,
    )
}

/// Takes a request out; tells whether it was still there, so that of two workers one goes on.
pub(in crate::auth) fn delete_reset_request(conn: &mut PgConnection, id: Uuid) -> AppResult<bool> {
    let taken = sql_query(
        "delete from auth.reset_requests where id = (select id from auth.reset_requests where id = $1 for update skip locked)",
    )
    .bind::<SqlUuid, _>(id)
    .execute(conn)?;
    Ok(taken == 1)
}
