//! How the mails stand that have not left.

use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;

/// Mails in a state.
#[derive(Clone, Debug, QueryableByName)]
pub struct UnsentMails {
    /// `new`, `waiting` or `failed`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many there are.
    #[diesel(sql_type = BigInt)]
    pub mails: i64,
}

/// Mails about money that were not sent, by state; a state without a mail has its row too.
///
/// # Errors
/// Those of the database.
pub fn unsent_mails(conn: &mut PgConnection) -> AppResult<Vec<UnsentMails>> {
    Ok(sql_query(
        "select s.state, count(m.mail_id) as mails from (values ('new'), ('waiting'), ('failed')) s (state)
         left join report_v1.mails m on m.state = s.state and m.state <> 'sent' group by s.state",
    )
    .load(conn)?)
}
