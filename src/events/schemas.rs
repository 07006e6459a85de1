//! The schema registry: every type and version there is, and the check against it.

use std::collections::HashMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;
use thiserror::Error;

/// Why an event is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SchemaError {
    /// There is no such type and version.
    #[error("no schema for {event_type} v{version}")]
    Unknown { event_type: String, version: i16 },
    /// The content does not fit.
    #[error("{event_type} v{version} does not fit its schema: {reason}")]
    Invalid {
        event_type: String,
        version: i16,
        reason: String,
    },
}

macro_rules! schemas {
    ($($module:literal $event_type:literal $version:literal),* $(,)?) => {
        &[$(($event_type, $version, include_str!(concat!("../../schemas/", $module, "/", $event_type, "/", $version, ".json")))),*]
    };
}

const SCHEMAS: &[(&str, i16, &str)] = schemas![
    "auth" "account.created" 1,
    "auth" "account.updated" 1,
    "auth" "account.deleted" 1,
    "auth" "account.logged_in" 1,
    "auth" "account.logged_in" 2,
    "tasks" "task.created" 1,
    "tasks" "task.created" 2,
    "tasks" "task.updated" 1,
    "tasks" "task.assigned" 1,
    "tasks" "tasks.reassigned" 1,
    "tasks" "task.completed" 1,
    "accounting" "task.estimated" 1,
    "accounting" "audit_log_record.created" 1,
    "accounting" "payment_log_record.created" 1,
    "accounting" "business_day.closed" 1,
    "accounting" "email.sent" 1,
    "accounting" "email.sent" 2,
    "accounting" "email.failed" 1,
    "accounting" "email.failed" 2,
];

static VALIDATORS: LazyLock<HashMap<(&str, i16), Validator>> = LazyLock::new(|| {
    SCHEMAS
        .iter()
        .map(|(event_type, version, text)| {
            let schema =
                serde_json::from_str(text).expect("the embedded schemas are JSON, as a test shows");
            let validator = jsonschema::options()
                .should_validate_formats(true)
                .build(&schema)
                .expect("the embedded schemas are schemas, as a test shows");
            ((*event_type, *version), validator)
        })
        .collect()
});

/// Every published type and version with the text of its schema.
pub fn all_schemas() -> impl Iterator<Item = (&'static str, i16, &'static str)> {
    SCHEMAS.iter().copied()
}

/// Whether this program understands a version of a type.
#[must_use]
pub fn is_known(event_type: &str, version: i16) -> bool {
    VALIDATORS.contains_key(&(event_type, version))
}

/// Checks the content of an event against the schema of its type and version.
///
/// # Errors
/// That there is no such schema, or the first thing that does not fit.
pub fn validate(event_type: &str, version: i16, data: &Value) -> Result<(), SchemaError> {
    let Some(validator) = VALIDATORS.get(&(event_type, version)) else {
        return Err(SchemaError::Unknown {
            event_type: event_type.to_owned(),
            version,
        });
    };
    validator
        .validate(data)
        .map_err(|error| SchemaError::Invalid {
            event_type: event_type.to_owned(),
            version,
            reason: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e05_a_missing_field_is_refused() {
        assert_eq!(
            validate("account.deleted", 1, &serde_json::json!({"version": 3})),
            Ok(())
        );
        let error = validate("account.deleted", 1, &serde_json::json!({})).unwrap_err();
        assert!(error.to_string().contains("version"), "{error}");
        assert!(
            validate(
                "account.deleted",
                1,
                &serde_json::json!({"version": 3, "more": 1})
            )
            .is_err()
        );
        assert!(validate("account.deleted", 9, &serde_json::json!({"version": 3})).is_err());
    }

    #[test]
    fn every_schema_is_a_schema() {
        assert_eq!(VALIDATORS.len(), SCHEMAS.len());
    }
}
