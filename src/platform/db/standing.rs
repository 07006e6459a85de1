//! A connection of its own that stays open: for a question that is asked several times a second. A pool would check the connection
//! before each, and a unit of work would wrap each into a transaction.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::{Connection, connection::SimpleConnection};

use super::{Db, busy};
use crate::platform::error::AppResult;

/// An open connection that only reads, each statement on its own; opened anew after an error.
pub struct Standing {
    db: Db,
    conn: Option<PgConnection>,
}

impl Standing {
    /// One for a database; it is opened by the first question.
    #[must_use]
    pub fn new(db: &Db) -> Self {
        Self {
            db: db.clone(),
            conn: None,
        }
    }

    /// Asks something, at the time of the program's clock.
    ///
    /// # Errors
    /// What `question` returns, and 503 when the server is away.
    pub fn ask<T>(
        &mut self,
        question: impl FnOnce(&mut PgConnection, DateTime<Utc>) -> AppResult<T>,
    ) -> AppResult<T> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.db.open_standing()?,
        };
        let answer = question(&mut conn, self.db.clock().now())?;
        self.conn = Some(conn);
        Ok(answer)
    }
}

impl Db {
    fn open_standing(&self) -> AppResult<PgConnection> {
        let (url, limits) = &self.0.standing;
        let mut conn = PgConnection::establish(url).map_err(|error| {
            tracing::warn!(error = %error, "no database connection");
            busy()
        })?;
        limits.set(&mut conn).map_err(|error| {
            tracing::warn!(error = %error, "no database connection");
            busy()
        })?;
        conn.batch_execute("set default_transaction_read_only = on")?;
        Ok(conn)
    }
}
