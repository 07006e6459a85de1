//! Passkeys: made on the page of credentials, shown on the page of the log-in. Both need a script; the password does not.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use uuid::Uuid;

use super::confirmation::ConfirmedForm;
use super::credentials::{HERE, page, refused};
use super::login::{Nothing, enter, local, with_next};
use crate::auth::service;
use crate::auth::web::origin_of;
use crate::auth::{Operation, PasswordGate, ROLE, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::web::{Flash, FormBody, LocalPath, redirect, redirect_with};

/// What the script hands to the browser.
fn question(json: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordForm {
    password: String,
}

/// Asks for the password again, and then for a passkey to be made. It is a script that asks, so the password comes with the question
/// rather than on a page of its own.
pub(super) async fn begin_passkey(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    gate: Data<PasswordGate>,
    form: FormBody<PasswordForm>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::OwnProfile)?;
    if !service::passkeys_work(&config) {
        return Err(AppError::conflict("error-passkeys-need-name"));
    }
    let (actor, from) = (viewer.actor.clone(), viewer.origin());
    let password = form.into_inner().password;
    service::confirm_password(&db, &gate, &from, actor.id, password).await?;
    service::begin_passkey(&db, &config, from, &actor)
        .await
        .map(question)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPasskeyForm {
    passkey_name: String,
    credential: String,
}

pub(super) async fn finish_passkey(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    form: FormBody<NewPasskeyForm>,
) -> AppResult<HttpResponse> {
    let NewPasskeyForm {
        passkey_name,
        credential,
    } = form.into_inner();
    let (actor, from) = (viewer.actor.clone(), viewer.origin());
    let made =
        service::finish_passkey(&db, &config, from, &actor, &passkey_name, &credential).await;
    match made {
        Ok(fresh) if fresh.is_empty() => Ok(redirect_with(
            HERE,
            Flash::ok(Message::new("flash-passkey-enrolled")),
        )),
        Ok(fresh) => page(viewer, &db, &config, fresh, &[], StatusCode::OK).await,
        Err(error) => refused(viewer, &db, &config, error).await,
    }
}

pub(super) async fn remove_passkey(
    mut viewer: Viewer,
    db: Data<Db>,
    passkey: Path<Uuid>,
    form: ConfirmedForm<Nothing>,
) -> AppResult<HttpResponse> {
    let Nothing {} = form.into_inner(&mut viewer);
    let (actor, id) = (viewer.actor.clone(), passkey.into_inner());
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::remove_passkey(tx, &actor, id)
    })
    .await?;
    Ok(redirect_with(
        HERE,
        Flash::ok(Message::new("flash-passkey-removed")),
    ))
}

/// Asks whoever is there to show a passkey.
pub(super) async fn begin_log_in(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    _form: FormBody<Nothing>,
) -> AppResult<HttpResponse> {
    let origin = origin_of(&request, None);
    service::begin_passkey_log_in(&db, &config, origin)
        .await
        .map(question)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyForm {
    credential: String,
    next: Option<String>,
}

pub(super) async fn log_in(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    form: FormBody<PasskeyForm>,
) -> AppResult<HttpResponse> {
    let PasskeyForm { credential, next } = form.into_inner();
    let next = local(next);
    let origin = origin_of(&request, None);
    match service::log_in_with_passkey(&db, &config, origin, &credential).await {
        Ok(session) => {
            enter(&request, &db, session).await?;
            Ok(redirect(next.as_ref().map_or("/", LocalPath::as_str)))
        }
        Err(AppError::Unauthenticated) => Ok(redirect_with(
            &with_next("/login", next.as_ref()),
            Flash::error(Message::new("flash-passkey-refused")),
        )),
        Err(error) => Err(error),
    }
}
