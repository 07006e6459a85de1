//! What the log and the cursors must look like for the guarantees to hold; asked by the doctor, changed by nobody.

use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, SmallInt, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::roster::Roster;
use crate::events;
use crate::platform::error::AppResult;

/// One check with what is wrong, a line for each fault; none when all is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is looked at.
    pub name: &'static str,
    /// What was found to be wrong.
    pub faults: Vec<String>,
    /// What is worth knowing although nothing is wrong with it.
    pub notes: Vec<String>,
}

impl Check {
    /// A check with its faults.
    #[must_use]
    pub fn new(name: &'static str, faults: Vec<String>) -> Self {
        Self {
            name,
            faults,
            notes: Vec::new(),
        }
    }
}

/// Everything about the log and its subscribers that can be told without knowing what the events mean.
///
/// # Errors
/// Those of the database.
pub fn check_log(conn: &mut PgConnection, roster: &Roster) -> AppResult<Vec<Check>> {
    Ok(vec![
        Check::new("sequence", lines(conn, SEQUENCE)?),
        Check::new("positions", lines(conn, POSITIONS)?),
        Check::new("grants", lines(conn, GRANTS)?),
        subscribers(conn, roster)?,
        versions(conn)?,
        Check::new("parked items", lines(conn, PARKED)?),
        Check::new("order of time", lines(conn, INVERSIONS)?),
    ])
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut PgConnection, sql: &str) -> AppResult<Vec<String>> {
    let rows: Vec<Line> = sql_query(sql).load(conn)?;
    Ok(rows.into_iter().map(|row| row.line).collect())
}

const SEQUENCE: &str = "
    select format('the sequence of the log is cached by %s: numbers would not follow the order of commits', s.seqcache) as line
    from pg_catalog.pg_sequence s where s.seqrelid = to_regclass('bus.events_seq') and s.seqcache <> 1
    union all
    select format('the sequence stands at %s, the log at %s: the next event would take a number that is taken', q.last_value, head.seq)
    from bus.events_seq q, (select coalesce(max(e.seq), 0) as seq from bus.events e) head where q.last_value < head.seq";

const POSITIONS: &str = "
    select format('%s stands at %s, but the log ends at %s', s.name, s.position, head.seq) as line
    from bus.subscribers s, (select coalesce(max(e.seq), 0) as seq from bus.events e) head
    where s.position > head.seq or s.position < 0
    union all
    select format('%s is %s, but %s hold it', s.name, case when s.paused then 'paused' else 'running' end, held.holders)
    from bus.subscribers s
      cross join lateral (select count(*) as holders from bus.pauses p where p.subscriber = s.name) held
    where s.paused <> (held.holders > 0)";

/// Only `bus.append` writes, with the rights of the owner.
const GRANTS: &str = "
    select format('%s may %s rows of %s', r.rolname, lower(p.privilege), c.relname) as line
    from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = 'bus'
      cross join pg_catalog.pg_roles r
      cross join unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as p(privilege)
    where (c.relname = 'events' or c.relname like 'events\\_%') and c.relkind in ('r', 'p')
      and r.rolname like 'ates\\_%' and r.oid <> c.relowner and not r.rolsuper
      and case when p.privilege in ('INSERT', 'UPDATE') then has_any_column_privilege(r.oid, c.oid, p.privilege)
        else has_table_privilege(r.oid, c.oid, p.privilege) end
      and not pg_has_role(r.oid, c.relowner, 'member')
    order by c.relname, r.rolname, p.privilege";

