//! JSON bodies: at most 64 KiB, of the right content type, with nothing in them that the operation does not have; what is wrong is
//! named by its field (A24).

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{Error, FromRequest, HttpRequest};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use utoipa::ToSchema;

use crate::platform::web::body::{is_of_type, receive};
use crate::platform::web::extractors::quoted_name;
use crate::platform::web::form::{FORM_TYPE, check_texts, pairs_of};
use crate::platform::web::{Face, fit};

/// Bytes of a JSON body at most.
pub(in crate::platform::web) const JSON_LIMIT: usize = 64 * 1024;

/// The body of an operation that needs one.
///
/// Refuses: another content type 415, more than 64 KiB 413, what is no JSON 400, what does not fit `T` and a NUL in a text 422.
#[derive(Clone, Debug)]
pub struct JsonBody<T>(pub T);

impl<T> JsonBody<T> {
    /// What was sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for JsonBody<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = receive(&request, payload, JSON_LIMIT).await?;
            check_type(&request)?;
            Ok(Self(read(&body)?))
        })
    }
}

/// The body of an operation that can do without one; an empty body is the default.
#[derive(Clone, Debug, Default)]
pub struct OptionalJsonBody<T>(pub T);

impl<T> OptionalJsonBody<T> {
    /// What was sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: Default + DeserializeOwned + 'static> FromRequest for OptionalJsonBody<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = receive(&request, payload, JSON_LIMIT).await?;
            if body.is_empty() {
                return Ok(Self(T::default()));
            }
            check_type(&request)?;
            Ok(Self(read(&body)?))
        })
    }
}

/// The body of an operation that takes JSON, and a form for those who keep to a standard that wants one.
#[derive(Clone, Debug)]
pub enum JsonOrForm<J, F> {
    /// A JSON body.
    Json(J),
    /// A form, `application/x-www-form-urlencoded`.
    Form(F),
}

impl<J: DeserializeOwned + 'static, F: DeserializeOwned + 'static> FromRequest
    for JsonOrForm<J, F>
{
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = receive(&request, payload, JSON_LIMIT).await?;
            if is_of_type(&request, FORM_TYPE) {
                let pairs = pairs_of(&body)?;
                check_texts(&pairs)?;
                return Ok(Self::Form(fit(pairs)?));
            }
            check_type(&request)?;
            Ok(Self::Json(read(&body)?))
        })
    }
}

/// The body of an operation that has nothing to say: empty, or an empty object.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

fn check_type(request: &HttpRequest) -> Result<(), Face> {
    if is_of_type(request, "application/json") {
        return Ok(());
    }
    Err(Face::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

/// A JSON text read into a type.
///
/// # Errors
/// 400 for what is no JSON, 422 with the name of the field that does not fit.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Face> {
    // Serde would take a list for the fields in their order.
    if body.trim_ascii_start().first() == Some(&b'[') {
        let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
        return Err(if is_json {
            Face::invalid()
        } else {
            Face::of_status(StatusCode::BAD_REQUEST)
        });
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        misfit(error.inner(), &path)
    })?;
    reader
        .end()
        .map_err(|_| Face::of_status(StatusCode::BAD_REQUEST))?;
    // The database has no place for it, wherever it would be written.
    if let Some(path) = nul_in(body) {
        return Err(Face::invalid().with_field(Some(path), "field-control-characters"));
    }
    Ok(read)
}

/// What is said of JSON that does not fit; serde names a missing and an unknown field, and the path leads to a wrong value.
fn misfit(error: &serde_json::Error, path: &str) -> Face {
    if !error.is_data() {
        return Face::of_status(StatusCode::BAD_REQUEST);
    }
    let inside = (path != ".").then(|| path.to_owned());
    let field = match (quoted_name(&error.to_string()), inside) {
        (Some(name), Some(path)) if !ends_with(&path, &name) => Some(format!("{path}.{name}")),
        (Some(name), None) => Some(name),
        (_, inside) => inside,
    };
    Face::invalid().with_field(field, "field-not-understood")
}

fn ends_with(path: &str, name: &str) -> bool {
    path.rsplit('.').next() == Some(name)
}

/// Where a text has a NUL, if one does.
fn nul_in(body: &[u8]) -> Option<String> {
    const ESCAPED: &[u8] = b"\\u0000";
    if !body.windows(ESCAPED.len()).any(|six| six == ESCAPED) {
        return None;
    }
    let value: Value = serde_json::from_slice(body).ok()?;
    nul_below(&value, String::new())
}

fn nul_below(value: &Value, at: String) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then_some(at),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(number, item)| nul_below(item, format!("{at}[{number}]"))),
        Value::Object(members) => members.iter().find_map(|(name, inner)| {
            if name.contains('\0') {
                return Some(at.clone());
            }
            let path = if at.is_empty() {
                name.clone()
            } else {
                format!("{at}.{name}")
            };
            nul_below(inner, path)
        }),
        _ => None,
    }
}
