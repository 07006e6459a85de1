//! A stored event as a message: its content as the body, its envelope as the headers of CloudEvents 1.0 in binary mode.

use chrono::SecondsFormat;

use crate::bus::LoggedEvent;

/// What is published.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The event's id, which the broker knows repetitions by.
    pub id: String,
    /// The type, the last part of the subject.
    pub event_type: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// The message of an event; the same event gives the same message every time.
pub(super) fn of(event: &LoggedEvent) -> Message {
    let (event_type, version, subject) = (
        &event.envelope.event_type,
        event.envelope.type_version,
        event.envelope.subject_id.to_string(),
    );
    let mut headers = vec![
        ("ce-specversion", "1.0".to_owned()),
        ("ce-id", event.envelope.event_id.to_string()),
        ("ce-source", format!("/ates/{}", event.envelope.producer)),
        ("ce-type", format!("ates.{event_type}.v{version}")),
        ("ce-subject", subject.clone()),
        (
            "ce-time",
            event
                .envelope
                .recorded_at
                .to_rfc3339_opts(SecondsFormat::Micros, true),
        ),
        (
            "ce-dataschema",
            format!(
                "/schemas/{}/{event_type}/{version}.json",
                event.envelope.producer
            ),
        ),
        ("content-type", "application/json".to_owned()),
        ("ce-sequence", event.envelope.seq.to_string()),
        ("ce-partitionkey", subject),
        ("ce-topic", event.envelope.topic.clone()),
        (
            "ce-correlationid",
            event.envelope.correlation_id.to_string(),
        ),
    ];
    let chain = [
        ("ce-causationid", event.envelope.causation_id),
        ("ce-actorid", event.envelope.actor_id),
    ];
    headers.extend(
        chain
            .into_iter()
            .filter_map(|(name, id)| Some((name, id?.to_string()))),
    );
    Message {
        id: event.envelope.event_id.to_string(),
        event_type: event_type.clone(),
        headers,
        body: event.payload.to_string().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::bus::Envelope;

    #[test]
    fn an_event_becomes_a_cloud_event_in_binary_mode() {
        let event = LoggedEvent {
            envelope: Envelope {
                seq: 42,
                event_id: Uuid::from_u128(1),
                event_type: "task.completed".into(),
                type_version: 1,
                topic: "task".into(),
                producer: "tasks".into(),
                subject_id: Uuid::from_u128(2),
                correlation_id: Uuid::from_u128(3),
                causation_id: None,
                actor_id: Some(Uuid::from_u128(4)),
                recorded_at: "2026-03-02T09:00:00.000001Z".parse().unwrap(),
                item_count: 1,
            },
            payload: json!({"assignee": "Кеша"}),
        };
        let message = of(&event);
        let header = |name: &str| {
            let found = message.headers.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(message.id, Uuid::from_u128(1).to_string());
        assert_eq!(header("ce-id"), Some(message.id.as_str()));
        assert_eq!(header("ce-source"), Some("/ates/tasks"));
        assert_eq!(header("ce-type"), Some("ates.task.completed.v1"));
        assert_eq!(header("ce-time"), Some("2026-03-02T09:00:00.000001Z"));
        assert_eq!(
            header("ce-dataschema"),
            Some("/schemas/tasks/task.completed/1.json")
        );
        assert_eq!(header("ce-sequence"), Some("42"));
        assert_eq!(header("ce-causationid"), None);
        assert_eq!(message.body, r#"{"assignee":"Кеша"}"#.as_bytes());
        let ascii = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        assert!(
            message
                .headers
                .iter()
                .all(|(name, value)| ascii(name) && ascii(value))
        );
    }
}
