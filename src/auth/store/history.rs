//! What was done to a user's account, as the audit has it.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// Something that was done to an account.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::auth) struct AccountAct {
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    pub action: String,
    /// By whom; none for the system itself.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub actor_name: Option<String>,
}

/// The last things that were done to an account since an instant, the newest first; the audit has no index by whom something was done
/// to, and so is read by time.
pub(in crate::auth) fn list_account_acts(
    conn: &mut PgConnection,
    user: Uuid,
    since: DateTime<Utc>,
    limit: i64,
) -> AppResult<Vec<AccountAct>> {
    Ok(sql_query(
        "select a.occurred_at as at, a.action, a.actor_id as actor, u.name || ' ' || u.surname as actor_name
         from platform.audit_log a left join auth.users u on u.id = a.actor_id
         where a.subject_id = $1 and a.occurred_at >= $3 and starts_with(a.action, 'auth.') order by a.occurred_at desc, a.id desc limit $2",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<BigInt, _>(limit)
    .bind::<Timestamptz, _>(since)
    .load(conn)?)
}
