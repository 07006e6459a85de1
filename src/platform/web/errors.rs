//! How errors look: a page for people, a problem document (RFC 9457) for the API; one layer decides, so no handler does.

mod layer;
mod page;
mod problem;

use std::borrow::Cow;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use tracing_actix_web::RequestId;
use uuid::Uuid;

use crate::platform::error::{AppError, Message};
use crate::platform::stop;
pub use layer::{Drawn, errors};
pub use problem::Problem;

/// When to come back to a module whose tables are missing, seconds: somebody has to mend them.
const MENDING: u32 = 30;

/// What the world sees of an error: no internals. It travels in the answer's extensions to the layer that draws it.
#[derive(Clone, Debug)]
pub struct Face {
    status: StatusCode,
    name: &'static str,
    message: Message,
    fields: Vec<(Cow<'static, str>, Message)>,
    retry_after: Option<u32>,
}

impl Face {
    /// A face with a name of its own, which is stable and the end of the problem's `type`; `message` tells people what to do.
    pub fn new(status: StatusCode, name: &'static str, message: impl Into<Message>) -> Self {
        Self {
            status,
            name,
            message: message.into(),
            fields: Vec::new(),
            retry_after: None,
        }
    }

    pub(super) fn invalid() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-input",
            "error-invalid-input",
        )
    }

    /// 422 for one field.
    #[must_use]
    pub fn invalid_at(field: String, message: &'static str) -> Self {
        Self::invalid().with_field(Some(field), message)
    }

    pub(super) fn with_field(mut self, field: Option<String>, message: &'static str) -> Self {
        self.fields
            .extend(field.map(|field| (field.into(), message.into())));
        self
    }

    /// The face of an answer that has nothing but its status.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let (name, message) = match status.as_u16() {
            401 => ("unauthenticated", "error-unauthenticated"),
            403 => ("forbidden", "error-forbidden"),
            404 => ("not-found", "error-not-found"),
            405 => ("method-not-allowed", "error-method-not-allowed"),
            408 => ("too-slow", "error-too-slow"),
            413 => ("too-large", "error-too-large"),
            415 => ("unsupported-media-type", "error-unsupported-media-type"),
            422 => ("invalid-input", "error-invalid-input"),
            429 => ("too-many-requests", "error-too-many-requests"),
            503 => ("unavailable", "error-unavailable"),
            500.. => ("internal", "error-internal"),
            _ => ("bad-request", "error-bad-request"),
        };
        Self::new(status, name, message)
    }

    pub(super) fn of_error(error: &AppError) -> Self {
        match error {
            AppError::NotFound => Self::of_status(StatusCode::NOT_FOUND),
            AppError::Forbidden => Self::of_status(StatusCode::FORBIDDEN),
            AppError::Refused(message) => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", message.clone())
            }
            AppError::Unauthenticated => Self::of_status(StatusCode::UNAUTHORIZED),
            AppError::Invalid(errors) => Self {
                fields: errors
                    .iter()
                    .map(|error| (error.field.into(), error.message.clone()))
                    .collect(),
                ..Self::invalid()
            },
            AppError::Conflict(message) => {
                Self::new(StatusCode::CONFLICT, "conflict", message.clone())
            }
            AppError::InFlight => Self {
                retry_after: Some(1),
                ..Self::new(StatusCode::CONFLICT, "in-flight", "error-in-flight")
            },
            AppError::TooManyRequests {
                message,
                retry_after,
            } => Self {
                retry_after: Some(*retry_after),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too-many-requests",
                    message.clone(),
                )
            },
            AppError::Unavailable {
                message,
                retry_after,
            } => Self {
                retry_after: Some(*retry_after),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    if message.id.starts_with("error-read-only") {
                        "read-only"
                    } else {
                        "unavailable"
                    },
                    message.clone(),
                )
            },
            AppError::Stopped(message) => Self {
                retry_after: Some(stop::RETRY_AFTER),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopped", message.clone())
            },
            AppError::Internal(_) if error.is_of_broken_tables() => Self {
                retry_after: Some(MENDING),
                ..Self::of_status(StatusCode::SERVICE_UNAVAILABLE)
            },
            AppError::Internal(_) => Self::of_status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    #[cfg(test)]
    pub(super) fn named_fields(&self) -> String {
        self.fields
            .iter()
            .map(|(field, _)| format!(" {field}"))
            .collect()
    }

    /// The id of the heading, and of the problem's title.
    fn title(&self) -> &'static str {
        match self.name {
            "stopped" => return "error-title-stopped",
            "read-only" => return "error-title-read-only",
            _ => {}
        }
        match self.status.as_u16() {
            401 => "error-title-unauthenticated",
            403 => "error-title-forbidden",
            404 => "error-title-not-found",
            409 => "error-title-conflict",
            410 => "error-title-gone",
            422 => "error-title-invalid-input",
            429 => "error-title-too-many-requests",
            503 => "error-title-unavailable",
            500.. => "error-title-internal",
            _ => "error-title-bad-request",
        }
    }
}

impl fmt::Display for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.name)
    }
}

impl ResponseError for Face {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut answer = HttpResponse::new(self.status);
        answer.extensions_mut().insert(self.clone());
        answer
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        Face::of_error(self).status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        Face::of_error(self).error_response()
    }
}

/// The id of a request, which its answer, its log lines and its error page carry.
#[must_use]
pub fn request_id(request: &HttpRequest) -> Uuid {
    #[derive(Clone, Copy)]
    struct OwnId(Uuid);
    let mut extensions = request.extensions_mut();
    if let Some(id) = extensions.get::<RequestId>() {
        return Uuid::from(*id);
    }
    let id = extensions
        .get::<OwnId>()
        .copied()
        .unwrap_or_else(|| OwnId(crate::platform::ids::fresh_key()));
    extensions.insert(id);
    id.0
}
