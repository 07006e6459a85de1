//! A transaction from its first word to its last.

use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::r2d2::R2D2Connection;
use diesel::result::Error;

use super::pools::Pooled;
use crate::platform::error::AppResult;

/// One state of the data from the first question to the last; nothing is changed.
pub(super) const SNAPSHOT: &str = "isolation level repeatable read read only";

/// Begins a transaction of these characteristics in one trip to the server, with all that it begins with; [`finish`] ends it.
///
/// Connections are not asked beforehand whether they live: that one is lost shows here, where nothing has been done yet, and the next is
/// taken, for as long as `patience`.
///
/// # Errors
/// Those of `take`, and of the database.
pub(super) fn begin(
    take: impl Fn() -> AppResult<Pooled>,
    patience: Duration,
    characteristics: &str,
    beginning: &str,
) -> AppResult<Pooled> {
    let words = format!("begin {characteristics}; {beginning}");
    let begun = Instant::now();
    loop {
        let mut conn = take()?;
        let Err(error) = AnsiTransactionManager::begin_transaction_sql(&mut *conn, &words) else {
            return Ok(conn);
        };
        if conn.is_broken() && begun.elapsed() < patience {
            continue;
        }
        // Whichever of the words failed, the server may have a transaction open; on a line that is lost this fails too.
        let _ = conn.batch_execute("rollback");
        return Err(error.into());
    }
}

/// Runs work in the transaction that has begun on a connection, like [`diesel::Connection::transaction`], and commits it.
///
/// # Errors
/// What `work` returns, and those of the database; then nothing has happened.
pub(super) fn finish<T>(
    conn: &mut PgConnection,
    work: impl FnOnce(&mut PgConnection) -> AppResult<T>,
) -> AppResult<T> {
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
