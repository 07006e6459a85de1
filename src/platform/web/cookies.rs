//! The product's cookies: their names, how they are built, and how a page sets one without holding the answer.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpMessage, HttpRequest};
use rand::Rng;

use super::WebSettings;

/// The chosen language.
pub const LANGUAGE: &str = "ates_lang";
/// The chosen theme.
pub const THEME: &str = "ates_theme";
/// The message for the next page.
pub const FLASH: &str = "ates_flash";

/// How far the log came with the last change that was made in this browser; of no worth to anybody.
pub const SEEN: &str = "ates_seen";

/// The session's cookie; behind TLS it is bound to this host (`__Host-`).
#[must_use]
pub fn session(https: bool) -> &'static str {
    if https {
        "__Host-ates_session"
    } else {
        "ates_session"
    }
}

/// The cookie that forms are bound to before anybody is logged in.
#[must_use]
pub fn before_login(https: bool) -> &'static str {
    if https {
        "__Host-ates_visit"
    } else {
        "ates_visit"
    }
}

/// The cookie of somebody who has shown the first factor and not yet the second; it opens nothing.
#[must_use]
pub fn challenge(https: bool) -> &'static str {
    if https {
        "__Host-ates_challenge"
    } else {
        "ates_challenge"
    }
}

/// The cookie that a log-in at the company's provider is bound to while it is under way.
#[must_use]
pub fn at_provider(https: bool) -> &'static str {
    if https {
        "__Host-ates_provider"
    } else {
        "ates_provider"
    }
}

/// A cookie that scripts cannot read, sent on top-level navigation only, to the whole site; without an age it ends with the
/// browser.
#[must_use]
pub fn build(
    settings: &WebSettings,
    name: &'static str,
    value: String,
    age: Option<Duration>,
) -> Cookie<'static> {
    let mut cookie = Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(settings.https)
        .finish();
    cookie.set_max_age(age);
    cookie
}

/// The cookie that makes the browser forget another one.
#[must_use]
pub fn removal(settings: &WebSettings, name: &'static str) -> Cookie<'static> {
    let mut cookie = build(settings, name, String::new(), None);
    cookie.make_removal();
    cookie
}

/// The value of the session's cookie, known to the server or not.
#[must_use]
pub fn session_value(request: &HttpRequest) -> Option<String> {
    value(request, session(WebSettings::of(request).https))
}

/// A cookie's value, unless it is empty.
#[must_use]
pub fn value(request: &HttpRequest, name: &str) -> Option<String> {
    request
        .cookie(name)
        .map(|cookie| cookie.value().to_owned())
        .filter(|value| !value.is_empty())
}

/// 256 random bits in hexadecimal: the value of a session's cookie.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "made at the edge, where cookies are"
)]
pub fn new_secret() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}

/// Cookies that wait for the answer to this request; [`super::security_headers`] adds them.
#[derive(Default)]
pub(super) struct Waiting(pub(super) Vec<Cookie<'static>>);

/// Sets a cookie with the answer to this request, in place of an earlier one of the same name.
pub fn set(request: &HttpRequest, cookie: Cookie<'static>) {
    let mut extensions = request.extensions_mut();
    if extensions.get::<Waiting>().is_none() {
        extensions.insert(Waiting::default());
    }
    if let Some(waiting) = extensions.get_mut::<Waiting>() {
        waiting.0.retain(|other| other.name() != cookie.name());
        waiting.0.push(cookie);
    }
}

/// The value of a cookie that waits for the answer.
pub(super) fn waiting_value(request: &HttpRequest, name: &str) -> Option<String> {
    let extensions = request.extensions();
    let waiting = extensions.get::<Waiting>()?;
    waiting
        .0
        .iter()
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}
