//! One's own record, language and password.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use crate::auth::password::check_password;
use crate::auth::service::{self, LogIn, authenticate};
use crate::auth::store::{self, UserRow};
use crate::auth::{Operation, PasswordGate, ROLE, Viewer};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::i18n::Lang;
use crate::platform::web::{Flash, FormBody, FormErrors, Frame, redirect_with, render_with};

#[derive(Template)]
#[template(path = "auth/profile.html")]
struct ProfilePage {
    frame: Frame,
    errors: FormErrors,
    user: UserRow,
    language: Option<Lang>,
}

pub(super) async fn show_profile(viewer: Viewer, db: Data<Db>) -> AppResult<HttpResponse> {
    page(viewer, &db, &[], StatusCode::OK).await
}

async fn page(
    viewer: Viewer,
    db: &Db,
    errors: &[FieldError],
    status: StatusCode,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::OwnProfile)?;
    let id = viewer.actor.id.0;
    let user = db
        .read(ROLE, move |conn| store::find_user(conn, id))
        .await?
        .ok_or(AppError::NotFound)?;
    let errors = FormErrors::new(viewer.frame.lang, errors);
    let language = user.language.as_deref().and_then(Lang::from_code);
    render_with(
        status,
        &ProfilePage {
            frame: viewer.frame,
            errors,
            user,
            language,
        },
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LanguageForm {
    language: String,
}

/// The language of mails (D18); that of the pages is switched in the menu.
pub(super) async fn save_language(
    viewer: Viewer,
    db: Data<Db>,
    form: FormBody<LanguageForm>,
) -> AppResult<HttpResponse> {
    let lang = Lang::from_code(&form.language)
        .ok_or_else(|| AppError::field("language", "field-not-understood"))?;
    let actor = viewer.actor.clone();
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::set_language(tx, &actor, lang.code())
    })
    .await?;
    Ok(redirect_with(
        "/profile",
        Flash::ok(Message::new("flash-language-saved")),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordForm {
    old_password: String,
    new_password: String,
}

pub(super) async fn change_password(
    viewer: Viewer,
    db: Data<Db>,
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
        return page(viewer, &db, &errors, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let attempt = LogIn {
        login: user.username,
        password: old_password,
    };
    match authenticate(&db, &gate, &viewer.origin(), attempt).await {
        Ok(_) => {}
        Err(AppError::Unauthenticated) => {
            let errors = [FieldError::new("old_password", "field-password-wrong")];
            return page(viewer, &db, &errors, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        Err(error) => return Err(error),
    }
    let hash = gate.hash(new_password).await?;
    let actor = viewer.actor.clone();
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::change_password(tx, &actor, &hash)
    })
    .await?;
    Ok(redirect_with(
        "/login",
        Flash::ok(Message::new("flash-password-changed")),
    ))
}
