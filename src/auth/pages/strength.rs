//! How strong a password is: for the meter beside a field, and as a page for those without scripts. Nothing is kept.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;
use serde_json::json;

use crate::auth::password::judge;
use crate::platform::error::AppResult;
use crate::platform::web::{FormBody, FormErrors, Frame, render};

#[derive(Template)]
#[template(path = "auth/strength.html")]
struct StrengthPage {
    frame: Frame,
    errors: FormErrors,
    judged: Option<Judged>,
}

struct Judged {
    score: u8,
    words: String,
}

pub(super) async fn show_strength(request: HttpRequest) -> AppResult<HttpResponse> {
    page(&request, None)
}

fn page(request: &HttpRequest, judged: Option<Judged>) -> AppResult<HttpResponse> {
    render(&StrengthPage {
        frame: Frame::of(request),
        errors: FormErrors::none(),
        judged,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StrengthForm {
    password: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    email: String,
}

/// The judgement as JSON for the script, as a page for everybody else.
pub(super) async fn judge_password(
    request: HttpRequest,
    form: FormBody<StrengthForm>,
) -> AppResult<HttpResponse> {
    let strength = judge(&form.password, &form.username, &form.email);
    let wants_json = request
        .headers()
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes() == b"application/json");
    let words =
        crate::platform::i18n::text(crate::platform::web::lang_of(&request), &strength.words);
    if wants_json {
        return Ok(HttpResponse::Ok().json(json!({ "score": strength.score, "words": words })));
    }
    let score = strength.score;
    page(&request, Some(Judged { score, words }))
}
