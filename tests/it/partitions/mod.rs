//! Partitions: made ahead, touched only where a question needs them, moved to the archive, and brought to an old database.

mod ahead;
mod archive;
mod migration;
mod touched;

use diesel::PgConnection;

use crate::support::database::text;

/// The partitions of a table that are online, by name.
fn online(conn: &mut PgConnection, parent: &str) -> Vec<String> {
    let names = text(
        conn,
        &format!(
            "select coalesce(string_agg(name, ' ' order by name), '') as t from platform.partitions
             where parent = '{parent}' and not archived"
        ),
    );
    names.split_whitespace().map(ToOwned::to_owned).collect()
}
