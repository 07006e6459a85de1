//! What every event that a test really published must be: whole, known, and as its schema says (E05).

use std::collections::BTreeSet;

use ates::events::{CATALOGUE, validate};
use diesel::sql_types::{Jsonb, SmallInt, Text};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    event_type: String,
    #[diesel(sql_type = SmallInt)]
    type_version: i16,
    #[diesel(sql_type = Text)]
    topic: String,
    #[diesel(sql_type = Text)]
    producer: String,
    #[diesel(sql_type = Jsonb)]
    payload: Value,
}

/// Fails on the first event of the log that breaks the contract; of each kind the newest hundred are looked at.
pub fn assert_published(conn: &mut PgConnection) {
    let rows: Vec<Row> = sql_query(
        "select event_type, type_version, topic, producer, payload
         from (select *, row_number() over (partition by event_type, type_version, topic, producer order by seq desc) as place
           from bus.events) e
         where place <= 100",
    )
    .load(conn)
    .unwrap();
    let mut kinds = BTreeSet::new();
    for row in &rows {
        assert_eq!(
            validate(&row.event_type, row.type_version, &row.payload),
            Ok(())
        );
        kinds.insert((
            &*row.event_type,
            row.type_version,
            &*row.topic,
            &*row.producer,
        ));
    }
    let known: BTreeSet<(&str, i16, &str, &str)> = CATALOGUE
        .iter()
        .map(|kind| (kind.event_type, kind.version, kind.topic, kind.producer))
        .collect();
    let strange: Vec<_> = kinds.difference(&known).collect();
    assert!(strange.is_empty(), "not in the catalogue: {strange:?}");
}
