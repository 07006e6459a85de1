//! A page read part by part: what cannot be had in time is left out, and the page is answered without it (G06).
//!
//! All parts of a page come from one snapshot and one connection. Each is read inside a savepoint under its module's role, and each
//! of its statements may take as long as [`Parts::deadline`]. When a module did not answer in time, what else the page wants of it
//! is left out without asking again: so a page waits once for each module that is slow, and not once for each part.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;

use super::whole::{SNAPSHOT, finish};
use super::{BY_KEYS, Db, DbRole};
use crate::platform::error::{AppError, AppResult};
use crate::platform::metrics::{self, Missed};

/// A part of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<T> {
    /// It is there.
    Ready(T),
    /// It could not be had; the page says so in its place.
    Missing,
}

impl<T> Part<T> {
    /// What there is.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Ready(found) => Some(found),
            Self::Missing => None,
        }
    }

    /// The same part with what is there lent.
    #[must_use]
    pub fn as_ref(&self) -> Part<&T> {
        match self {
            Self::Ready(found) => Part::Ready(found),
            Self::Missing => Part::Missing,
        }
    }

    /// Whether it could not be had.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// The same part with what is there turned into something else.
    #[must_use]
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Part<U> {
        match self {
            Self::Ready(found) => Part::Ready(turn(found)),
            Self::Missing => Part::Missing,
        }
    }
}

impl<T: Default> Part<T> {
    /// What there is, or nothing.
    #[must_use]
    pub fn or_default(self) -> T {
        match self {
            Self::Ready(found) => found,
            Self::Missing => T::default(),
        }
    }
}

/// The snapshot of a page that is read part by part.
pub struct Parts<'c> {
    conn: &'c mut PgConnection,
    deadline: Duration,
    late: Vec<DbRole>,
}

impl Parts<'_> {
    /// Reads a part under a module's role; `name` is its place in the log and in the metrics. What the module cannot do just now
    /// makes the part missing.
    ///
    /// # Errors
    /// What says something about the visitor and not about the module, such as Forbidden; 503 when the connection is lost.
    pub fn read<T>(
        &mut self,
        role: DbRole,
        name: &'static str,
        work: impl FnOnce(&mut PgConnection) -> AppResult<T>,
    ) -> AppResult<Part<T>> {
        if self.late.contains(&role) {
            metrics::part_missed(name, Missed::Skipped);
            return Ok(Part::Missing);
        }
        let (part, late) = part_of(name, self.savepoint(role, self.deadline, work))?;
        if late {
            self.late.push(role);
        }
        Ok(part)
    }

    fn savepoint<T>(
        &mut self,
        role: DbRole,
        deadline: Duration,
        work: impl FnOnce(&mut PgConnection) -> AppResult<T>,
    ) -> AppResult<T> {
        // The next part begins with a savepoint of the same name, so what went well needs no word at its end.
        let begin = format!("savepoint part; {}", beginning(role, deadline));
        let begun = self.conn.batch_execute(&begin);
        let read = begun.map_err(AppError::from).and_then(|()| work(self.conn));
        if read.is_err() {
            self.conn.batch_execute("rollback to savepoint part")?;
        }
        read
    }
}

/// What a part begins with: its module's role, and how long each of its statements may take.
fn beginning(role: DbRole, deadline: Duration) -> String {
    let limit = deadline.as_millis();
    format!(
        "{}; set local statement_timeout = {limit}; set local lock_timeout = {limit}",
        role.taken()
    )
}

/// What became of a part, and whether it was late.
fn part_of<T>(name: &'static str, read: AppResult<T>) -> AppResult<(Part<T>, bool)> {
    let missed = match read {
        Ok(found) => return Ok((Part::Ready(found), false)),
        Err(error @ AppError::Unavailable { .. }) => {
            tracing::warn!(part = name, error = %error, "a part of a page did not come in time");
            Missed::Late
        }
        Err(error @ AppError::Internal(_)) => {
            tracing::error!(part = name, error = %error, "a part of a page failed");
            Missed::Failed
        }
        Err(error) => return Err(error),
    };
    metrics::part_missed(name, missed);
    Ok((Part::Missing, missed == Missed::Late))
}

impl Db {
    /// Reads what a page is about, under its module's role and without a deadline of its own, and then its parts, all in one snapshot.
    /// It is for a page that is looked at again and again and finds its rows by their keys: its statements are prepared, and planned
    /// once for all values.
    ///
    /// # Errors
    /// What `main` and `parts` return; 503 when no connection is free in time.
    pub async fn read_with_parts<M: Send + 'static, T: Send + 'static>(
        &self,
        role: DbRole,
        main: impl FnOnce(&mut PgConnection) -> AppResult<M> + Send + 'static,
        parts: impl FnOnce(&mut Parts<'_>) -> AppResult<T> + Send + 'static,
    ) -> AppResult<(M, T)> {
        self.read_in_snapshot(role.taken() + BY_KEYS, move |found| {
            Ok((main(found.conn)?, parts(found)?))
        })
        .await
    }

    /// Reads a page part by part in one read-only snapshot; the pool may point at a standby.
    ///
    /// # Errors
    /// What `work` returns, and 503 when no connection is free in time.
    pub async fn read_parts<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Parts<'_>) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        self.read_in_snapshot(String::new(), work).await
    }

    /// The same for a page that is looked at again and again and finds its rows by their keys, as [`Db::read_with_parts`].
    ///
    /// # Errors
    /// What `work` returns, and 503 when no connection is free in time.
    pub async fn read_parts_by_keys<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Parts<'_>) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        self.read_in_snapshot(BY_KEYS.to_owned(), work).await
    }

    async fn read_in_snapshot<T: Send + 'static>(
        &self,
        beginning: String,
        work: impl FnOnce(&mut Parts<'_>) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        let source = self.source();
        let permit = self.permit(&self.0.read_permits).await?;
        let db = self.clone();
        self.blocking(permit, move || {
            let mut conn = db.begin(|| db.to_read(source), SNAPSHOT, &beginning)?;
            finish(&mut conn, |conn| {
                work(&mut Parts {
                    conn,
                    deadline: db.0.part_deadline,
                    late: Vec::new(),
                })
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn g06_a_part_is_there_or_not() {
        let ready = Part::Ready(2).map(|two| two + 1);
        assert_eq!((ready.get(), ready.is_missing()), (Some(&3), false));
        let missing = Part::<i32>::Missing.map(|two| two + 1);
        assert_eq!((missing.get(), missing.is_missing()), (None, true));
        assert_eq!(missing.or_default(), 0);
    }
}
