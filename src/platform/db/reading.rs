//! Where pages are read: on the standby if there is one (T29, N09), on the primary by who has just changed something (A30).
//!
//! A commit of somebody's is remembered with its place in the server's log. What they read then comes from the primary until the
//! standby has replayed that place, for `ATES_READ_OWN_WRITES_SECONDS` at most. Their browser remembers it too, so that it holds when
//! another process answers. Whatever is not read for a page, and every request that changes something, reads the primary: no
//! change is ever decided by a copy.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::pg::PgConnection;
use diesel::sql_types::{Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use moka::sync::Cache;
use uuid::Uuid;

use super::pools::Pooled;
use super::whole::{SNAPSHOT, finish};
use super::{BY_KEYS, Db, DbRole, Mode, Origin, Tx, checkout};
use crate::platform::config::{Config, ReadFor};
use crate::platform::error::{AppError, AppResult, Message};

/// People whose last commit is remembered at most.
const WRITERS: u64 = 100_000;

/// How long a standby that gives no connection is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// A place in the server's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lsn(u64);

impl Lsn {
    /// Further than any log goes.
    const NEVER: Self = Self(u64::MAX);

    /// A place as Postgres writes it, such as `16/B374D848`; the beginning for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let halves = text.split_once('/').and_then(|(high, low)| {
            let half = |text| u32::from_str_radix(text, 16).ok().map(u64::from);
            Some(Self(half(high)? << 32 | half(low)?))
        });
        halves.unwrap_or_default()
    }
}

impl std::fmt::Display for Lsn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & u64::from(u32::MAX))
    }
}

/// The last commits of people.
pub(super) struct Marks {
    reads_standby: bool,
    read_for: ReadFor,
    commits: Cache<Uuid, Lsn>,
    /// Until when the standby is left alone.
    alone_until: Mutex<Option<Instant>>,
}

impl Marks {
    pub fn new(config: &Config, reads_standby: bool) -> Self {
        Self {
            reads_standby,
            read_for: config.read_for,
            commits: Cache::builder()
                .max_capacity(WRITERS)
                .time_to_live(config.read_own_writes)
                .build(),
            alone_until: Mutex::new(None),
        }
    }

    /// Notes a commit of somebody's that has just been made on this connection.
    pub fn note(&self, who: Uuid, conn: &mut PgConnection) {
        if self.reads_standby {
            let place = ask_place(conn, "pg_current_wal_insert_lsn()");
            self.commits.insert(who, place.unwrap_or(Lsn::NEVER));
        }
    }

    fn is_left_alone(&self) -> bool {
        let until = self
            .alone_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn leave_alone(&self) {
        *self
            .alone_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + LEFT_ALONE);
    }
}

fn ask_place(conn: &mut PgConnection, place: &str) -> Option<Lsn> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        place: Option<String>,
    }
    let row: Row = sql_query(format!("select {place}::text as place"))
        .get_result(conn)
        .ok()?;
    row.place.map(|place| Lsn::parse(&place))
}

tokio::task_local! {
    static READING: Rc<Reading>;
    static SPENT: Cell<Duration>;
}

/// Answers a request; all that it asks of the database has one deadline.
pub async fn timed<F: Future>(request: F) -> F::Output {
    SPENT.scope(Cell::default(), request).await
}

/// How long the request at hand has waited for the database so far.
pub(super) fn spent() -> Duration {
    SPENT.try_with(Cell::get).unwrap_or_default()
}

/// It has waited for so long once more.
pub(super) fn spend(time: Duration) {
    // Work outside of a request has no deadline of its own.
    let _ = SPENT.try_with(|spent| spent.set(spent.get() + time));
}

/// For whom a request reads, and what they have seen.
#[derive(Debug, Default)]
pub struct Reading {
    who: Cell<Option<Uuid>>,
    seen: Lsn,
}

impl Reading {
    /// The reading of a request that only shows, of a browser which has seen the log up to there.
    #[must_use]
    pub fn new(seen: Lsn) -> Self {
        Self {
            who: Cell::new(None),
            seen,
        }
    }

    /// Answers a request whose pages may be read on the standby.
    pub async fn of<F: Future>(self, request: F) -> F::Output {
        READING.scope(Rc::new(self), request).await
    }
}

/// Says for whom the request at hand reads.
pub fn read_for(who: Uuid) {
    // Outside of such a request everything is read on the primary.
    let _ = READING.try_with(|reading| reading.who.set(Some(who)));
}

/// Where something is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// On the primary.
    Primary,
    /// On the standby, or nowhere.
    Standby,
    /// On the standby when it has got there, else on the primary.
    Past(Lsn),
}

impl Db {
    /// Whether pages of a path may be read on the standby while the primary is there.
    #[must_use]
    pub fn reads_standby(&self, path: &str) -> bool {
        let is_analytics = ["/analytics", "/api/v1/analytics"]
            .iter()
            .any(|start| path.starts_with(start));
        // Who waits for events is called by the head of the primary's log.
        let waits = path.starts_with("/api/v1/events");
        self.0.marks.reads_standby
            && !waits
            && (is_analytics || self.0.marks.read_for == ReadFor::All)
    }

    /// How far the last commit of somebody's came, if the standby may not have got there.
    #[must_use]
    pub fn last_commit_of(&self, who: Uuid) -> Option<Lsn> {
        self.0.marks.commits.get(&who)
    }

