//! What a reader of the feed asks for.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use serde::Deserialize;

use crate::bus::FeedFilter;
use crate::events::CATALOGUE;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::limit;

/// The longest wait, seconds.
const LONGEST_WAIT: u64 = 25;

/// The query as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedQuery {
    /// The number of the log behind which to begin; 0, the beginning, when it is not said.
    after: Option<String>,
    /// Types, separated by commas.
    r#type: Option<String>,
    /// Topics, separated by commas.
    topic: Option<String>,
    /// Events at most, 1 to 100.
    limit: Option<String>,
    /// Seconds to wait for an event if there is none, 0 to 25.
    wait: Option<String>,
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
        let after = match header("last-event-id").filter(|_| as_stream) {
            Some(last) => number("Last-Event-ID", last.to_str().unwrap_or_default())?,
            None => match filled(self.after.as_deref()) {
                Some(after) => number("after", after)?,
                None => 0,
            },
        };
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
                .filter(|wait| *wait <= LONGEST_WAIT)
                .ok_or_else(|| AppError::field("wait", "field-wait"))?,
            None => 0,
        };
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
        .filter(|number| (0..i64::MAX / 2).contains(number))
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
