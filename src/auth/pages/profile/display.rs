//! How somebody wants to see pages and mails: language, zone, colours.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::auth::service;
use crate::auth::store::Display;
use crate::auth::{ROLE, Viewer};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::i18n::Lang;
use crate::platform::web::{Flash, FormBody, Preferences, Theme, redirect_with};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::auth::pages) struct LanguageForm {
    language: String,
}

/// The language of mails (D18), and that of the pages where nothing else is chosen in the menu.
pub(in crate::auth::pages) async fn save_language(
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
pub(in crate::auth::pages) struct DisplayForm {
    time_zone: Option<String>,
    theme: String,
    shortcuts: Option<String>,
}

/// The zone of times, the colours, and whether keyboard shortcuts work.
pub(in crate::auth::pages) async fn save_display(
    viewer: Viewer,
    db: Data<Db>,
    form: FormBody<DisplayForm>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let theme = Theme::from_code(&form.theme)
        .ok_or_else(|| AppError::field("theme", "field-not-understood"))?;
    let shortcuts = match form.shortcuts.as_deref() {
        None => None,
        Some("on") => Some(true),
        Some("off") => Some(false),
        Some(_) => return Err(AppError::field("shortcuts", "field-not-understood")),
    };
    let actor = viewer.actor.clone();
    db.transaction(ROLE, viewer.origin(), move |tx| {
        let display = Display {
            time_zone: Some(form.time_zone.as_deref()),
            theme: Some(theme.code()),
            shortcuts,
        };
        service::set_display(tx, &actor, display)
    })
    .await?;
    Ok(redirect_with(
        "/profile",
        Flash::ok(Message::new("flash-display-saved")),
    ))
}

/// The switches of the menu for somebody who is logged in: the browser remembers them as it does for everybody, and the colours are kept
/// with the account too.
pub(in crate::auth::pages) async fn save_appearance(
    request: HttpRequest,
    viewer: Viewer,
    db: Data<Db>,
    form: FormBody<Preferences>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    if let Some(theme) = form.theme() {
        let actor = viewer.actor.clone();
        db.transaction_even_stopped(ROLE, viewer.origin(), move |tx| {
            let display = Display {
                theme: Some(theme.code()),
                ..Display::default()
            };
            service::set_display(tx, &actor, display)
        })
        .await?;
    }
    Ok(form.apply(&request))
}
