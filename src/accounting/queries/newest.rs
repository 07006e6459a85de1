//! Who has a task now, as far as the books know.

use std::collections::{BTreeMap, BTreeSet};

use diesel::pg::PgConnection;
use diesel::sql_types::{Array, Date, Integer, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::Movement;
use crate::platform::db::Prepare;
use crate::platform::error::AppResult;

/// Tells of the tasks of fees which assignment is the newest that is booked: whoever was charged for that one has the task.
///
/// # Errors
/// Those of the database.
pub(in crate::accounting) fn tell_newest_assignments(
    conn: &mut PgConnection,
    movements: &mut [Movement],
) -> AppResult<()> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        task_id: Uuid,
        #[diesel(sql_type = Integer)]
        newest: i32,
    }
    let fees = || {
        movements
            .iter()
            .filter(|movement| movement.assignment_seq.is_some())
    };
    let Some(since) = fees().map(|movement| movement.business_date).min() else {
        return Ok(());
    };
    let ids: BTreeSet<Uuid> = fees()
        .filter_map(|movement| movement.task.as_ref().map(|task| task.uid))
        .collect();
    let rows: Vec<Row> = sql_query(
        "select task_id, max(assignment_seq) as newest from accounting.transfers
         where task_id = any($1) and kind = 'assignment_fee' and business_date >= $2 group by task_id",
    )
    .bind::<Array<SqlUuid>, _>(ids.into_iter().collect::<Vec<Uuid>>())
    .bind::<Date, _>(since)
    .prepared()
    .load(conn)?;
    let newest: BTreeMap<Uuid, i32> = rows
        .into_iter()
        .map(|row| (row.task_id, row.newest))
        .collect();
    for task in movements
        .iter_mut()
        .filter_map(|movement| movement.task.as_mut())
    {
        task.newest = newest.get(&task.uid).copied();
    }
    Ok(())
}
