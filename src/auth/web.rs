//! Who is asking: the session behind a page, the token behind an API call, and where they may go.

use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::Duration;
use uuid::Uuid;

use super::service::{PREFIX, actor_from, hash_of, must_enrol, scopes_of};
use super::store::{self, UserRow};
use super::tokens::{TokenKeys, Verified};
use super::{Actor, Operation, Permission, ROLE, Setup, TokenScopes};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::{self, Lang};
use crate::platform::stop;
use crate::platform::web::{
    self, AccountLanguage, Face, Frame, NavLink, Person, Theme, Visitor, cookies,
};

/// How long after its last note a session is noted as seen again.
const NOTE_EVERY: Duration = Duration::seconds(60);

/// Places in the navigation at most.
const NAV_LIMIT: usize = 6;

/// A place of the navigation, for those who may go there.
#[derive(Clone, Copy, Debug)]
pub struct NavEntry {
    /// Its path.
    pub href: &'static str,
    /// The id of its text.
    pub label: &'static str,
    /// What one must be allowed to do there.
    pub operation: Operation,
}

/// All places of the navigation, in order; the app puts it into its data.
#[derive(Clone, Debug)]
pub struct Navigation(Vec<NavEntry>);

impl Navigation {
    /// The navigation with these places.
    #[must_use]
    pub fn new(entries: Vec<NavEntry>) -> Self {
        Self(entries)
    }

    fn of(&self, actor: &Actor) -> Vec<NavLink> {
        self.0
            .iter()
            .filter(|entry| actor.may(entry.operation))
            .map(|entry| NavLink {
                href: entry.href,
                label: entry.label,
            })
            .take(NAV_LIMIT)
            .collect()
    }
}

/// Somebody with a live session who asks for a page; never a service, which has none (A22).
#[derive(Clone)]
pub struct Viewer {
    /// Who, with what they may do at this moment.
    pub actor: Actor,
    /// The frame of the page they get.
    pub frame: Frame,
    origin: Origin,
}

impl Viewer {
    /// Who and what starts the unit of work of this request.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin.clone()
    }

    /// A fresh one-time key for a form.
    #[must_use]
    pub fn form_key(&self) -> Uuid {
        self.frame.key
    }
}

impl FromRequest for Viewer {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let actor = request.extensions().get::<Actor>().cloned();
        ready(match actor {
            Some(actor) if actor.is_service() => Err(AppError::Forbidden.into()),
            Some(actor) => {
                let origin = origin_of(request, Some(actor.id.0));
                Ok(Self {
                    frame: Frame::of(request),
                    actor,
                    origin,
                })
            }
            None => Err(AppError::Unauthenticated.into()),
        })
    }
}

/// A program that acts for somebody, with an access token.
#[derive(Clone, Debug)]
pub struct ApiUser {
    /// For whom, with what they may do at this moment.
    pub actor: Actor,
    origin: Origin,
}

impl ApiUser {
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
            let (user, limits, must_enrol) = user_of_token(&request).await?;
            if must_enrol {
                return Err(factor_missing().into());
            }
            let mut actor = actor_of_request(&request, &user)?;
            actor.limits = limits;
            let origin = origin_of(&request, Some(actor.id.0));
            Ok(Self { actor, origin })
        })
    }
}

/// 403 with a name of its own: a role of theirs must have a second factor, and they have none.
pub(super) fn factor_missing() -> Face {
    Face::new(
        StatusCode::FORBIDDEN,
        "second-factor-missing",
        "error-second-factor-missing",
    )
}

