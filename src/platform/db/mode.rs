//! Whether changes can be made: while the primary is away and a standby is there, the process only shows (R11); `--read-only` always.
//!
//! One thread of the process asks the primary once a second over a connection of its own. A primary that has not said for some
//! seconds that it takes changes is away, whatever the reason: dead, cut off, silent, or a standby now. When it says so again, or when
//! another of several hosts was promoted, changes go on by themselves.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, sql_query};

use super::reading::Lsn;
use super::{Db, Inner};
use crate::platform::error::{AppError, AppResult, Message};

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Between two looks that a failing request asks for.
const REST: Duration = Duration::from_millis(200);

/// A primary that has said nothing for so long is away.
const SILENT_AFTER: Duration = Duration::from_secs(5);

/// A standby that is shown by `--read-only` and that has not replayed what it received so long ago is too old to say who may do what:
/// with the time between two looks it is less than the five seconds that a right may outlive its end (D10).
const BEHIND_AFTER: Duration = Duration::from_secs(3);

/// What the process can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything.
    Full,
    /// Only showing, as it was started to.
    Shows,
    /// Only showing, while the primary is away.
    PrimaryAway,
}

impl Mode {
    /// Why changes are refused, for people; none when they are not.
    #[must_use]
    pub fn refusal(self) -> Option<AppError> {
        let (message, retry_after) = match self {
            Self::Full => return None,
            Self::Shows => ("error-read-only-process", 60),
            Self::PrimaryAway => ("error-read-only", 5),
        };
        Some(AppError::Unavailable {
            message: Message::new(message),
            retry_after,
        })
    }

    /// The notice above each page.
    #[must_use]
    pub fn notice(self) -> Option<Message> {
        match self {
            Self::Full => None,
            Self::Shows => Some("banner-read-only-process".into()),
            Self::PrimaryAway => Some("banner-read-only".into()),
        }
    }
}

/// What is known of the primary; of the standby in a process that only shows.
pub(super) struct Pulse {
    shows: bool,
    has_standby: bool,
    url: String,
    thread: OnceLock<Thread>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Primary,
    Standby,
    Away,
}

struct Seen {
    server: Server,
    at: Instant,
    /// What the standby had received then.
    received: (Instant, Lsn),
    /// As of when it has surely replayed everything.
    fresh_at: Instant,
}

impl Pulse {
    pub fn new(shows: bool, has_standby: bool, url: String) -> Self {
        let now = Instant::now();
        Self {
            shows,
            has_standby,
            url,
            thread: OnceLock::new(),
            seen: Mutex::new(Seen {
                server: Server::Primary,
                at: now,
                received: (now, Lsn::default()),
                fresh_at: now,
            }),
        }
    }

    pub fn mode(&self) -> Mode {
        if self.shows {
            return Mode::Shows;
        }
        if self.thread.get().is_none() {
            return Mode::Full;
        }
        let seen = self.seen();
        let silent = seen.at.elapsed() > SILENT_AFTER;
        match seen.server {
            Server::Standby => Mode::PrimaryAway,
            Server::Away if self.has_standby => Mode::PrimaryAway,
            Server::Primary if silent && self.has_standby => Mode::PrimaryAway,
            Server::Primary | Server::Away => Mode::Full,
        }
    }

    /// Whether the standby that this process shows is known to lag behind for too long.
    pub fn is_behind(&self) -> bool {
        let seen = self.seen();
        self.shows && seen.server == Server::Standby && seen.fresh_at.elapsed() > BEHIND_AFTER
    }

    /// Asks for a look now: something has failed.
    pub fn look_now(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One look; an open connection is kept for the next.
    fn look(&self, conn: &mut Option<PgConnection>) {
        let now = Instant::now();
        let answer = ask(&self.url, conn);
        let mut seen = self.seen();
        seen.at = now;
        match answer {
            Ok(row) if row.standby => {
                seen.server = Server::Standby;
                let (at, received) = seen.received;
                if row.replayed() >= received {
                    seen.fresh_at = at;
                    seen.received = (now, row.received());
                }
            }
            Ok(_) => seen.server = Server::Primary,
            // It lives, and is only full: who has a connection works on.
            Err(reason) if is_full(&reason) => {}
            Err(_) => seen.server = Server::Away,
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Bool)]
    standby: bool,
    #[diesel(sql_type = Nullable<Text>)]
    received: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    replayed: Option<String>,
}

impl Row {
    fn received(&self) -> Lsn {
        Lsn::parse(self.received.as_deref().unwrap_or_default())
    }

    fn replayed(&self) -> Lsn {
        Lsn::parse(self.replayed.as_deref().unwrap_or_default())
    }
}

fn ask(url: &str, kept: &mut Option<PgConnection>) -> Result<Row, String> {
    let mut conn = match kept.take() {
        Some(conn) => conn,
        None => {
            let mut conn = PgConnection::establish(url).map_err(|error| error.to_string())?;
            conn.batch_execute("set application_name = 'ates pulse'; set statement_timeout = 3000")
                .map_err(|error| error.to_string())?;
            conn
        }
    };
    let row = sql_query(
        "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::bool as standby,
           case when pg_is_in_recovery() then pg_last_wal_receive_lsn()::text end as received,
           case when pg_is_in_recovery() then pg_last_wal_replay_lsn()::text end as replayed",
    )
    .get_result(&mut conn)
    .map_err(|error| error.to_string())?;
    *kept = Some(conn);
    Ok(row)
}

fn is_full(reason: &str) -> bool {
    reason.contains("too many clients") || reason.contains("connection slots")
}

impl Db {
    /// What can be done now.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.pulse.mode()
    }

    pub(super) fn refuse_changes(&self) -> AppResult<()> {
        self.mode().refusal().map_or(Ok(()), Err)
    }

    /// Watches the primary from now on, until this goes; a second call does nothing.
    ///
    /// # Errors
    /// That the thread cannot be made.
    pub fn watch_primary(&self) -> AppResult<()> {
        if self.0.pulse.thread.get().is_some() {
            return Ok(());
        }
        let watched = Arc::downgrade(&self.0);
        let watch = std::thread::Builder::new()
            .name("database".into())
            .spawn(move || {
                let mut conn = None;
                let mut mode = Mode::Full;
                while let Some(inner) = watched.upgrade() {
                    inner.pulse.look(&mut conn);
                    mode = tell(&inner, mode);
                    drop(inner);
                    std::thread::sleep(REST);
                    std::thread::park_timeout(LOOK_EVERY.saturating_sub(REST));
                }
            });
        let watch = watch.map_err(|error| AppError::Internal(Box::new(error)))?;
        let _ = self.0.pulse.thread.set(watch.thread().clone());
        Ok(())
    }
}

/// Says what has changed; when changes can be made again, the workers go on at once.
fn tell(inner: &Inner, before: Mode) -> Mode {
    let now = inner.pulse.mode();
    if now == before {
        return now;
    }
    match now {
        Mode::PrimaryAway => tracing::error!(
            "the primary database is away: pages are only shown, changes are refused"
        ),
        Mode::Full => {
            tracing::info!("the primary database is back: changes go on");
            inner.wake.notify();
        }
        Mode::Shows => {}
    }
    now
}
