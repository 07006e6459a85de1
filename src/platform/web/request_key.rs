//! `Idempotency-Key`: what a program sends twice has one effect and one answer (contract section 3).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpResponse};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Face;
use super::api::JSON_LIMIT;
use super::body::receive;
use crate::platform::db::{Answer, RequestKey};
use crate::platform::error::{AppError, AppResult};

/// The header.
const HEADER: &str = "idempotency-key";

/// Characters of a key at most.
const KEY_LENGTH: usize = 255;

/// Puts the key of a request into its extensions, with what it was sent with. The API takes it from there; nothing else looks at it.
///
/// # Errors
/// Those of the service inside.
pub async fn request_key(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_change = request.method() == Method::POST && request.path().starts_with("/api/");
    if is_change && let Some(key) = request.headers().get(HEADER) {
        let key = match checked(key.as_bytes()) {
            Ok(key) => key,
            Err(error) => return Ok(request.error_response(error)),
        };
        let body = match whole_body(&mut request).await {
            Ok(body) => body,
            Err(face) => return Ok(request.error_response(face)),
        };
        let known = RequestKey {
            key,
            route: format!("{} {}", request.method(), request.path()),
            body_hash: Sha256::digest(without_password(&body)).to_vec(),
        };
        request.extensions_mut().insert(known);
        request.set_payload(actix_web::dev::Payload::from(body));
    }
    next.call(request)
        .await
        .map(ServiceResponse::map_into_boxed_body)
}

/// The body without a password: a fast hash of one must not lie about.
fn without_password(body: &Bytes) -> Vec<u8> {
    let parsed = serde_json::from_slice::<Value>(body);
    if let Ok(Value::Object(mut fields)) = parsed
        && fields.remove("password").is_some()
    {
        return Value::Object(fields).to_string().into_bytes();
    }
    body.to_vec()
}

fn checked(key: &[u8]) -> AppResult<String> {
    let is_visible = key.iter().all(|byte| (0x21..=0x7e).contains(byte));
    let wrong = || AppError::field("Idempotency-Key", "field-idempotency-key");
    if key.is_empty() || key.len() > KEY_LENGTH || !is_visible {
        return Err(wrong());
    }
    String::from_utf8(key.to_vec()).map_err(|_| wrong())
}

async fn whole_body(request: &mut ServiceRequest) -> Result<Bytes, Face> {
    let payload = request.take_payload();
    receive(request.request(), payload, JSON_LIMIT).await
}

impl Answer {
    /// 200 with a body.
    ///
    /// # Errors
    /// Internal, for a body that is no JSON.
    pub fn ok(body: &impl Serialize) -> AppResult<Self> {
        Self::of(StatusCode::OK, body)
    }

    /// 201 with a body, and where what was made can be found.
    ///
    /// # Errors
    /// Internal, for a body that is no JSON.
    pub fn created(location: String, body: &impl Serialize) -> AppResult<Self> {
        Ok(Self {
            location: Some(location),
            ..Self::of(StatusCode::CREATED, body)?
        })
    }

    /// 202 with a body, and where one sees how it goes on.
    ///
    /// # Errors
    /// Internal, for a body that is no JSON.
    pub fn accepted(location: String, body: &impl Serialize) -> AppResult<Self> {
        Ok(Self {
            location: Some(location),
            ..Self::of(StatusCode::ACCEPTED, body)?
        })
    }

    /// 204.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            status: StatusCode::NO_CONTENT.as_u16(),
            body: None,
            location: None,
        }
    }

    /// A status with a body.
    ///
    /// # Errors
    /// Internal, for a body that is no JSON.
    pub fn of(status: StatusCode, body: &impl Serialize) -> AppResult<Self> {
        let body = serde_json::to_string(body).map_err(|error| AppError::Internal(error.into()))?;
        Ok(Self {
            status: status.as_u16(),
            body: Some(body),
            location: None,
        })
    }
}

impl From<Answer> for HttpResponse {
    fn from(answer: Answer) -> Self {
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
        let mut response = Self::build(status);
        if let Some(location) = answer.location {
            response.insert_header((header::LOCATION, location));
        }
        match answer.body {
            Some(body) => response.content_type("application/json").body(body),
            None => response.finish(),
        }
    }
}
