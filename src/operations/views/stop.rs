//! `/admin/emergency-stop`.

use askama::Template;
use i18n_embed_fl::fl;

use crate::auth::{Actor, Operation};
use crate::platform::stop::Stop;
use crate::platform::web::{Badge, FormErrors, Frame};

/// What somebody typed into a form that came back; never the password.
#[derive(Default)]
pub(in crate::operations) struct StopWords {
    pub reason: String,
}

/// A stop in the reader's language.
struct StopRow {
    stop: Stop,
    reason: String,
}

/// The state of the emergency stop and its history.
#[derive(Template)]
#[template(path = "operations/stop.html")]
pub(in crate::operations) struct StopPage {
    frame: Frame,
    badge: Badge,
    current: Option<StopRow>,
    past: Vec<StopRow>,
    may_operate: bool,
    words: StopWords,
    errors: FormErrors,
}

impl StopPage {
    pub fn new(
        frame: Frame,
        actor: &Actor,
        stops: Vec<Stop>,
        badge: Badge,
        words: StopWords,
        errors: FormErrors,
    ) -> Self {
        let row = |stop: Stop| StopRow {
            reason: frame.text(&stop.message()),
            stop,
        };
        let (open, past): (Vec<_>, Vec<_>) = stops
            .into_iter()
            .map(row)
            .partition(|row| row.stop.released_at.is_none());
        Self {
            current: open.into_iter().next(),
            past,
            badge,
            may_operate: actor.may(Operation::Operate),
            words,
            errors,
            frame,
        }
    }
}
