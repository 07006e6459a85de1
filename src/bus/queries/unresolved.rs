//! What of the log has no effect yet because it is parked, with what it says.

use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::UNRESOLVED;
use crate::bus::store;
use crate::bus::subscriber::Item;
use crate::platform::error::AppResult;

/// A parked item that is neither applied nor skipped.
#[derive(Clone, Debug)]
pub struct Unresolved {
    /// Its id.
    pub item_id: Uuid,
    /// What it says; none if its event cannot be understood by this program.
    pub item: Option<Item>,
}

/// The unresolved parked items of a subscriber up to a number of the log, in order. An event that was parked as a whole gives one
/// for each of its facts, if it can be understood by now.
///
/// # Errors
/// Those of the database.
pub fn list_unresolved(
    conn: &mut PgConnection,
    subscriber: &str,
    upto: i64,
) -> AppResult<Vec<Unresolved>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        item_id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        event_id: Uuid,
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let parked: Vec<Row> = sql_query(format!(
        "select item_id, event_id, seq from bus.parked_items
         where subscriber = $1 and seq <= $2 and state in {UNRESOLVED} order by seq, item_no"
    ))
    .bind::<Text, _>(subscriber)
    .bind::<BigInt, _>(upto)
    .load(conn)?;
    let seqs: Vec<i64> = parked.iter().map(|row| row.seq).collect();
    let understood: HashMap<i64, Vec<Item>> = store::list_events_of(conn, &seqs)?
        .into_iter()
        .filter_map(|event| Some((event.seq, event.items().ok()?)))
        .collect();
    let mut unresolved = Vec::with_capacity(parked.len());
    for row in parked {
        let items = understood.get(&row.seq).map_or(&[][..], Vec::as_slice);
        let own = |item: Option<&Item>| Unresolved {
            item_id: row.item_id,
            item: item.cloned(),
        };
        match items.iter().find(|item| item.item_id == row.item_id) {
            Some(item) => unresolved.push(own(Some(item))),
            None if row.item_id == row.event_id && !items.is_empty() => {
                unresolved.extend(items.iter().map(|item| own(Some(item))));
            }
            None => unresolved.push(own(None)),
        }
    }
    Ok(unresolved)
}