/// The user of a token, the limits of a token that was made for a script, and whether they must set up a second factor first.
async fn user_of_token(request: &HttpRequest) -> AppResult<(UserRow, Option<TokenScopes>, bool)> {
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = bearer
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(AppError::Unauthenticated)?;
    let (db, config) = (data::<Db>(request)?, data::<Config>(request)?);
    if token.starts_with(PREFIX) {
        let hash = hash_of(token);
        let roles = config.second_factor_roles.clone();
        let (found, must_enrol) = db
            .transaction_even_stopped(ROLE, Origin::system(), move |tx| {
                let now = tx.now;
                let found = store::find_api_token_user(tx.conn(), &hash, NOTE_EVERY, now)?;
                let found = found.ok_or(AppError::Unauthenticated)?;
                let must_enrol = must_enrol(tx.conn(), &roles, &found.user)?;
                Ok((found, must_enrol))
            })
            .await?;
        let limits = scopes_of(&found.scopes);
        return Ok((found.user, Some(limits), must_enrol));
    }
    let verified = data::<TokenKeys>(request)?
        .verify(db, config, token)
        .await?;
    let roles = config.second_factor_roles.clone();
    let (user, must_enrol) = db
        .transaction_even_stopped(ROLE, Origin::system(), move |tx| {
            let user = holder_of(tx, &verified)?.ok_or(AppError::Unauthenticated)?;
            let must_enrol = must_enrol(tx.conn(), &roles, &user)?;
            Ok((user, must_enrol))
        })
        .await?;
    Ok((user, None, must_enrol))
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
    if found.first_use {
        store::update_pair_used(tx.conn(), pair, now)?;
    }
    Ok(Some(found.user))
}

/// What was put into the app's data.
pub(super) fn data<T: 'static>(request: &HttpRequest) -> AppResult<&T> {
    request
        .app_data::<Data<T>>()
        .map(|data| data.get_ref())
        .ok_or_else(|| AppError::internal("the app was built without something that auth needs"))
}

/// Finds out who sent a request for a page, for its handler and for its frame. The API never looks at the cookie.
///
/// # Errors
/// Those of the service inside.
pub async fn session(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if is_page(request.path()) {
        match recognise(request.request()).await {
            Ok(None) => match first_visit(request.request()).await {
                Ok(false) => {}
                Ok(true) => {
                    let answer = web::redirect("/setup").map_into_boxed_body();
                    return Ok(request.into_response(answer));
                }
                Err(error) => return Ok(request.error_response(error)),
            },
            Ok(Some(known)) => {
                request.extensions_mut().insert(known.confirmed);
                request.extensions_mut().insert(known.actor);
                request.extensions_mut().insert(known.visitor);
                if known.must_enrol && !leads_to_enrolment(request.path()) {
                    return Ok(request.into_response(web::redirect(ENROLMENT)));
                }
            }
            Err(error) => return Ok(request.error_response(error)),
        }
    }
    next.call(request)
        .await
        .map(ServiceResponse::map_into_boxed_body)
}

/// Whether somebody who is nobody knocks at the door of an installation without an administrator.
async fn first_visit(request: &HttpRequest) -> AppResult<bool> {
    if request.method() != Method::GET || !matches!(request.path(), "/" | "/login") {
        return Ok(false);
    }
    data::<Setup>(request)?.is_open(data::<Db>(request)?).await
}

fn is_page(path: &str) -> bool {
    ![
        "/api/",
        "/static/",
        "/avatars/",
        "/health/",
        "/.well-known/",
    ]
    .iter()
    .any(|start| path.starts_with(start))
}

/// Where a second factor is set up.
const ENROLMENT: &str = "/profile/credentials";

