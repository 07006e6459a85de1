//! The way to the company's provider and back. What goes wrong there is said on the log-in page, where a password still does.

use actix_web::cookie::time;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query, block};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::login::{LoginQuery, enter, local, refuse_at};
use crate::auth::provider::{CompanyProvider, ProviderError, Visit};
use crate::auth::service::{self, Entry, VISIT_LASTS};
use crate::auth::web::origin_of;
use crate::auth::{ROLE, provider};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError};
use crate::platform::web::{LocalPath, WebSettings, cookies, redirect};

/// The field of the log-in page that stands for the provider.
const FIELD: &str = "provider";

/// Sends a browser to the provider.
pub(super) async fn go(
    request: HttpRequest,
    db: Data<Db>,
    provider: Data<CompanyProvider>,
    query: Query<LoginQuery>,
) -> AppResult<HttpResponse> {
    if provider.target().is_none() {
        return Err(AppError::NotFound);
    }
    let next = local(query.into_inner().next).map(|path| path.to_string());
    let secret = cookies::new_secret();
    let (cookie, wanted) = (secret.clone(), next.clone());
    let begun = db
        .transaction_even_stopped(ROLE, origin_of(&request, None), move |tx| {
            service::begin_visit(tx, &cookie, wanted)
        })
        .await?;
    let now = db.clock().now();
    let asked = provider.get_ref().clone();
    let address = in_thread(move || asked.address(&begun.state, &begun.visit, now)).await?;
    match address {
        Ok(address) => {
            let settings = WebSettings::of(&request);
            let age = time::Duration::seconds(VISIT_LASTS.num_seconds());
            let name = cookies::at_provider(settings.https);
            cookies::set(&request, cookies::build(settings, name, secret, Some(age)));
            Ok(redirect(address.as_str()))
        }
        Err(error) => refused(&request, &error, next),
    }
}

/// What the provider sends back with the browser; an error and what else it likes to say are not read.
#[derive(Deserialize)]
pub(super) struct Returned {
    code: Option<String>,
    state: Option<String>,
}

/// Takes up a browser that comes back from the provider.
pub(super) async fn come_back(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    provider: Data<CompanyProvider>,
    query: Query<Returned>,
) -> AppResult<HttpResponse> {
    let Some(target) = provider.target().cloned() else {
        return Err(AppError::NotFound);
    };
    let settings = WebSettings::of(&request);
    let name = cookies::at_provider(settings.https);
    let cookie = cookies::value(&request, name);
    cookies::set(&request, cookies::removal(settings, name));
    let Returned { code, state } = query.into_inner();
    let visit = match (cookie, state) {
        (Some(cookie), Some(state)) => {
            db.transaction_even_stopped(ROLE, origin_of(&request, None), move |tx| {
                service::take_visit(tx, &state, &cookie)
            })
            .await?
        }
        _ => None,
    };
    let Some(visit) = visit else {
        let error = ProviderError::Refused("no such log-in is under way in this browser".into());
        return refused(&request, &error, None);
    };
    let next = visit.next.clone();
    let identity = match code {
        Some(code) => asked(&db, &provider, code, visit).await?,
        None => Err(ProviderError::Refused("the provider gave no code".into())),
    };
    let identity = match identity {
        Ok(identity) => identity,
        Err(error) => return refused(&request, &error, next),
    };
    let entry = Entry::new(&config, cookies::new_secret());
    let session = db
        .transaction_even_stopped(ROLE, origin_of(&request, None), move |tx| {
            service::enter_by_provider(tx, &target, &identity, entry)
        })
        .await?;
    let Some(session) = session else {
        let error = FieldError::new(FIELD, "error-provider-no-account");
        return refuse_at(
            &request,
            StatusCode::FORBIDDEN,
            error,
            String::new(),
            local(next),
        );
    };
    enter(&request, &db, session).await?;
    let next = local(next);
    Ok(redirect(next.as_ref().map_or("/", LocalPath::as_str)))
}

async fn asked(
    db: &Db,
    provider: &CompanyProvider,
    code: String,
    visit: Visit,
) -> AppResult<Result<provider::Identity, ProviderError>> {
    let now = db.clock().now();
    let provider = provider.clone();
    in_thread(move || provider.identity(code, &visit, now)).await
}

/// The provider is asked in a thread that may wait.
async fn in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> AppResult<T> {
    block(work)
        .await
        .map_err(|error| AppError::internal(error.to_string()))
}

/// The log-in page with what went wrong; the log has the rest.
fn refused(
    request: &HttpRequest,
    error: &ProviderError,
    next: Option<String>,
) -> AppResult<HttpResponse> {
    let (status, message, reason) = match error {
        ProviderError::Away(reason) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "error-provider-away",
            reason,
        ),
        ProviderError::Refused(reason) => (StatusCode::FORBIDDEN, "error-provider-refused", reason),
    };
    tracing::warn!(reason, "a log-in by the company's provider failed");
    refuse_at(
        request,
        status,
        FieldError::new(FIELD, message),
        String::new(),
        local(next),
    )
}
