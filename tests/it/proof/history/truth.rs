//! What the database says, in one look.

use std::collections::BTreeSet;

use diesel::sql_types::{BigInt, Bool, Text, Uuid as SqlUuid};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

/// A key and its number.
pub type Mark = (Uuid, i64);

#[derive(Clone, Debug, QueryableByName)]
pub struct Logged {
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = SqlUuid)]
    pub key: Uuid,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
}

impl Logged {
    pub fn mark(&self) -> Mark {
        (self.key, self.version)
    }
}

/// The log, each item a row.
pub fn log(conn: &mut PgConnection) -> Vec<Logged> {
    sql_query(
        "select e.seq, coalesce((a.item ->> 'task')::uuid, e.subject_id) as key,
           coalesce(a.item ->> 'assignment_seq', e.payload ->> 'version')::bigint as version
         from bus.events e
           left join lateral jsonb_array_elements(e.payload -> 'assignments') with ordinality as a(item, place) on true
         order by e.seq, a.place",
    )
    .load(conn)
    .unwrap()
}

/// A subscriber as the database has it.
#[derive(Debug, Default)]
pub struct Cursor {
    pub position: i64,
    pub paused: bool,
    pub heard: Vec<Mark>,
    pub unresolved: BTreeSet<Mark>,
    pub skipped: BTreeSet<Mark>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = SqlUuid)]
    key: Uuid,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Bool)]
    paused: bool,
}

/// Reads a subscriber; none when it has no cursor.
pub fn cursor(conn: &mut PgConnection, name: &str, log: &[Logged]) -> Option<Cursor> {
    let rows: Vec<Row> = sql_query(
        "select 'position' as kind, '00000000-0000-0000-0000-000000000000'::uuid as key, position as version, paused, 0::bigint as place
           from bus.subscribers where name = $1
         union all select 'heard', key, version, false, id from proof.heard where subscriber = $1
         union all select case state when 'skipped' then 'skipped' else 'unresolved' end, sequence_key, seq, false, item_no
           from bus.parked_items where subscriber = $1 and state <> 'done'
         order by place",
    )
    .bind::<Text, _>(name)
    .load(conn)
    .unwrap();
    let mut cursor = None;
    let mut found = Cursor::default();
    for row in &rows {
        match row.kind.as_str() {
            "position" => cursor = Some((row.version, row.paused)),
            "heard" => found.heard.push((row.key, row.version)),
            kind => {
                let parked: Vec<Mark> = log
                    .iter()
                    .filter(|item| item.seq == row.version && item.key == row.key)
                    .map(Logged::mark)
                    .collect();
                let marks = if kind == "skipped" {
                    &mut found.skipped
                } else {
                    &mut found.unresolved
                };
                marks.extend(parked);
            }
        }
    }
    let (position, paused) = cursor?;
    Some(Cursor {
        position,
        paused,
        ..found
    })
}
