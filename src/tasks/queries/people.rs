//! People as the module knows them.

use crate::platform::db::Prepare;
use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::auth::{Actor, Operation};
use crate::platform::error::AppResult;

/// Somebody with a name; the name is empty until the module has heard of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tasks) struct Person {
    pub id: Uuid,
    pub name: String,
}

/// How many open tasks somebody has (T13).
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::tasks) struct Load {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = BigInt)]
    pub open: i64,
}

/// The open tasks of everyone who may have some or has some, the most loaded first; 500 people at most.
///
/// # Errors
/// 403 for those who may not see all tasks.
pub(in crate::tasks) fn list_loads(conn: &mut PgConnection, actor: &Actor) -> AppResult<Vec<Load>> {
    actor.allow(Operation::AllTasks)?;
    Ok(sql_query(
        "select e.id, e.name, count(t.id) as open
         from tasks.employees e left join tasks.tasks t on t.assignee_id = e.id and t.status = 'open'
         group by e.id having e.assignable or count(t.id) > 0
         order by open desc, e.name, e.id limit 500",
    )
    .load(conn)?)
}

/// The names of people by id.
pub(super) fn names_of(
    conn: &mut PgConnection,
    ids: impl IntoIterator<Item = Uuid>,
) -> AppResult<HashMap<Uuid, String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let mut wanted: Vec<Uuid> = ids.into_iter().collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Row> = sql_query("select id, name from tasks.employees where id = any($1)")
        .bind::<Array<SqlUuid>, _>(wanted)
        .prepared()
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// A person out of the names.
pub(super) fn person(names: &HashMap<Uuid, String>, id: impl Into<Uuid>) -> Person {
    let id = id.into();
    Person {
        id,
        name: names.get(&id).cloned().unwrap_or_default(),
    }
}
