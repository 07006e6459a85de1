//! Who asks over the API.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::outage::{Entry, Found};
use super::session::NOTE_EVERY;
use super::{Recognised, actor_of_request, data, origin_of};
use crate::auth::service::{PREFIX, hash_of, must_enrol, scopes_of};
use crate::auth::store::{self, UserRow};
use crate::auth::tokens::{TokenKeys, Verified};
use crate::auth::{Actor, ROLE, TokenScopes};
use crate::platform::config::Config;
use crate::platform::db::{
    Answer, Db, Origin, RequestKey, Tx, answer_before, once_for_key, read_for,
};
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::Face;

/// A program that acts for somebody, with an access token.
#[derive(Clone, Debug)]
pub struct ApiUser {
    /// For whom, with what they may do at this moment.
    pub actor: Actor,
    origin: Origin,
    key: Option<RequestKey>,
}

impl ApiUser {
    /// Does what the request asks for in one unit of work, once for each key that it is sent with.
    ///
    /// # Errors
    /// What `work` returns; 422 for a key that another body was sent with, 409 while the first request is under way.
    pub fn once(
        &self,
        tx: &mut Tx<'_>,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<Answer>,
    ) -> AppResult<Answer> {
        match &self.key {
            Some(key) => once_for_key(tx, self.actor.id.0, key, work),
            None => work(tx),
        }
    }

    /// The same for work that is not one unit, and that does no harm when it is done twice: what it answered first is answered again.
    ///
    /// # Errors
    /// What `work` gives; 422 for a key that another body was sent with.
    pub async fn once_around(
        &self,
        db: &Db,
        work: impl Future<Output = AppResult<Answer>>,
    ) -> AppResult<Answer> {
        let (Some(key), user) = (self.key.clone(), self.actor.id.0) else {
            return work.await;
        };
        let asked = key.clone();
        let before = db
            .transaction_even_stopped(ROLE, self.origin(), move |tx| {
                answer_before(tx, user, &asked)
            })
            .await?;
        if let Some(answer) = before {
            return Ok(answer);
        }
        let answer = work.await?;
        db.transaction_even_stopped(ROLE, self.origin(), move |tx| {
            once_for_key(tx, user, &key, |_| Ok(answer))
        })
        .await
    }

    /// Who and what starts the unit of work of this request.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin.clone()
    }
}

impl FromRequest for ApiUser {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let found = user_of_token(&request).await?;
            if found.must_enrol {
                return Err(factor_missing().into());
            }
            let mut actor = actor_of_request(&request, &found.user)?;
            actor.limits = found.limits;
            read_for(actor.id.0);
            let origin = origin_of(&request, Some(actor.id.0));
            let key = request.extensions().get::<RequestKey>().cloned();
            Ok(Self { actor, origin, key })
        })
    }
}

/// 403 with a name of its own: a role of theirs must have a second factor, and they have none.
pub(in crate::auth) fn factor_missing() -> Face {
    Face::new(
        StatusCode::FORBIDDEN,
        "second-factor-missing",
        "error-second-factor-missing",
    )
}

/// Whom a token stands for.
#[derive(Clone)]
pub(super) struct TokenHolder {
    user: UserRow,
    /// The limits of a token that was made for a script.
    limits: Option<TokenScopes>,
    /// Whether they must set up a second factor first.
    must_enrol: bool,
}

async fn user_of_token(request: &HttpRequest) -> AppResult<TokenHolder> {
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = bearer
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(AppError::Unauthenticated)?;
    let db = data::<Db>(request)?;
    let recent = &data::<Recognised>(request)?.tokens;
    let known = if token.starts_with(PREFIX) {
        recent
            .ask(db, hash_of(token), script_of(request, token))
            .await?
    } else {
        recent
            .ask(db, hash_of(token), person_of(request, token))
            .await?
    };
    known.map(Found::who).ok_or(AppError::Unauthenticated)
}

async fn script_of(request: &HttpRequest, token: &str) -> AppResult<Option<Entry<TokenHolder>>> {
    let (db, config) = (data::<Db>(request)?, data::<Config>(request)?);
    let (hash, roles) = (hash_of(token), config.second_factor_roles.clone());
    db.look_up(ROLE, Origin::system(), move |tx| {
        let now = tx.now;
        let note = tx.may_note().then_some(NOTE_EVERY);
        let Some(found) = store::find_api_token_user(tx.conn(), &hash, note, now)? else {
            return Ok(None);
        };
        let must_enrol = must_enrol(tx.conn(), &roles, &found.user)?;
        Ok(Some(Entry::new(
            &found.user,
            found.expires_at,
            TokenHolder {
                limits: Some(scopes_of(&found.scopes)),
                user: found.user.clone(),
                must_enrol,
            },
        )))
    })
    .await
}

async fn person_of(request: &HttpRequest, token: &str) -> AppResult<Option<Entry<TokenHolder>>> {
    let (db, config) = (data::<Db>(request)?, data::<Config>(request)?);
    let verified = data::<TokenKeys>(request)?
        .verify(db, config, token)
        .await?;
    let roles = config.second_factor_roles.clone();
    db.look_up(ROLE, Origin::system(), move |tx| {
        let Some(user) = holder_of(tx, &verified)? else {
            return Ok(None);
        };
        let must_enrol = must_enrol(tx.conn(), &roles, &user)?;
        Ok(Some(Entry::new(
            &user,
            verified.expires_at,
            TokenHolder {
                user: user.clone(),
                limits: None,
                must_enrol,
            },
        )))
    })
    .await
}

/// The user of a verified token, if neither they nor the log-in that it belongs to have ended since.
fn holder_of(tx: &mut Tx<'_>, token: &Verified) -> AppResult<Option<UserRow>> {
    let now = tx.now;
    let Some(pair) = token.pair else {
        let user = store::find_user(tx.conn(), token.user)?;
        return Ok(user.filter(|user| {
            user.deactivated_at.is_none() && user.session_version == token.session_version
        }));
    };
    let found = store::find_token_user(tx.conn(), pair, token.session_version, now)?;
    let Some(found) = found.filter(|found| found.user.id == token.user) else {
        return Ok(None);
    };
    if found.first_use && tx.may_note() {
        store::update_pair_used(tx.conn(), pair, now)?;
    }
    Ok(Some(found.user))
}
