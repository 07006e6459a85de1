//! One's own password.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::page;
use crate::auth::pages::login::keep_session;
use crate::auth::password::{check_password, judge};
use crate::auth::service::{self, LogIn, LoggedIn, RenewedSession, authenticate, hash_of};
use crate::auth::store;
use crate::auth::{PasswordGate, ROLE, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::web::{Flash, FormBody, cookies, redirect_with};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::auth::pages) struct PasswordForm {
    old_password: String,
    new_password: String,
}

pub(in crate::auth::pages) async fn change_password(
    request: HttpRequest,
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    gate: Data<PasswordGate>,
    form: FormBody<PasswordForm>,
) -> AppResult<HttpResponse> {
    let PasswordForm {
        old_password,
        new_password,
    } = form.into_inner();
    let id = viewer.actor.id.0;
    let user = db
        .read(ROLE, move |conn| store::find_user(conn, id))
        .await?
        .ok_or(AppError::NotFound)?;
    if let Err(message) = check_password(&new_password, &user.username, &user.email) {
        let errors = [FieldError::new("new_password", message)];
        return page(viewer, &db, None, &errors).await;
    }
    let username = user.username.clone();
    let attempt = LogIn {
        login: user.username,
        password: old_password,
    };
    match authenticate(&db, &gate, &viewer.origin(), attempt).await {
        Ok(_) => {}
        Err(AppError::Unauthenticated) => {
            let errors = [FieldError::new("old_password", "field-password-wrong")];
            return page(viewer, &db, None, &errors).await;
        }
        Err(error) => return Err(error),
    }
    let strength = judge(&new_password, &username, &user.email);
    let hash = gate.hash(new_password).await?;
    let secret = cookies::new_secret();
    let session = RenewedSession {
        old_hash: hash_of(&cookies::session_value(&request).ok_or(AppError::Unauthenticated)?),
        new_hash: hash_of(&secret),
    };
    let actor = viewer.actor.clone();
    let age = db
        .transaction(ROLE, viewer.origin(), move |tx| {
            service::change_password(tx, &config, &actor, &hash, &session)
        })
        .await?;
    keep_session(&request, LoggedIn { secret, age });
    let words = viewer.frame.text(&strength.words);
    Ok(redirect_with(
        "/profile",
        Flash::ok(Message::new("flash-password-changed").with("strength", words)),
    ))
}
