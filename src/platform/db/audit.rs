//! The audit: who did what to whom or what, when, and from where (R24). A row is written in the transaction of what it tells of.

use super::Prepare;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::Tx;
use crate::platform::error::AppResult;

impl Tx<'_> {
    /// Writes a row of the audit: what was done, to whom or what, with the details. By whom, from which address, by which program and
    /// in which request is known here.
    ///
    /// # Errors
    /// Those of the database.
    pub fn audit(&mut self, action: &str, subject: Option<Uuid>, detail: &Value) -> AppResult<()> {
        let (id, now, correlation): (Uuid, _, _) = (self.new_id(), self.now, self.correlation());
        let origin = self.origin.clone();
        diesel::sql_query(
            "insert into platform.audit_log (id, occurred_at, actor_id, action, subject_id, address, agent, correlation_id, detail)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<SqlUuid>, _>(origin.actor)
        .bind::<Text, _>(action)
        .bind::<Nullable<SqlUuid>, _>(subject)
        .bind::<Nullable<Text>, _>(origin.address)
        .bind::<Nullable<Text>, _>(origin.agent)
        .bind::<SqlUuid, _>(correlation)
        .bind::<Jsonb, _>(detail).prepared()
        .execute(self.conn())?;
        Ok(())
    }

    /// Whether the audit has a row of this action by whoever acts, since an instant, with these details among its own.
    ///
    /// # Errors
    /// Those of the database.
    pub fn has_audited(
        &mut self,
        action: &str,
        since: DateTime<Utc>,
        detail: &Value,
    ) -> AppResult<bool> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Bool)]
            known: bool,
        }
        let actor = self.origin.actor;
        let row: Row = diesel::sql_query(
            "select exists (select from platform.audit_log
               where actor_id = $1 and occurred_at >= $2 and action = $3 and detail @> $4) as known",
        )
        .bind::<Nullable<SqlUuid>, _>(actor)
        .bind::<Timestamptz, _>(since)
        .bind::<Text, _>(action)
        .bind::<Jsonb, _>(detail).prepared()
        .get_result(self.conn())?;
        Ok(row.known)
    }
}
