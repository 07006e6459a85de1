//! People who want to register themselves.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::db::Origin;
use crate::platform::error::AppResult;

/// A registration as it was typed, in order in itself.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::auth) struct Registration {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub username: String,
    #[diesel(sql_type = Text)]
    pub email: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub surname: String,
    #[diesel(sql_type = Text)]
    pub password_hash: String,
    /// The language of the page.
    #[diesel(sql_type = Text)]
    pub language: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub agent: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub correlation_id: Option<Uuid>,
}

impl Registration {
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

pub(in crate::auth) fn insert_registration(
    conn: &mut PgConnection,
    new: &Registration,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.registrations
           (id, username, email, name, surname, password_hash, language, address, agent, correlation_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind::<SqlUuid, _>(new.id)
    .bind::<Text, _>(&new.username)
    .bind::<Text, _>(&new.email)
    .bind::<Text, _>(&new.name)
    .bind::<Text, _>(&new.surname)
    .bind::<Text, _>(&new.password_hash)
    .bind::<Text, _>(&new.language)
    .bind::<Nullable<Text>, _>(new.address.as_deref())
    .bind::<Nullable<Text>, _>(new.agent.as_deref())
    .bind::<Nullable<SqlUuid>, _>(new.correlation_id)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Registrations that nobody has answered, the oldest first.
pub(in crate::auth) fn list_unanswered_registrations(
    conn: &mut PgConnection,
    limit: i64,
) -> AppResult<Vec<Registration>> {
    Ok(
        sql_query("select * from auth.registrations where answered_at is null order by created_at, id limit $1")
            .bind::<BigInt, _>(limit)
            .load(conn)?,
    )
}

/// Notes that a registration is answered; tells whether it was not before, so that of two workers one goes on.
pub(in crate::auth) fn update_answered(
    conn: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let rows = sql_query(
        "update auth.registrations set answered_at = $2 where id = $1 and answered_at is null",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(rows == 1)
}

/// Takes a registration out, to make the account.
pub(in crate::auth) fn take_registration(
    conn: &mut PgConnection,
    id: Uuid,
) -> AppResult<Option<Registration>> {
    Ok(
        sql_query("delete from auth.registrations where id = $1 returning *")
            .bind::<SqlUuid, _>(id)
            .get_result(conn)
            .optional()?,
    )
}

/// Removes registrations that were made before an instant, proven or not.
pub(in crate::auth) fn delete_old_registrations(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.registrations where created_at < $1")
        .bind::<Timestamptz, _>(before)
        .execute(conn)?;
    Ok(())
}
