//! The chain of seals, computed again from the auditors' views.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{Date, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::operations::seals::SEALS;
use crate::platform::error::AppResult;

/// What is wrong with the seals of the dates from one to another, both included, a line each; nothing when every closed date has its
/// seal, each seal is that of its transfers, and each follows from the one before. Looks at the transfers of these dates only, so a
/// long chain can be checked in slices; a date of a million transfers takes some seconds.
///
/// # Errors
/// Those of the database.
pub fn verify_seals(
    conn: &mut PgConnection,
    from: NaiveDate,
    to: NaiveDate,
) -> AppResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        offender: String,
    }
    let rows: Vec<Row> = sql_query(SEALS)
        .bind::<Date, _>(from)
        .bind::<Date, _>(to)
        .load(conn)?;
    Ok(rows.into_iter().map(|row| row.offender).collect())
}
