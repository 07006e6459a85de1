//! The door for programs that read feeds: a secret in the address instead of a session.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpRequest;

use super::origin::address_of;
use super::session::NOTE_EVERY;
use super::{actor_of_request, data};
use crate::auth::service::{hash_of, must_enrol};
use crate::auth::store::{self, UserRow};
use crate::auth::{Actor, FeedKind, ROLE};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin};
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::Lang;
use crate::platform::web::{self, Pace};

/// Letters of a secret.
const LENGTH: usize = 64;

/// Who reads a feed.
#[derive(Clone, Debug)]
pub struct FeedReader {
    /// Its owner, with what they may do at this moment.
    pub actor: Actor,
    /// The language of their pages.
    pub lang: Lang,
}

/// How often feeds may be read, by feed and by source. Cheap to clone; the app puts it into its data.
#[derive(Clone, Debug)]
pub struct FeedDoor {
    feeds: Pace,
    sources: Pace,
}

impl Default for FeedDoor {
    fn default() -> Self {
        let pace = |burst: u32, refill: u64| {
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            Pace::new(burst, Duration::from_secs(refill))
        };
        Self {
            feeds: pace(10, 30),
            sources: pace(60, 1),
        }
    }
}

impl FeedDoor {
    /// The owner of the feed with this secret.
    ///
    /// # Errors
    /// 404 for a secret that there is not, or not any more, and for an owner who may not see what the feed tells; 429 when it is read
    /// too often.
    pub async fn open(
        &self,
        request: &HttpRequest,
        kind: FeedKind,
        secret: &str,
    ) -> AppResult<FeedReader> {
        if secret.len() != LENGTH || !secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AppError::NotFound);
        }
        self.sources
            .count(&address_of(request).unwrap_or_default())?;
        let hash = hash_of(secret);
        self.feeds.count(&hex::encode(&hash))?;
        let user = user_of(request, kind, hash)
            .await?
            .ok_or(AppError::NotFound)?;
        let actor = actor_of_request(request, &user)?;
        if !actor.may(kind.operation()) {
            return Err(AppError::NotFound);
        }
        let lang = user.language.as_deref().and_then(Lang::from_code);
        Ok(FeedReader {
            actor,
            lang: lang.unwrap_or_else(|| web::lang_of(request)),
        })
    }
}

async fn user_of(
    request: &HttpRequest,
    kind: FeedKind,
    hash: Vec<u8>,
) -> AppResult<Option<UserRow>> {
    let (db, config) = (data::<Db>(request)?, data::<Config>(request)?);
    let roles = config.second_factor_roles.clone();
    db.look_up(ROLE, Origin::system(), move |tx| {
        let now = tx.now;
        let note = tx.may_note().then_some(NOTE_EVERY);
        let user = store::find_feed_user(tx.conn(), kind.as_str(), &hash, note, now)?;
        let Some(user) = user else {
            return Ok(None);
        };
        let must_enrol = must_enrol(tx.conn(), &roles, &user)?;
        Ok((!must_enrol).then_some(user))
    })
    .await
}
