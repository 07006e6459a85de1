//! How paths and queries are read, and what is answered when they cannot be; bodies have extractors of their own.

use actix_web::error::QueryPayloadError;
use actix_web::web::{PathConfig, QueryConfig, ServiceConfig};

use super::Face;
use crate::platform::error::AppError;

pub(super) fn configure(app: &mut ServiceConfig) {
    app.app_data(PathConfig::default().error_handler(|_, _| AppError::NotFound.into()))
        .app_data(QueryConfig::default().error_handler(|error, _| query_face(&error).into()));
}

fn query_face(error: &QueryPayloadError) -> Face {
    Face::invalid().with_field(quoted_name(&error.to_string()), "field-not-understood")
}

/// The field that serde's words name: "missing field `title`", "unknown field `price`, expected one of ..".
pub(super) fn quoted_name(words: &str) -> Option<String> {
    let rest = &words[words.find("field `")? + "field `".len()..];
    rest.split('`').next().map(str::to_owned)
}
