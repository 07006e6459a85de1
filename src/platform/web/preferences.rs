//! The visitor's language and theme: two cookies, set by small forms on every page.

use actix_web::cookie::time::Duration;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{FormBody, LocalPath, Theme, WebSettings, cookies, redirect};
use crate::platform::i18n::Lang;

/// What was chosen, and the page to return to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    lang: Option<String>,
    theme: Option<String>,
    #[serde(default)]
    back: String,
}

impl Preferences {
    /// The colours that were chosen, if any were.
    #[must_use]
    pub fn theme(&self) -> Option<Theme> {
        self.theme.as_deref().and_then(Theme::from_code)
    }

    /// Lets the browser keep what was chosen, and sends it back where it came from.
    #[must_use]
    pub fn apply(&self, request: &HttpRequest) -> HttpResponse {
        let settings = WebSettings::of(request);
        let year = Some(Duration::days(365));
        if let Some(lang) = self.lang.as_deref().and_then(Lang::from_code) {
            cookies::set(
                request,
                cookies::build(settings, cookies::LANGUAGE, lang.code().to_owned(), year),
            );
        }
        if let Some(theme) = self.theme() {
            cookies::set(
                request,
                cookies::build(settings, cookies::THEME, theme.code().to_owned(), year),
            );
        }
        redirect(
            LocalPath::parse(&self.back)
                .as_ref()
                .map_or("/", LocalPath::as_str),
        )
    }
}

/// `POST /preferences`.
pub(super) async fn save_preferences(
    request: HttpRequest,
    form: FormBody<Preferences>,
) -> HttpResponse {
    form.apply(&request)
}
