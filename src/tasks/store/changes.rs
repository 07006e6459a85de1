//! What is changed of tasks that are there.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::tasks::{StoredTask, TASK_COLUMNS};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{TaskId, UserId};
use crate::platform::money::Money;
use crate::tasks::model::{Task, TaskText};

/// Who holds a task, and by which assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::tasks) struct Held {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub assignee_id: Uuid,
    #[diesel(sql_type = Integer)]
    pub assignment_seq: i32,
}

/// What accounting made of a task.
#[derive(Clone, Copy, Debug)]
pub(in crate::tasks) struct Price {
    pub task: Uuid,
    pub fee: Money,
    pub reward: Money,
}

/// Completes an open task of its assignee; none when it is not open or not theirs. A shuffle that has the row is waited for,
/// and what it left is looked at again, so that exactly one of the two wins (T22).
pub(in crate::tasks) fn update_completed(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    id: TaskId,
    assignee: UserId,
) -> AppResult<Option<Task>> {
    let row: Option<StoredTask> = sql_query(format!(
        "update tasks.tasks t set status = 'done', completed_at = greatest($3, t.updated_at), completed_by = $2,
           updated_at = greatest($3, t.updated_at), updated_by = $2
         where t.id = $1 and t.assignee_id = $2 and t.status = 'open'
         returning {TASK_COLUMNS}"
    ))
    .bind::<SqlUuid, _>(id.0)
    .bind::<SqlUuid, _>(assignee.0)
    .bind::<Timestamptz, _>(now)
    .prepared()
    .get_result(conn)
    .optional()?;
    row.map(Task::try_from).transpose()
}

/// Writes changed words.
pub(in crate::tasks) fn update_text(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    id: TaskId,
    editor: UserId,
    text: &TaskText,
) -> AppResult<Task> {
    let row: StoredTask = sql_query(format!(
        "update tasks.tasks t set title = $4, jira_id = $5, description = $6, updated_at = $2, updated_by = $3
         where t.id = $1 returning {TASK_COLUMNS}"
    ))
    .bind::<SqlUuid, _>(id.0)
    .bind::<Timestamptz, _>(now)
    .bind::<SqlUuid, _>(editor.0)
    .bind::<Text, _>(&text.title)
    .bind::<Nullable<Text>, _>(text.jira_id.as_deref())
    .bind::<Nullable<Text>, _>(text.description.as_deref())
    .prepared()
    .get_result(conn)?;
    row.try_into()
}

/// Opens saving tasks with their prices; gives those that were saving, so a repetition gives none.
pub(in crate::tasks) fn update_priced(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    prices: &[Price],
) -> AppResult<Vec<Task>> {
    let rows: Vec<StoredTask> = sql_query(format!(
        "update tasks.tasks t set status = 'open', fee_minor = price.fee, reward_minor = price.reward, updated_at = $1,
           updated_by = null
         from unnest($2, $3, $4) as price(id, fee, reward)
         where t.id = price.id and t.status = 'saving'
         returning {TASK_COLUMNS}"
    ))
    .bind::<Timestamptz, _>(now)
    .bind::<Array<SqlUuid>, _>(prices.iter().map(|price| price.task).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(prices.iter().map(|price| price.fee.minor()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(prices.iter().map(|price| price.reward.minor()).collect::<Vec<_>>())
    .prepared()
    .load(conn)?;
    rows.into_iter().map(Task::try_from).collect()
}

/// Locks the next open tasks of a run: of all that were created before the press, in the order of their ids. One that is completed
/// meanwhile is waited for and left out.
pub(in crate::tasks) fn lock_next_open(
    conn: &mut PgConnection,
    after: Option<Uuid>,
    created_until: DateTime<Utc>,
    limit: i64,
) -> AppResult<Vec<Held>> {
    Ok(sql_query(
        "select id, assignee_id, assignment_seq from tasks.tasks
         where status = 'open' and id > $1 and created_at <= $2 order by id limit $3 for update",
    )
    .bind::<SqlUuid, _>(after.unwrap_or_default())
    .bind::<Timestamptz, _>(created_until)
    .bind::<BigInt, _>(limit)
    .prepared()
    .load(conn)?)
}

/// Gives locked tasks to others: one assignment more for each.
pub(in crate::tasks) fn update_assignees(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    actor: Option<UserId>,
    moves: &[(Uuid, UserId)],
) -> AppResult<()> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        moved: i64,
    }
    let row: Row = sql_query(
        "with moved as (
           update tasks.tasks t set assignee_id = drawn.assignee_id, assignment_seq = t.assignment_seq + 1, updated_at = $1,
             updated_by = $2
           from unnest($3, $4) as drawn(id, assignee_id)
           where t.id = drawn.id and t.status = 'open' returning true
         ) select count(*) as moved from moved",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(actor.map(|actor| actor.0))
    .bind::<Array<SqlUuid>, _>(moves.iter().map(|(task, _)| *task).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(moves.iter().map(|(_, person)| person.0).collect::<Vec<_>>())
    .prepared()
    .get_result(conn)?;
    if usize::try_from(row.moved).is_ok_and(|moved| moved == moves.len()) {
        return Ok(());
    }
    Err(AppError::internal(format!(
        "{} of {} locked tasks were given away",
        row.moved,
        moves.len()
    )))
}
