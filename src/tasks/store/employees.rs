//! The module's own copy of the people.

use crate::platform::db::Prepare;
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Bool, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::Held;
use crate::platform::error::AppResult;
use crate::platform::ids::UserId;

/// A person as this module knows them.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::tasks) struct Employee {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Bool)]
    pub assignable: bool,
    #[diesel(sql_type = Bool)]
    pub active: bool,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    /// The version of the record that the name is of; lower when the departure was heard first.
    #[diesel(sql_type = BigInt)]
    pub record_version: i64,
}

/// Those of the people who are known.
pub(in crate::tasks) fn find_employees(
    conn: &mut PgConnection,
    ids: &[Uuid],
) -> AppResult<Vec<Employee>> {
    Ok(sql_query(
        "select id, name, assignable, active, version, record_version from tasks.employees where id = any($1)",
    )
    .bind::<Array<SqlUuid>, _>(ids).prepared()
    .load(conn)?)
}

/// Writes the records over what is there, unless that is newer.
pub(in crate::tasks) fn upsert_employees(
    conn: &mut PgConnection,
    people: &[Employee],
) -> AppResult<()> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
    let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    let assignable: Vec<bool> = people.iter().map(|person| person.assignable).collect();
    let active: Vec<bool> = people.iter().map(|person| person.active).collect();
    let versions: Vec<i64> = people.iter().map(|person| person.version).collect();
    let records: Vec<i64> = people.iter().map(|person| person.record_version).collect();
    sql_query(
        "insert into tasks.employees (id, name, assignable, active, version, record_version)
         select * from unnest($1, $2, $3, $4, $5, $6)
         on conflict (id) do update set name = excluded.name, assignable = excluded.assignable,
           active = excluded.active, version = excluded.version, record_version = excluded.record_version
         where (employees.version, employees.record_version) <> (excluded.version, excluded.record_version)
           and employees.version <= excluded.version and employees.record_version <= excluded.record_version",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Text>, _>(names)
    .bind::<Array<Bool>, _>(assignable)
    .bind::<Array<Bool>, _>(active)
    .bind::<Array<BigInt>, _>(versions)
    .bind::<Array<BigInt>, _>(records)
    .execute(conn)?;
    Ok(())
}

/// Everyone who may be drawn (T07), in the order of their ids, so that a draw can be recomputed.
pub(in crate::tasks) fn list_assignable(conn: &mut PgConnection) -> AppResult<Vec<UserId>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Array<SqlUuid>)]
        ids: Vec<Uuid>,
    }
    // One row: a chunk of a shuffle asks this each time, and thousands of rows take longer to be told apart than to be found.
    let row: Row = sql_query(
        "select array(select id from tasks.employees where assignable order by id) as ids",
    )
    .prepared()
    .get_result(conn)?;
    Ok(row.ids.into_iter().map(UserId).collect())
}

/// Who of everyone who may be drawn a lot falls on, as [`draw`](crate::tasks::draw::draw) would say of the whole list; none when
/// there is nobody. So a single draw need not carry all of them here.
pub(in crate::tasks) fn find_drawn(conn: &mut PgConnection, lot: u64) -> AppResult<Option<UserId>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let row: Option<Row> = sql_query(
        "select id from tasks.employees where assignable order by id
         offset (select div($1::numeric * count(*), 18446744073709551616) from tasks.employees where assignable)::bigint limit 1",
    )
    .bind::<Text, _>(lot.to_string())
    .prepared()
    .get_result(conn)
    .optional()?;
    Ok(row.map(|row| UserId(row.id)))
}

/// Locks the open tasks of everyone who may not have any (any more).
pub(in crate::tasks) fn list_stranded_open(conn: &mut PgConnection) -> AppResult<Vec<Held>> {
    Ok(sql_query(
        "select t.id, t.assignee_id, t.assignment_seq from tasks.tasks t
         where t.status = 'open'
           and t.assignee_id in (select e.id from tasks.employees e where not e.assignable)
         order by t.id for update of t",
    )
    .prepared()
    .load(conn)?)
}
