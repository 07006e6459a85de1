//! The unit of work: one connection, one transaction, one role, the time, randomness, who acts, and the events to publish.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use diesel::Connection;
use diesel::connection::TransactionManager;
use diesel::pg::PgConnection;
use rand::SeedableRng;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::DbRole;
use super::outbox::{self, Outgoing};
use crate::platform::error::{AppError, AppResult, Panicked};
use crate::platform::faults;
use crate::platform::ids::uuid_v7;
use crate::platform::metrics::Appending;

type Transactions = <PgConnection as Connection>::TransactionManager;

/// Who and what started a unit of work: for the audit and for the events' correlation.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The person who acts; none for the system itself.
    pub actor: Option<Uuid>,
    /// Where the request came from, if it was one.
    pub address: Option<String>,
    /// The program that the request says it was sent by, if it was one.
    pub agent: Option<String>,
    /// What ties together all that one request starts; made anew where it is none.
    pub correlation: Option<Uuid>,
}

impl Origin {
    /// The system itself: jobs, subscribers, commands.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }
}

/// An open unit of work.
pub struct Tx<'c> {
    conn: &'c mut PgConnection,
    /// The instant at which everything in this unit of work happens.
    pub now: DateTime<Utc>,
    /// The randomness of this unit of work, seeded by the operating system.
    pub rng: StdRng,
    /// Who acts.
    pub origin: Origin,
    correlation: Uuid,
    role: DbRole,
    outbox: Vec<Outgoing>,
    wake: bool,
    looks_only: bool,
}

impl<'c> Tx<'c> {
    pub(super) fn open(
        conn: &'c mut PgConnection,
        role: DbRole,
        now: DateTime<Utc>,
        origin: Origin,
    ) -> Self {
        let mut rng = StdRng::from_rng(&mut os_rng());
        let correlation = origin.correlation.unwrap_or_else(|| uuid_v7(now, &mut rng));
        Self {
            conn,
            now,
            rng,
            origin,
            correlation,
            role,
            outbox: Vec::new(),
            wake: false,
            looks_only: false,
        }
    }

    /// One that can only look.
    pub(super) fn open_to_look(
        conn: &'c mut PgConnection,
        role: DbRole,
        now: DateTime<Utc>,
        origin: Origin,
    ) -> Self {
        Self {
            looks_only: true,
            ..Self::open(conn, role, now, origin)
        }
    }

    /// Whether this unit of work may note something; not while changes are refused (R11).
    #[must_use]
    pub fn may_note(&self) -> bool {
        !self.looks_only
    }

    /// The connection, for stores.
    pub fn conn(&mut self) -> &mut PgConnection {
        self.conn
    }

    /// A new id.
    pub fn new_id<T: From<Uuid>>(&mut self) -> T {
        uuid_v7(self.now, &mut self.rng).into()
    }

    /// The id that ties together all that this unit of work starts.
    #[must_use]
    pub fn correlation(&self) -> Uuid {
        self.correlation
    }

    /// Keeps an event for the end of the unit of work. Modules call `events::publish`, which checks it against its schema.
    pub fn enqueue(&mut self, event: Outgoing) {
        self.outbox.push(event);
    }

    /// Wakes the workers after the commit, as events do by themselves: for work that is stored in a table of its own.
    pub fn wake_workers(&mut self) {
        self.wake = true;
    }

    /// Does a part of the work under another role and comes back.
    ///
    /// # Errors
    /// What `work` returns; then the transaction is lost, or the savepoint around this call.
    pub fn with_role<T>(
        &mut self,
        role: DbRole,
        work: impl FnOnce(&mut Self) -> AppResult<T>,
    ) -> AppResult<T> {
        let before = std::mem::replace(&mut self.role, role);
        role.assume(self.conn)?;
        let result = work(self);
        self.role = before;
        if result.is_ok() {
            before.assume(self.conn)?;
        }
        result
    }

    /// Does a part of the work in a savepoint: an error or a panic undoes that part alone, its events included.
    ///
    /// # Errors
    /// What `work` returns; a panic becomes an internal error.
    pub fn savepoint<T>(&mut self, work: impl FnOnce(&mut Self) -> AppResult<T>) -> AppResult<T> {
        let (kept, role) = (self.outbox.len(), self.role);
        Transactions::begin_transaction(self.conn)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|panic| {
            Err(AppError::Internal(Box::new(Panicked(panic_text(
                panic.as_ref(),
            )))))
        });
        match outcome {
            Ok(value) => {
                Transactions::commit_transaction(self.conn)?;
                Ok(value)
            }
            Err(error) => {
                self.outbox.truncate(kept);
                self.role = role;
                Transactions::rollback_transaction(self.conn)?;
                Err(error)
            }
        }
    }

    /// Appends the kept events; tells whether somebody has to be woken, and what was appended.
    pub(super) fn flush(self) -> AppResult<(bool, Option<Appending>)> {
        if self.outbox.is_empty() {
            return Ok((self.wake, None));
        }
        faults::point("publisher.before_append");
        let appending = outbox::append(self.conn, self.now, &self.outbox)?;
        faults::point("publisher.after_append");
        Ok((true, Some(appending)))
    }
}

/// What a panic said.
#[must_use]
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no words".into())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where a unit of work gets its randomness"
)]
fn os_rng() -> impl rand::Rng {
    rand::rng()
}
