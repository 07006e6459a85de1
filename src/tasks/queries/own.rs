//! The tasks that somebody is to do, for programs that remind them.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel::{RunQueryDsl, sql_query};

use crate::auth::{Actor, Operation};
use crate::events::TaskStatus;
use crate::platform::error::AppResult;
use crate::platform::ids::TaskId;
use crate::tasks::store::{StoredTask, TASK_COLUMNS};
use crate::tasks::{Task, display_title};

/// A task that somebody is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnTask {
    /// Its id.
    pub id: TaskId,
    /// Its number, `T-42` for people.
    pub number: i64,
    /// Its title with its key.
    pub title: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When anything of it changed last.
    pub updated_at: DateTime<Utc>,
}

/// The actor's tasks that are not done, the newest first; `limit` at most.
///
/// # Errors
/// 403 for those who have no tasks of their own.
pub fn list_to_do(conn: &mut PgConnection, actor: &Actor, limit: i64) -> AppResult<Vec<OwnTask>> {
    actor.allow(Operation::OwnTasks)?;
    let rows: Vec<StoredTask> = sql_query(format!(
        "select {TASK_COLUMNS} from tasks.tasks t
         where t.assignee_id = $1 and t.status in ('saving', 'open') order by t.number desc limit $2"
    ))
    .bind::<SqlUuid, _>(actor.id.0)
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    let own = |task: Task| OwnTask {
        id: task.id,
        number: task.number,
        title: display_title(task.text.jira_id.as_deref(), &task.text.title),
        status: task.status,
        created_at: task.created_at,
        updated_at: task.updated_at,
    };
    rows.into_iter()
        .map(|row| Task::try_from(row).map(own))
        .collect()
}
