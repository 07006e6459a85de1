//! `/shuffles`, `/shuffles/new` and `/shuffles/{uid}`.

use askama::Template;
use i18n_embed_fl::fl;

use crate::platform::config::PriceRange;
use crate::platform::web::{Frame, PageOf};
use crate::tasks::queries::{Outlook, Shuffle, ShuffleState};

/// Every press.
#[derive(Template)]
#[template(path = "tasks/shuffles.html")]
pub(in crate::tasks) struct ShufflesPage {
    frame: Frame,
    shuffles: Vec<Shuffle>,
    first: String,
    older: String,
}

/// The confirmation before a press.
#[derive(Template)]
#[template(path = "tasks/shuffle_new.html")]
pub(in crate::tasks) struct NewShufflePage {
    pub frame: Frame,
    pub outlook: Outlook,
    pub fee: PriceRange,
}

/// How far a press is.
#[derive(Template)]
#[template(path = "tasks/shuffle.html")]
pub(in crate::tasks) struct ShufflePage {
    pub frame: Frame,
    pub shuffle: Shuffle,
}

impl ShufflesPage {
    pub fn new(frame: Frame, page: PageOf<Shuffle>, is_first: bool) -> Self {
        Self {
            frame,
            shuffles: page.items,
            first: if is_first {
                String::new()
            } else {
                "/shuffles".to_owned()
            },
            older: page
                .next
                .map(|cursor| format!("/shuffles?cursor={cursor}"))
                .unwrap_or_default(),
        }
    }
}

impl Shuffle {
    fn chip(&self) -> &'static str {
        match self.state {
            ShuffleState::Queued => "wait",
            ShuffleState::Running => "info",
            ShuffleState::Done => "ok",
        }
    }

    fn word(&self, frame: &Frame) -> String {
        match self.state {
            ShuffleState::Queued => fl!(frame.l, "shuffle-state-queued"),
            ShuffleState::Running => fl!(frame.l, "shuffle-state-running"),
            ShuffleState::Done => fl!(frame.l, "shuffle-state-done"),
        }
    }

    fn is_done(&self) -> bool {
        self.state == ShuffleState::Done
    }
}
