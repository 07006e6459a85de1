//! Working on while auth's own part of the database is away (A25): who was recognised a short while ago goes on for as long as an
//! access token lives, unless a log-in or a right of theirs has ended since (D10). That is counted outside of auth's tables, by their
//! triggers, and asked on the primary.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration as Span, Instant};

use actix_web::ResponseError;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use chrono::{DateTime, Duration, Utc};
use moka::sync::Cache;
use uuid::Uuid;

use super::program::TokenHolder;
use super::session::SessionHolder;
use crate::auth::ROLE;
use crate::auth::store::{self, UserRow};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin};
use crate::platform::error::{AppError, AppResult, Message};

/// Log-ins of one kind that are remembered at most.
const REMEMBERED: u64 = 20_000;

/// How long auth is not asked about those who are remembered after it did not answer, so that they need not wait for it each time.
const PAUSE: Span = Span::from_secs(5);

/// Paths that lead in, and nowhere without auth.
const DOORS: [&str; 3] = ["/login", "/setup", "/api/v1/auth/"];

/// Those whom this process recognised a short while ago; cheap to clone.
#[derive(Clone)]
pub struct Recognised {
    pub(super) sessions: Recent<SessionHolder>,
    pub(super) tokens: Recent<TokenHolder>,
}

impl Recognised {
    /// Nobody yet; each is remembered for as long as an access token lives.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            sessions: Recent::new(config),
            tokens: Recent::new(config),
        }
    }
}

/// Somebody who was recognised.
#[derive(Clone)]
pub(super) struct Entry<T> {
    user: Uuid,
    /// How often a log-in or a right of theirs had ended.
    access_changes: i64,
    until: DateTime<Utc>,
    who: T,
}

impl<T> Entry<T> {
    /// Somebody whose session or token ends then.
    pub fn new(user: &UserRow, until: DateTime<Utc>, who: T) -> Self {
        Self {
            user: user.id,
            access_changes: user.access_changes,
            until,
            who,
        }
    }
}

/// How somebody was recognised.
pub(super) enum Found<T> {
    /// By what auth's tables say now.
    Now(T),
    /// By what they said a short while ago.
    Remembered(T),
}

impl<T> Found<T> {
    pub fn who(self) -> T {
        match self {
            Self::Now(who) | Self::Remembered(who) => who,
        }
    }

    pub fn is_remembered(&self) -> bool {
        matches!(self, Self::Remembered(_))
    }
}

/// Log-ins of one kind, by the hash of what was shown.
#[derive(Clone)]
pub(super) struct Recent<T: Clone + Send + Sync + 'static> {
    entries: Cache<Vec<u8>, Entry<T>>,
    life: Duration,
    /// When auth last did not answer.
    paused: Arc<RwLock<Option<Instant>>>,
}

impl<T: Clone + Send + Sync + 'static> Recent<T> {
    fn new(config: &Config) -> Self {
        Self {
            entries: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(config.access_token_lifetime)
                .build(),
            life: Duration::from_std(config.access_token_lifetime).unwrap_or(Duration::minutes(10)),
            paused: Arc::default(),
        }
    }

    /// What `look` finds out in auth's tables about what has this hash; while they are away, what it found out last.
    ///
    /// # Errors
    /// Those of `look`; 503 while auth is away and nothing is remembered that still counts.
    pub async fn ask(
        &self,
        db: &Db,
        hash: Vec<u8>,
        look: impl Future<Output = AppResult<Option<Entry<T>>>>,
    ) -> AppResult<Option<Found<T>>> {
        let now = db.clock().now();
        let remembered = self.entries.get(&hash).filter(|entry| now < entry.until);
        if let Some(entry) = &remembered
            && self.is_paused()
            && still_counts(db, entry).await?
        {
            return Ok(Some(Found::Remembered(entry.who.clone())));
        }
        match look.await {
            Ok(Some(entry)) => {
                let who = entry.who.clone();
                let until = entry.until.min(now + self.life);
                self.entries.insert(hash, Entry { until, ..entry });
                self.resume();
                Ok(Some(Found::Now(who)))
            }
            Err(error) if error.is_of_database() => {
                tracing::error!(error = %error, "who asks cannot be looked up");
                self.pause();
                match remembered {
                    Some(entry) if still_counts(db, &entry).await? => {
                        Ok(Some(Found::Remembered(entry.who)))
                    }
                    _ => Err(away()),
                }
            }
            settled => {
                self.entries.invalidate(&hash);
                settled.map(|_| None)
            }
        }
    }

    fn is_paused(&self) -> bool {
        let paused = self.paused.read().unwrap_or_else(PoisonError::into_inner);
        paused.is_some_and(|since| since.elapsed() < PAUSE)
    }

    fn resume(&self) {
        if self.is_paused() {
            *self.paused.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn pause(&self) {
        *self.paused.write().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Whether no log-in or right of somebody who is remembered has ended since.
async fn still_counts<T>(db: &Db, entry: &Entry<T>) -> AppResult<bool> {
    let (user, known) = (entry.user, entry.access_changes);
    let changes = db
        .look_up(ROLE, Origin::system(), move |tx| {
            store::count_access_changes(tx.conn(), user)
        })
        .await
        .map_err(named)?;
    Ok(changes == known)
}

fn away() -> AppError {
    AppError::Unavailable {
        message: Message::new("error-auth-away"),
        retry_after: 5,
    }
}

/// The same error, by its name if it means that auth is away.
pub(super) fn named(error: AppError) -> AppError {
    if error.is_of_database() {
        away()
    } else {
        error
    }
}

/// The same answer; at a door it says that auth is away when that is why nobody gets in.
pub(super) fn name_at_the_door(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let path = answer.request().path();
    let error = answer.response().error();
    let is_away = DOORS.iter().any(|door| path.starts_with(door))
        && error
            .and_then(actix_web::Error::as_error::<AppError>)
            .is_some_and(AppError::is_of_database);
    if is_away {
        let (request, _) = answer.into_parts();
        return ServiceResponse::new(request, away().error_response());
    }
    answer
}