    /// Where the request at hand reads.
    pub(super) fn source(&self) -> Source {
        if self.mode() != Mode::Full && self.0.standby.is_some() {
            return Source::Standby;
        }
        READING
            .try_with(|reading| {
                let own = reading.who.get().and_then(|who| self.last_commit_of(who));
                Source::Past(own.unwrap_or_default().max(reading.seen))
            })
            .unwrap_or(Source::Primary)
    }

    /// A connection to read on.
    pub(super) fn to_read(&self, source: Source) -> AppResult<Pooled> {
        let primary = || self.primary_connection(&self.0.read);
        let Some(standby) = self.0.standby.as_ref() else {
            return primary();
        };
        match source {
            Source::Primary => primary(),
            Source::Standby => checkout(standby),
            Source::Past(_) if self.0.marks.is_left_alone() => primary(),
            Source::Past(place) => {
                let Ok(mut conn) = checkout(standby) else {
                    self.0.marks.leave_alone();
                    return primary();
                };
                if place == Lsn::default() || has_replayed(&mut conn, place) {
                    return Ok(conn);
                }
                drop(conn);
                primary()
            }
        }
    }

    /// Reads for a page in one read-only snapshot under a module's role; where, see above.
    ///
    /// # Errors
    /// What `work` returns, and 503 when no connection is free in time.
    pub async fn read<T: Send + 'static>(
        &self,
        role: DbRole,
        work: impl FnOnce(&mut PgConnection) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        self.read_begun(role.taken(), work).await
    }

    /// The same for a page that finds its rows by their keys, however many months there are: see [`Db::read_with_parts`].
    ///
    /// # Errors
    /// What `work` returns, and 503 when no connection is free in time.
    pub async fn read_by_keys<T: Send + 'static>(
        &self,
        role: DbRole,
        work: impl FnOnce(&mut PgConnection) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        self.read_begun(role.taken() + BY_KEYS, work).await
    }

    async fn read_begun<T: Send + 'static>(
        &self,
        beginning: String,
        work: impl FnOnce(&mut PgConnection) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        let source = self.source();
        let permit = self.permit(&self.0.read_permits).await?;
        let db = self.clone();
        self.blocking(permit, move || db.read_from(source, &beginning, work))
            .await
    }

    /// The same for threads of their own, on the primary; in a process that only shows, where its pages are read.
    ///
    /// # Errors
    /// What `work` returns, and 503 when no connection is free in time.
    pub fn read_blocking<T>(
        &self,
        role: DbRole,
        work: impl FnOnce(&mut PgConnection) -> AppResult<T>,
    ) -> AppResult<T> {
        let source = if self.mode() == Mode::Shows {
            Source::Standby
        } else {
            Source::Primary
        };
        self.read_from(source, &role.taken(), work)
    }

    fn read_from<T>(
        &self,
        source: Source,
        beginning: &str,
        work: impl FnOnce(&mut PgConnection) -> AppResult<T>,
    ) -> AppResult<T> {
        let mut conn = self.begin(|| self.to_read(source), SNAPSHOT, beginning)?;
        finish(&mut conn, work)
    }

    /// Looks up what decides who somebody is and what they may do: on the primary, where it may be noted that they were seen; while
    /// changes are refused, where pages are read, and nothing is noted. When the primary goes away in the midst of it, it is looked
    /// up again there.
    ///
    /// # Errors
    /// What `look` returns; 503 when no connection is free in time, and when the standby that this process shows is too old to say.
    pub async fn look_up<T: Send + 'static>(
        &self,
        role: DbRole,
        origin: Origin,
        look: impl Fn(&mut Tx<'_>) -> AppResult<T> + Send + Sync + 'static,
    ) -> AppResult<T> {
        let look = Arc::new(look);
        if self.mode() == Mode::Full {
            let (first, again) = (Arc::clone(&look), origin.clone());
            match self
                .transaction_even_stopped(role, origin, move |tx| first(tx))
                .await
            {
                Err(AppError::Unavailable { .. }) if self.mode() != Mode::Full => {
                    return self.look_only(role, again, look).await;
                }
                settled => return settled,
            }
        }
        self.look_only(role, origin, look).await
    }

    async fn look_only<T: Send + 'static>(
        &self,
        role: DbRole,
        origin: Origin,
        look: Arc<impl Fn(&mut Tx<'_>) -> AppResult<T> + Send + Sync + 'static>,
    ) -> AppResult<T> {
        if self.0.pulse.is_behind() {
            return Err(AppError::Unavailable {
                message: Message::new("error-standby-behind"),
                retry_after: 5,
            });
        }
        let now = self.clock().now();
        self.read(role, move |conn| {
            look(&mut Tx::open_to_look(conn, role, now, origin))
        })
        .await
    }
}

fn has_replayed(conn: &mut PgConnection, place: Lsn) -> bool {
    // A standby that was promoted replays nothing any more, and is a primary itself.
    let replayed = "case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end";
    ask_place(conn, replayed).is_some_and(|replayed| replayed >= place)
}

#[cfg(test)]
mod tests {
    use super::Lsn;

    #[test]
    fn a30_places_in_the_log_are_read_compared_and_written() {
        assert!(Lsn::parse("0/FFFFFFFF") < Lsn::parse("1/0"));
        assert!(Lsn::parse("16/B374D848") > Lsn::parse("16/B374D847"));
        assert_eq!(Lsn::parse("16/B374D848").to_string(), "16/B374D848");
        for nothing in ["", "x/1", "1", "1/2/3", "-1/0", "100000000/0"] {
            assert_eq!(Lsn::parse(nothing), Lsn::default(), "{nothing}");
        }
    }
}