/// What is open to somebody who must set up a second factor first: that, and the way out.
fn leads_to_enrolment(path: &str) -> bool {
    let under = |place: &str| {
        path.strip_prefix(place)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    under(ENROLMENT) || matches!(path, "/logout" | "/preferences")
}

/// How long somebody who has shown a credential does not need to do so again for a dangerous act.
const CONFIRMED_FOR: Duration = Duration::minutes(5);

/// Whether the session behind a request has shown a credential a short while ago.
#[derive(Clone, Copy)]
pub(super) struct Confirmed(pub(super) bool);

/// Whoever a session's cookie belongs to.
struct Known {
    actor: Actor,
    visitor: Visitor,
    confirmed: Confirmed,
    must_enrol: bool,
}

async fn recognise(request: &HttpRequest) -> AppResult<Option<Known>> {
    let Some(secret) = cookies::session_value(request) else {
        return Ok(None);
    };
    let (db, config) = (data::<Db>(request)?, data::<Config>(request)?);
    let idle = Duration::from_std(config.session_idle).unwrap_or(Duration::hours(1));
    let (hash, roles) = (hash_of(&secret), config.second_factor_roles.clone());
    let user = db
        .transaction_even_stopped(ROLE, Origin::system(), move |tx| {
            let now = tx.now;
            let Some(session) = store::find_session(tx.conn(), &hash, now - idle, now)? else {
                return Ok(None);
            };
            if now - session.last_seen_at >= NOTE_EVERY {
                store::touch_session(tx.conn(), &hash, now)?;
            }
            let banner = session
                .stop_reason
                .map(|reason| stop::message_of(&reason, session.stop_check));
            let confirmed = Confirmed(now - session.confirmed_at < CONFIRMED_FOR);
            let Some(user) = store::find_user(tx.conn(), session.user_id)? else {
                return Ok(None);
            };
            let must_enrol = must_enrol(tx.conn(), &roles, &user)?;
            Ok(Some((user, banner, confirmed, must_enrol)))
        })
        .await?;
    let Some((user, banner, confirmed, must_enrol)) = user else {
        return Ok(None);
    };
    let actor = actor_of_request(request, &user)?;
    if let Some(lang) = user.language.as_deref().and_then(Lang::from_code) {
        request.extensions_mut().insert(AccountLanguage(lang));
    }
    let lang = web::lang_of(request);
    let person = Person {
        uid: user.id,
        name: user.full_name(),
        role_line: role_line(lang, &actor),
    };
    let (nav, banner) = if must_enrol {
        (Vec::new(), Some("banner-second-factor-missing".into()))
    } else {
        (data::<Navigation>(request)?.of(&actor), banner)
    };
    let visitor = Visitor {
        person,
        nav,
        banner,
        zone: user.time_zone.as_deref().and_then(|zone| zone.parse().ok()),
        theme: user.theme.as_deref().and_then(Theme::from_code),
    };
    Ok(Some(Known {
        actor,
        visitor,
        confirmed,
        must_enrol,
    }))
}

/// Somebody who acts; with a public board everyone but a service sees all tasks (decision 14).
fn actor_of_request(request: &HttpRequest, user: &UserRow) -> AppResult<Actor> {
    let mut actor = actor_from(user)?;
    if data::<Config>(request)?.public_board && !actor.is_service() {
        actor.permissions = actor
            .permissions
            .union(&[Permission::CanSeeAllTasks].into_iter().collect());
    }
    Ok(actor)
}

fn role_line(lang: Lang, actor: &Actor) -> String {
    let names: Vec<String> = actor
        .roles
        .iter()
        .map(|role| role_name(lang, role.as_str()))
        .collect();
    names.join(", ")
}

/// A role's name for people.
pub(super) fn role_name(lang: Lang, role: &str) -> String {
    i18n::text_of(lang, &format!("role-{role}"), [])
}

/// Who and what starts a unit of work.
pub(super) fn origin_of(request: &HttpRequest, actor: Option<Uuid>) -> Origin {
    Origin {
        actor,
        address: address_of(request),
        agent: agent_of(request),
        correlation: Some(web::request_id(request)),
    }
}

/// Letters of the name of a program that the audit keeps.
const AGENT_LENGTH: usize = 200;

/// What a request says it was sent by, cut to a length, without what cannot be seen.
fn agent_of(request: &HttpRequest) -> Option<String> {
    let name = request.headers().get(header::USER_AGENT)?;
    let name = String::from_utf8_lossy(name.as_bytes());
    let seen = name.chars().filter(|letter| !letter.is_control());
    Some(seen.take(AGENT_LENGTH).collect())
}

/// Where a request comes from: the peer, or what a trusted proxy says of it, read from the right. A hop that is no address ends the
/// reading, since what stands left of it is nobody's word; so the last proxy that is trusted counts then.
fn address_of(request: &HttpRequest) -> Option<String> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let trusted = data::<Config>(request)
        .map(|config| config.trusted_proxies.clone())
        .unwrap_or_default();
    if !trusted.contains(&peer) {
        return Some(peer.to_string());
    }
    let lines: Vec<_> = request.headers().get_all("x-forwarded-for").collect();
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
    let mut nearest = peer;
    for hop in hops {
        let Some(address) = hop_address(hop.trim()) else {
            break;
        };
        nearest = address;
        if !trusted.contains(&address) {
            break;
        }
    }
    Some(nearest.to_string())
}

/// A hop as proxies write it: an address, with or without a port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let with_port = || hop.parse::<SocketAddr>().ok().map(|hop| hop.ip());
    bare.parse().ok().or_else(with_port)
}
