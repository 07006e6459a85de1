//! Who has a task now, as far as the books know.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, Bool, Date, Integer, Nullable, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::Movement;
use crate::platform::db::Prepare;
use crate::platform::error::AppResult;

/// Days after a fee within which nearly every task is done.
const LIFE: Days = Days::new(31);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    task_id: Uuid,
    #[diesel(sql_type = Nullable<Integer>)]
    newest: Option<i32>,
    #[diesel(sql_type = Bool)]
    done: bool,
}

/// Tells of the tasks of fees which assignment is the newest that is booked: whoever was charged for that one has the task. A task that
/// was rewarded is done and keeps it, so the months after that are looked into only for those that were not done soon.
///
/// # Errors
/// Those of the database.
pub(in crate::accounting) fn tell_newest_assignments(
    conn: &mut PgConnection,
    movements: &mut [Movement],
    today: NaiveDate,
) -> AppResult<()> {
    let fees = || {
        movements
            .iter()
            .filter(|movement| movement.assignment_seq.is_some())
    };
    let dates = || fees().map(|movement| movement.business_date);
    let (Some(since), Some(last)) = (dates().min(), dates().max()) else {
        return Ok(());
    };
    let ids: BTreeSet<Uuid> = fees()
        .filter_map(|movement| movement.task.as_ref().map(|task| task.uid))
        .collect();
    let mut newest: BTreeMap<Uuid, i32> = BTreeMap::new();
    let mut tell = |rows: &[Row]| {
        let told = rows
            .iter()
            .filter_map(|row| Some((row.task_id, row.newest?)));
        for (task, seq) in told {
            let known = newest.entry(task).or_insert(seq);
            *known = seq.max(*known);
        }
    };
    let soon = last + LIFE;
    let rows = list_assignments(conn, ids.iter().copied(), (since, soon))?;
    tell(&rows);
    let late = rows.iter().filter(|row| !row.done).map(|row| row.task_id);
    if soon < today && late.clone().next().is_some() {
        tell(&list_assignments(conn, late, (soon, today))?);
    }
    for task in movements
        .iter_mut()
        .filter_map(|movement| movement.task.as_mut())
    {
        task.newest = newest.get(&task.uid).copied();
    }
    Ok(())
}

/// The newest assignment of each task that was charged in a span of dates, and whether the task was rewarded in it.
fn list_assignments(
    conn: &mut PgConnection,
    ids: impl Iterator<Item = Uuid>,
    (from, to): (NaiveDate, NaiveDate),
) -> AppResult<Vec<Row>> {
    Ok(sql_query(
        "select w.task_id,
           (select assignment_seq from accounting.transfers
            where task_id = w.task_id and kind = 'assignment_fee' and business_date between $2 and $3
            order by assignment_seq desc limit 1) as newest,
           exists (select from accounting.transfers
            where task_id = w.task_id and kind = 'completion_reward' and business_date between $2 and $3) as done
         from unnest($1) w(task_id)",
    )
    .bind::<Array<SqlUuid>, _>(ids.collect::<Vec<Uuid>>())
    .bind::<Date, _>(from)
    .bind::<Date, _>(to)
    .prepared()
    .load(conn)?)
}
