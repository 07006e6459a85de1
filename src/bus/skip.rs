//! Skipping a dead item together with a correction.

use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::{ROLE, store};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};

/// Skips a dead item in the unit of work that books its correction; the next of its key becomes due.
///
/// # Errors
/// Conflict when the item is not dead.
pub fn skip_with_correction(
    tx: &mut Tx<'_>,
    subscriber: &str,
    item: Uuid,
    reason: &str,
) -> AppResult<()> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        sequence_key: Uuid,
    }
    let (now, actor) = (tx.now, tx.origin.actor);
    tx.with_role(ROLE, |tx| {
        let row: Option<Row> = sql_query(
            "update bus.parked_items set state = 'skipped', next_attempt_at = null, resolved_at = $3, resolved_by = $4,
               resolution_reason = $5
             where subscriber = $1 and item_id = $2 and state = 'dead' returning sequence_key",
        )
        .bind::<Text, _>(subscriber)
        .bind::<SqlUuid, _>(item)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<SqlUuid>, _>(actor)
        .bind::<Text, _>(reason)
        .get_result(tx.conn())
        .optional()?;
        let row = row.ok_or_else(|| AppError::conflict("error-item-not-dead"))?;
        store::unblock_next(tx.conn(), subscriber, row.sequence_key, now)?;
        tx.audit("bus.skipped", Some(item), &serde_json::json!({ "subscriber": subscriber, "reason": reason }))?;
        tx.wake_workers();
        Ok(())
    })
}
