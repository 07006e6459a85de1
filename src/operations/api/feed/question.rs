//! What a reader of the feed asks for.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::bus::FeedFilter;
use crate::events::CATALOGUE;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::api::{PageLimit, text};
use crate::platform::web::limit;

/// The longest wait, seconds.
const LONGEST_WAIT: i64 = 25;

/// The highest number of the log that somebody can ask for.
const MOST_SEQ: i64 = 1_000_000_000_000_000_000;

/// The query as it is sent.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FeedQuery {
    /// The number of the log behind which to begin.
    #[param(value_type = Option<Seq>, inline)]
    after: Option<String>,
    /// Only these types, separated by commas.
    #[param(value_type = Option<TypeList>, inline)]
    r#type: Option<String>,
    /// Only these topics, separated by commas.
    #[param(value_type = Option<TopicList>, inline)]
    topic: Option<String>,
    /// Events at most.
    #[param(value_type = Option<PageLimit>, inline)]
    limit: Option<String>,
    /// Seconds to wait for an event if there is none; a reader ahead of the log waits for a second at most.
    #[param(value_type = Option<WaitSeconds>, inline)]
    wait: Option<String>,
}

/// The header with which a stream is taken up again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described: it is read from the request")]
pub(super) struct TakenUp {
    /// Of a stream that is taken up again: the number to go on behind.
    #[param(rename = "Last-Event-ID", value_type = Option<Seq>, inline)]
    last: Option<String>,
}

/// A number of the log.
struct Seq;

impl PartialSchema for Seq {
    fn schema() -> RefOr<Schema> {
        whole_number(MOST_SEQ)
    }
}

impl ToSchema for Seq {}

/// How long to wait.
struct WaitSeconds;

impl PartialSchema for WaitSeconds {
    fn schema() -> RefOr<Schema> {
        whole_number(LONGEST_WAIT)
    }
}

impl ToSchema for WaitSeconds {}

/// Some of the types.
struct TypeList;

impl PartialSchema for TypeList {
    fn schema() -> RefOr<Schema> {
        list_of(CATALOGUE.iter().map(|kind| kind.event_type))
    }
}

impl ToSchema for TypeList {}

/// Some of the topics.
struct TopicList;

impl PartialSchema for TopicList {
    fn schema() -> RefOr<Schema> {
        list_of(CATALOGUE.iter().map(|kind| kind.topic))
    }
}

impl ToSchema for TopicList {}

fn whole_number(most: i64) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(most))
        .default(Some(serde_json::json!(0)))
        .into()
}

/// A list of some of these words, separated by commas.
fn list_of(words: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let words: BTreeSet<String> = words.map(|word| word.replace('.', "\\.")).collect();
    let any = words.into_iter().collect::<Vec<_>>().join("|");
    RefOr::T(text(1, 1_000, &format!("^({any})(,({any}))*$")).into())
}

/// The query as it is understood.
pub(super) struct Question {
    pub after: i64,
    pub filter: FeedFilter,
    pub limit: i64,
    pub wait: Option<Duration>,
    pub as_stream: bool,
}

impl FeedQuery {
    /// What is asked for; a stream that is taken up again goes on behind its last event.
    ///
    /// # Errors
    /// Invalid, at the field that is wrong.
    pub fn question(self, request: &HttpRequest) -> AppResult<Question> {
        let header = |name: &str| request.headers().get(name);
        let as_stream = header(header::ACCEPT.as_str())
            .and_then(|value| value.to_str().ok())
            .is_some_and(|accepted| accepted.contains("text/event-stream"));
        let last = match header("last-event-id") {
            Some(last) => Some(number("Last-Event-ID", last.to_str().unwrap_or_default())?),
            None => None,
        };
        let asked = match filled(self.after.as_deref()) {
            Some(after) => number("after", after)?,
            None => 0,
        };
        let after = last.filter(|_| as_stream).unwrap_or(asked);
        let types = chosen("type", self.r#type.as_deref(), |name| {
            CATALOGUE.iter().any(|kind| kind.event_type == name)
        })?;
        let topics = chosen("topic", self.topic.as_deref(), |name| {
            CATALOGUE.iter().any(|kind| kind.topic == name)
        })?;
        let wait = match filled(self.wait.as_deref()) {
            Some(wait) => wait
                .parse()
                .ok()
                .filter(|wait| (0..=LONGEST_WAIT).contains(wait))
                .ok_or_else(|| AppError::field("wait", "field-wait"))?,
            None => 0,
        };
        let wait = u64::try_from(wait).unwrap_or_default();
        Ok(Question {
            after,
            filter: FeedFilter { types, topics },
            limit: limit(self.limit.as_deref())?,
            wait: Some(Duration::from_secs(wait)).filter(|wait| !wait.is_zero()),
            as_stream,
        })
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn number(field: &'static str, text: &str) -> AppResult<i64> {
    text.parse()
        .ok()
        .filter(|number| (0..=MOST_SEQ).contains(number))
        .ok_or_else(|| AppError::field(field, "field-seq"))
}

/// The words of a list, each of which must be known.
fn chosen(
    field: &'static str,
    list: Option<&str>,
    is_known: impl Fn(&str) -> bool,
) -> AppResult<Option<Vec<String>>> {
    let Some(list) = filled(list) else {
        return Ok(None);
    };
    let words: Vec<String> = list.split(',').map(|word| word.trim().to_owned()).collect();
    if words.iter().all(|word| is_known(word)) {
        Ok(Some(words))
    } else {
        Err(AppError::field(field, "field-not-understood"))
    }
}
