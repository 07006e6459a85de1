//! Requests while there is a standby: changes are refused at the door while they cannot be made (R11), and who has changed something
//! sees it, though pages are read elsewhere (A30).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::time::Duration;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};

use super::{Visitor, WebSettings, cookies};
use crate::platform::config::Config;
use crate::platform::db::{Db, Lsn, Reading, timed};

/// What changes nothing in the database, though it is sent as a change.
const HARMLESS: &str = "/preferences";

fn only_shows(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Refuses a change while none can be made, before anything is read of it.
///
/// # Errors
/// Those of the service inside.
pub async fn refuse_changes(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !only_shows(request.method()) && request.path() != HARMLESS {
        let refusal = request
            .app_data::<Data<Db>>()
            .and_then(|db| db.mode().refusal());
        if let Some(error) = refusal {
            return Ok(request.error_response(error));
        }
    }
    next.call(request)
        .await
        .map(ServiceResponse::map_into_boxed_body)
}

/// Lets pages be read on the standby, but not before it has what their reader has changed; and gives what a request asks of the
/// database one deadline.
///
/// # Errors
/// Those of the service inside.
pub async fn read_own_writes(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let db = request.app_data::<Data<Db>>().cloned();
    let shows = only_shows(request.method());
    let seen = db
        .as_ref()
        .filter(|db| shows && db.reads_standby(request.path()))
        .map(|_| cookies::value(request.request(), cookies::SEEN).unwrap_or_default());
    let answering = timed(next.call(request));
    let answer = match seen {
        Some(seen) => Reading::new(Lsn::parse(&seen)).of(answering).await,
        None => answering.await,
    };
    let answer = answer?.map_into_boxed_body();
    if let (Some(db), false) = (db, shows) {
        remember(&db, answer.request());
    }
    Ok(answer)
}

/// Lets the browser of who has changed something remember how far the log came with it.
fn remember(db: &Db, request: &HttpRequest) {
    let who = request
        .extensions()
        .get::<Visitor>()
        .map(|visitor| visitor.person.uid);
    let Some(place) = who.and_then(|who| db.last_commit_of(who)) else {
        return;
    };
    let lasts = request
        .app_data::<Data<Config>>()
        .map(|config| Duration::try_from(config.read_own_writes).unwrap_or(Duration::seconds(10)));
    let cookie = cookies::build(
        WebSettings::of(request),
        cookies::SEEN,
        place.to_string(),
        lasts,
    );
    cookies::set(request, cookie);
}
