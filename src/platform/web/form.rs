//! Forms: at most 16 KiB unless they have long texts, with the token of the visitor's own cookie, and nothing in them that the form does not have.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{Error, FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::body::{is_of_type, receive};
use super::extractors::quoted_name;
use super::{Face, csrf, form_values};

/// The content type of a form.
pub(super) const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// Fields of a form at most; the longest one of ours lists what was chosen on a page of a hundred rows.
const FIELDS: usize = 500;

/// Bytes of a form at most.
pub const FORM_LIMIT: usize = 16 * 1024;

/// Bytes of a form with a long text at most: 10,000 characters of four bytes each, every byte written as `%XX`, and the rest.
pub const LONG_FORM_LIMIT: usize = 128 * 1024;

/// The body of a form, read into `T` after its `csrf` field was checked and taken out. Empty fields are `None` where `T` has an
/// `Option`; fields that come several times fill a `Vec`.
///
/// Refuses: another content type 415, a body longer than `LIMIT` 413, a wrong or missing token 403, what does not fit `T` 422, control
/// characters other than tabs and line ends 422 (A54).
#[derive(Clone, Debug)]
pub struct FormBody<T, const LIMIT: usize = FORM_LIMIT>(pub T);

impl<T, const LIMIT: usize> FormBody<T, LIMIT> {
    /// The form.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T, const LIMIT: usize> Deref for FormBody<T, LIMIT> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static, const LIMIT: usize> FromRequest for FormBody<T, LIMIT> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let pairs = read_pairs(&request, payload, LIMIT).await?;
            fit(pairs).map(Self).map_err(Error::from)
        })
    }
}

/// The fields of a form in their order, after its `csrf` field was checked and taken out.
///
/// # Errors
/// As [`FormBody`], but for the type.
pub async fn read_pairs(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Vec<(String, String)>, Face> {
    if !is_of_type(request, FORM_TYPE) {
        return Err(Face::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let body = receive(request, payload, limit).await?;
    let mut pairs = pairs_of(&body)?;
    let position = pairs.iter().position(|(name, _)| name == "csrf");
    let token = position
        .map(|position| pairs.remove(position).1)
        .unwrap_or_default();
    if !csrf::is_valid_for(request, &token) {
        return Err(Face::new(
            StatusCode::FORBIDDEN,
            "form-expired",
            "error-form-expired",
        ));
    }
    check_texts(&pairs)?;
    Ok(pairs)
}

/// The fields of a form.
///
/// # Errors
/// 413 for more of them than any form has.
pub(super) fn pairs_of(body: &[u8]) -> Result<Vec<(String, String)>, Face> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(body)
        .into_owned()
        .take(FIELDS + 1)
        .collect();
    if pairs.len() > FIELDS {
        return Err(Face::of_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    Ok(pairs)
}

/// Refuses control characters other than tabs and line ends, and what was no text before it was decoded (A54).
///
/// # Errors
/// 422 with the name of the first field that has one.
pub(super) fn check_texts(pairs: &[(String, String)]) -> Result<(), Face> {
    let forbidden = |c: char| {
        c == char::REPLACEMENT_CHARACTER || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
    };
    let wrong = pairs
        .iter()
        .find(|(name, value)| name.contains(forbidden) || value.contains(forbidden));
    match wrong {
        Some((name, _)) => {
            Err(Face::invalid().with_field(Some(name.clone()), "field-control-characters"))
        }
        None => Ok(()),
    }
}

/// Fields read into a type.
///
/// # Errors
/// 422 with the name of the field that does not fit.
pub fn fit<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, Face> {
    form_values::read(pairs).map_err(|misfit| {
        Face::invalid().with_field(quoted_name(&misfit.to_string()), "field-not-understood")
    })
}
