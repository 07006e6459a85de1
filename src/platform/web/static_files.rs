//! The style sheet, the scripts and the icon, embedded in the program. Their address holds a hash of their contents, so browsers keep them
//! for ever and never ask again.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::platform::error::{AppError, AppResult};

#[derive(RustEmbed)]
#[folder = "static/"]
struct StaticFiles;

static CSS: LazyLock<String> = LazyLock::new(|| url("app.css"));
static SCRIPT: LazyLock<String> = LazyLock::new(|| url("app.js"));
static LIVE: LazyLock<String> = LazyLock::new(|| url("live.js"));
static CODE: LazyLock<String> = LazyLock::new(|| url("code.js"));
static BUTTONS: LazyLock<String> = LazyLock::new(|| url("buttons.js"));
static STRENGTH: LazyLock<String> = LazyLock::new(|| url("strength.js"));
static PAD: LazyLock<String> = LazyLock::new(|| url("pad.js"));
static PASSKEY: LazyLock<String> = LazyLock::new(|| url("passkey.js"));
static ICON: LazyLock<String> = LazyLock::new(|| url("favicon.svg"));

/// Where the style sheet lies.
#[must_use]
pub fn css_url() -> &'static str {
    &CSS
}

/// Where the script of shortcuts, palette and busy buttons lies.
#[must_use]
pub fn script_url() -> &'static str {
    &SCRIPT
}

/// Where the script of live parts lies.
#[must_use]
pub fn live_url() -> &'static str {
    &LIVE
}

/// Where the script that reads the code of a mailed link lies.
#[must_use]
pub fn code_url() -> &'static str {
    &CODE
}

/// Where the script of the buttons that print, copy and show lies.
#[must_use]
pub fn buttons_url() -> &'static str {
    &BUTTONS
}

/// Where the script that shows the strength of a new password lies.
#[must_use]
pub fn strength_url() -> &'static str {
    &STRENGTH
}

/// Where the script of drawing pads lies.
#[must_use]
pub fn pad_url() -> &'static str {
    &PAD
}

/// Where the script of passkeys lies.
#[must_use]
pub fn passkey_url() -> &'static str {
    &PASSKEY
}

/// Where the icon lies.
#[must_use]
pub fn icon_url() -> &'static str {
    &ICON
}

fn url(name: &str) -> String {
    let hash = StaticFiles::get(name)
        .map(|file| hash_of(&file.data))
        .unwrap_or_default();
    format!("/static/{hash}/{name}")
}

fn hash_of(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..8])
}

/// `GET /static/{hash}/{name}`. An address of another build gets the present file, but only for this once.
pub(super) async fn show_static_file(
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let (hash, name) = path.into_inner();
    let file = StaticFiles::get(&name).ok_or(AppError::NotFound)?;
    let present = hash_of(&file.data);
    let etag = format!("\"{present}\"");
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|given| given.as_bytes() == etag.as_bytes());
    let lasting = if hash == present {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut answer = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((header::CACHE_CONTROL, lasting))
        .insert_header((header::ETAG, etag));
    if known {
        return Ok(answer.finish());
    }
    Ok(answer
        .content_type(content_type(&name))
        .body(file.data.into_owned()))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
