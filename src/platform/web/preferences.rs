//! The visitor's language and theme: two cookies, set by small forms on every page.

use actix_web::cookie::time::Duration;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{FormBody, LocalPath, Theme, WebSettings, cookies, redirect};
use crate::platform::i18n::Lang;

/// What was chosen, and the page to return to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preferences {
    lang: Option<String>,
    theme: Option<String>,
    #[serde(default)]
    back: String,
}

/// `POST /preferences`.
pub(super) async fn save_preferences(
    request: HttpRequest,
    form: FormBody<Preferences>,
) -> HttpResponse {
    let settings = WebSettings::of(&request);
    let Preferences { lang, theme, back } = form.into_inner();
    let year = Some(Duration::days(365));
    if let Some(lang) = lang.as_deref().and_then(Lang::from_code) {
        cookies::set(
            &request,
            cookies::build(settings, cookies::LANGUAGE, lang.code().to_owned(), year),
        );
    }
    if let Some(theme) = theme.as_deref().and_then(Theme::from_code) {
        cookies::set(
            &request,
            cookies::build(settings, cookies::THEME, theme.code().to_owned(), year),
        );
    }
    redirect(
        LocalPath::parse(&back)
            .as_ref()
            .map_or("/", LocalPath::as_str),
    )
}
