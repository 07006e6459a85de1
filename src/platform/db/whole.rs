//! A transaction from its first word to its last.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::result::Error;

/// One state of the data from the first question to the last; nothing is changed.
pub(super) const SNAPSHOT: &str = "isolation level repeatable read read only";

/// Runs work in a transaction of these characteristics, like [`diesel::Connection::transaction`], but its beginning is one trip to
/// the server with all that it begins with.
///
/// # Errors
/// What `work` returns, and those of the database; then nothing has happened.
pub(super) fn whole<T, E: From<Error>>(
    conn: &mut PgConnection,
    characteristics: &str,
    beginning: &str,
    work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
) -> Result<T, E> {
    let begin = format!("begin {characteristics}; {beginning}");
    if let Err(error) = AnsiTransactionManager::begin_transaction_sql(conn, &begin) {
        // Whichever of them failed, the server may have a transaction open; on a line that is lost this fails too.
        let _ = conn.batch_execute("rollback");
        return Err(error.into());
    }
    match work(conn) {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(conn)?;
            Ok(value)
        }
        Err(error) => match AnsiTransactionManager::rollback_transaction(conn) {
            Ok(()) | Err(Error::BrokenTransactionManager) => Err(error),
            Err(undoing) => Err(undoing.into()),
        },
    }
}
