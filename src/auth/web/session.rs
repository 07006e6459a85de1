//! Who asks for a page: the session behind its cookie.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest};
use chrono::Duration;

use super::outage::{self, Entry};
use super::{Navigation, Recognised, actor_of_request, data};
use crate::auth::service::{hash_of, must_enrol};
use crate::auth::store::{self, UserRow};
use crate::auth::{Actor, ROLE, Setup};
use crate::platform::config::Config;
use crate::platform::db::{Db, Mode, Origin, read_for};
use crate::platform::error::{AppResult, Message};
use crate::platform::i18n::{self, Lang};
use crate::platform::stop;
use crate::platform::web::{self, AccountLanguage, Person, Theme, Visitor, cookies};

/// How long after its last note a session, or a token of a script, is noted as seen again.
pub(super) const NOTE_EVERY: Duration = Duration::seconds(60);

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
                let beginning = beginning_of(request.request(), &known.visitor);
                request.extensions_mut().insert(known.visitor);
                if known.must_enrol && !leads_to_enrolment(request.path()) {
                    return Ok(request.into_response(web::redirect(ENROLMENT)));
                }
                if let Some(address) = beginning {
                    return Ok(request.into_response(web::redirect(&address)));
                }
            }
            Err(error) => return Ok(request.error_response(error)),
        }
    }
    let answer = next.call(request).await?.map_into_boxed_body();
    Ok(outage::name_at_the_door(answer))
}

/// Where a list that nothing is said of begins for somebody who keeps a filter for it (S-4).
fn beginning_of(request: &HttpRequest, visitor: &Visitor) -> Option<String> {
    if request.method() != Method::GET || !request.query_string().is_empty() {
        return None;
    }
    let filter = visitor.default_filters.get(request.path())?;
    Some(format!("{}?{filter}", request.path()))
}

/// Whether somebody who is nobody knocks at the door of an installation without an administrator.
async fn first_visit(request: &HttpRequest) -> AppResult<bool> {
    if request.method() != Method::GET || !matches!(request.path(), "/" | "/login") {
        return Ok(false);
    }
    let setup = data::<Setup>(request)?;
    let db = data::<Db>(request)?;
    if db.mode() != Mode::Full {
        return Ok(false);
    }
    setup.is_open(db).await.map_err(outage::named)
}

fn is_page(path: &str) -> bool {
    ![
        "/api/",
        "/static/",
        "/avatars/",
        "/feeds/",
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
pub(in crate::auth) struct Confirmed(pub(in crate::auth) bool);

/// Whoever a session's cookie belongs to.
struct Known {
    actor: Actor,
    visitor: Visitor,
    confirmed: Confirmed,
    must_enrol: bool,
}

/// Whoever holds a session, as it was looked up.
#[derive(Clone)]
pub(super) struct SessionHolder {
    user: UserRow,
    banner: Option<Message>,
    confirmed: bool,
    must_enrol: bool,
}

/// The live session of a cookie.
async fn look_up(request: &HttpRequest, hash: Vec<u8>) -> AppResult<Option<Entry<SessionHolder>>> {
    let (db, config) = (data::<Db>(request)?, data::<Config>(request)?);
    let idle = Duration::from_std(config.session_idle).unwrap_or(Duration::hours(1));
    let roles = config.second_factor_roles.clone();
    db.look_up(ROLE, Origin::system(), move |tx| {
        let now = tx.now;
        let Some(session) = store::find_session(tx.conn(), &hash, now - idle, now)? else {
            return Ok(None);
        };
        if tx.may_note() && now - session.last_seen_at >= NOTE_EVERY {
            store::touch_session(tx.conn(), &hash, now)?;
        }
        let must_enrol = must_enrol(tx.conn(), &roles, &session.user)?;
        let banner = match session.stop_reason {
            Some(reason) => Some(stop::message_of(&reason, session.stop_check)),
            None => must_enrol.then(|| "banner-second-factor-missing".into()),
        };
        let holder = SessionHolder {
            user: session.user.clone(),
            banner,
            confirmed: now - session.confirmed_at < CONFIRMED_FOR,
            must_enrol,
        };
        Ok(Some(Entry::new(&session.user, session.expires_at, holder)))
    })
    .await
}

async fn recognise(request: &HttpRequest) -> AppResult<Option<Known>> {
    let Some(secret) = cookies::session_value(request) else {
        return Ok(None);
    };
    let hash = hash_of(&secret);
    let recent = &data::<Recognised>(request)?.sessions;
    let looking = look_up(request, hash.clone());
    let Some(found) = recent.ask(data::<Db>(request)?, hash, looking).await? else {
        return Ok(None);
    };
    let away = found.is_remembered();
    let mut holder = found.who();
    if away {
        // What was shown a short while ago proves nothing while nobody can say whether it still counts.
        holder.confirmed = false;
        holder.banner = Some("banner-auth-away".into());
    }
    known(request, holder).map(Some)
}

fn known(request: &HttpRequest, holder: SessionHolder) -> AppResult<Known> {
    let user = holder.user;
    let actor = actor_of_request(request, &user)?;
    read_for(user.id);
    if let Some(lang) = user.language.as_deref().and_then(Lang::from_code) {
        request.extensions_mut().insert(AccountLanguage(lang));
    }
    let person = Person {
        uid: user.id,
        name: user.full_name(),
        role_line: role_line(web::lang_of(request), &actor),
    };
    let (nav, section, leaps) = if holder.must_enrol {
        (Vec::new(), Vec::new(), Vec::new())
    } else {
        let navigation = data::<Navigation>(request)?;
        (
            navigation.of(&actor),
            navigation.section_of(&actor),
            navigation.leaps(&actor),
        )
    };
    let visitor = Visitor {
        person,
        nav,
        section,
        banner: holder.banner,
        zone: user.time_zone.as_deref().and_then(|zone| zone.parse().ok()),
        theme: user.theme.as_deref().and_then(Theme::from_code),
        default_filters: user.default_filters(),
        shortcuts: user.shortcuts,
        leaps,
    };
    Ok(Known {
        actor,
        visitor,
        confirmed: Confirmed(holder.confirmed),
        must_enrol: holder.must_enrol,
    })
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
pub(in crate::auth) fn role_name(lang: Lang, role: &str) -> String {
    i18n::text_of(lang, &format!("role-{role}"), [])
}
