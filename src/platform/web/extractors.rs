//! How paths, queries and JSON bodies are read, and what is answered when they cannot be.

use actix_web::error::{JsonPayloadError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::web::{JsonConfig, PathConfig, QueryConfig, ServiceConfig};

use super::Face;
use crate::platform::error::AppError;

/// Bytes of a JSON body at most.
pub(super) const JSON_LIMIT: usize = 64 * 1024;

pub(super) fn configure(app: &mut ServiceConfig) {
    app.app_data(PathConfig::default().error_handler(|_, _| AppError::NotFound.into()))
        .app_data(QueryConfig::default().error_handler(|error, _| query_face(&error).into()))
        .app_data(
            JsonConfig::default()
                .limit(JSON_LIMIT)
                .error_handler(|error, _| json_face(&error).into()),
        );
}

fn query_face(error: &QueryPayloadError) -> Face {
    Face::invalid().with_field(quoted_name(&error.to_string()), "field-not-understood")
}

fn json_face(error: &JsonPayloadError) -> Face {
    match error {
        JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
            Face::of_status(StatusCode::PAYLOAD_TOO_LARGE)
        }
        JsonPayloadError::ContentType => Face::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        JsonPayloadError::Deserialize(error) if error.is_data() => {
            Face::invalid().with_field(quoted_name(&error.to_string()), "field-not-understood")
        }
        _ => Face::of_status(StatusCode::BAD_REQUEST),
    }
}

/// The field that serde's words name: "missing field `title`", "unknown field `price`, expected one of ..".
pub(super) fn quoted_name(words: &str) -> Option<String> {
    let rest = &words[words.find("field `")? + "field `".len()..];
    rest.split('`').next().map(str::to_owned)
}