/// A key always has one item at its head that is retried or was given up; what is parked lies behind the cursor.
const PARKED: &str = "
    select format('%s: item %s of event %s waits behind nothing', h.subscriber, h.item_no, h.event_id) as line
    from (select distinct on (p.subscriber, p.sequence_key) p.* from bus.parked_items p
      where p.state in ('retrying', 'blocked', 'dead') order by p.subscriber, p.sequence_key, p.seq, p.item_no) h
    where h.state = 'blocked'
    union all
    select format('%s: event %s is parked at %s, ahead of the position %s', p.subscriber, p.event_id, p.seq, s.position)
    from bus.parked_items p join bus.subscribers s on s.name = p.subscriber
    where p.state in ('retrying', 'blocked', 'dead') and p.seq > greatest(s.position, s.rewound_until)
    union all
    select format('%s: event %s is parked, but is not in the log', p.subscriber, p.event_id)
    from bus.parked_items p
    where p.state in ('retrying', 'blocked', 'dead') and not exists (select from bus.events e where e.seq = p.seq)";

const INVERSIONS: &str = "
    select format('event %s was recorded at %s, before the one in front of it at %s', i.seq, i.recorded_at, i.before) as line
    from (select e.seq, e.recorded_at, lag(e.recorded_at) over (order by e.seq) as before from bus.events e) i
    where i.recorded_at < i.before order by i.seq limit 20";

fn subscribers(conn: &mut PgConnection, roster: &Roster) -> AppResult<Check> {
    let names: Vec<&str> = roster.all().map(|listener| listener.name).collect();
    let rows: Vec<Line> = sql_query(
        "select format('%s has a cursor, but the program has no such subscriber: it holds the log back for ever', s.name) as line
         from bus.subscribers s where s.name <> all($1) and s.retired_at is null
         union all
         select format('%s has no cursor', c.name)
         from unnest($1) as c(name) where not exists (select from bus.subscribers s where s.name = c.name)",
    )
    .bind::<Array<Text>, _>(names)
    .load(conn)?;
    Ok(Check::new(
        "subscribers",
        rows.into_iter().map(|row| row.line).collect(),
    ))
}

/// The versions that somebody still has to read; all of them must be known.
fn versions(conn: &mut PgConnection) -> AppResult<Check> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        event_type: String,
        #[diesel(sql_type = SmallInt)]
        type_version: i16,
        #[diesel(sql_type = BigInt)]
        events: i64,
    }
    let rows: Vec<Row> = sql_query(
        "select e.event_type, e.type_version, count(*) as events from bus.events e
         where e.seq > (select coalesce(min(s.position), 0) from bus.subscribers s where s.retired_at is null)
         group by e.event_type, e.type_version order by e.event_type, e.type_version",
    )
    .load(conn)?;
    let known = |row: &Row| {
        events::all_schemas().any(|(event_type, version, _)| {
            event_type == row.event_type && version == row.type_version
        })
    };
    let told = |row: &Row| {
        let Row {
            event_type,
            type_version,
            events,
        } = row;
        format!("{event_type} v{type_version} ({events} unread)")
    };
    let (known, unknown): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(known);
    Ok(Check {
        notes: known.iter().map(told).collect(),
        ..Check::new(
            "versions",
            unknown
                .iter()
                .map(|row| format!("{} is not known to this program", told(row)))
                .collect(),
        )
    })
}

/// Up to where a subscriber has ever come: its position, or where it stood before it was rewound. None when there is no such
/// subscriber.
///
/// # Errors
/// Those of the database.
pub fn reached(conn: &mut PgConnection, subscriber: &str) -> AppResult<Option<i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let row: Option<Row> = sql_query(
        "select greatest(s.position, s.rewound_until) as seq from bus.subscribers s where s.name = $1",
    )
    .bind::<Text, _>(subscriber)
    .get_result(conn)
    .optional()?;
    Ok(row.map(|row| row.seq))
}

/// What a subscriber has been given and has not applied: items that wait for repair, and those that a person has skipped.
///
/// # Errors
/// Those of the database.
pub fn list_unapplied(conn: &mut PgConnection, subscriber: &str) -> AppResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        item_id: Uuid,
    }
    let rows: Vec<Row> = sql_query(
        "select p.item_id from bus.parked_items p where p.subscriber = $1 and p.state <> 'done'",
    )
    .bind::<Text, _>(subscriber)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.item_id).collect())
}
