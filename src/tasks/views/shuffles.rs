//! `/shuffles`, `/shuffles/new` and `/shuffles/{uid}`.

use askama::Template;
use chrono::{DateTime, Utc};
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;
use serde_json::{Value, json};

use crate::platform::config::PriceRange;
use crate::platform::csv::Cell;
use crate::platform::money::Money;
use crate::platform::web::{DEFAULT_LIMIT, Frame, ListAddress, ListPlace, PageOf, Pager};
use crate::tasks::queries::{Outlook, Share, Shuffle, ShuffleState};

/// Every press.
#[derive(Template)]
#[template(path = "tasks/shuffles.html")]
pub(in crate::tasks) struct ShufflesPage {
    frame: Frame,
    shuffles: Vec<Shuffle>,
    pager: Pager,
}

/// The confirmation before a press.
#[derive(Template)]
#[template(path = "tasks/shuffle_new.html")]
pub(in crate::tasks) struct NewShufflePage {
    pub frame: Frame,
    pub outlook: Outlook,
    pub fee: PriceRange,
}

impl NewShufflePage {
    /// The least and the most that all of it can cost.
    fn charges(&self) -> (String, String) {
        let of_all = |fee: Money| Money::from_minor(fee.minor() * self.outlook.open_tasks);
        let text = |fee: Money| self.frame.money_text(&of_all(fee));
        (text(self.fee.min), text(self.fee.max))
    }
}

/// People that the page of a press lists at most; the file has all.
pub(in crate::tasks) const SHARES_SHOWN: i64 = 100;

/// How far a press is, and what came of it.
#[derive(Template)]
#[template(path = "tasks/shuffle.html")]
pub(in crate::tasks) struct ShufflePage {
    frame: Frame,
    shuffle: Shuffle,
    words: ProgressWords,
    commitment: String,
    seed: String,
    shares: Vec<Share>,
    more_shares: bool,
}

impl ShufflePage {
    pub fn new(frame: Frame, shuffle: Shuffle, mut shares: Vec<Share>, now: DateTime<Utc>) -> Self {
        let shown = usize::try_from(SHARES_SHOWN).unwrap_or(usize::MAX);
        let more_shares = shares.len() > shown;
        shares.truncate(shown);
        Self {
            words: ProgressWords::new(&frame, &shuffle, now),
            commitment: hex::encode(&shuffle.commitment),
            seed: shuffle.seed.as_ref().map(hex::encode).unwrap_or_default(),
            frame,
            shuffle,
            shares,
            more_shares,
        }
    }
}

/// How far a press is, in the words of its page: the page and its live part say the same.
pub(in crate::tasks) struct ProgressWords {
    chip: &'static str,
    state: String,
    count: String,
    pace: String,
    done: i32,
    total: i32,
}

impl ProgressWords {
    pub fn new(frame: &Frame, shuffle: &Shuffle, now: DateTime<Utc>) -> Self {
        let stalled = shuffle.stalled_since(now);
        let pace = match (stalled, shuffle.pace(now)) {
            (Some(since), _) => {
                let at = frame.time_text(&since);
                fl!(frame.l, "shuffle-stalled", at = at)
            }
            (None, Some(pace)) => fl!(
                frame.l,
                "shuffle-pace",
                rate = pace.per_second,
                seconds = pace.seconds_left
            ),
            (None, None) if shuffle.state == ShuffleState::Queued && shuffle.ahead > 0 => {
                fl!(frame.l, "shuffle-waiting", count = shuffle.ahead)
            }
            (None, None) => String::new(),
        };
        Self {
            chip: if stalled.is_some() {
                "bad"
            } else {
                shuffle.chip()
            },
            state: if stalled.is_some() {
                fl!(frame.l, "shuffle-state-stalled")
            } else {
                shuffle.word(frame)
            },
            count: fl!(
                frame.l,
                "shuffle-done-of",
                done = shuffle.done,
                total = shuffle.total
            ),
            pace,
            done: shuffle.done,
            total: shuffle.total,
        }
    }

    /// The same for the script of the page.
    pub fn to_json(&self) -> Value {
        json!({
            "chip": self.chip, "state": self.state, "count": self.count, "pace": self.pace, "done": self.done,
            "total": self.total,
        })
    }
}

impl ShufflesPage {
    pub fn new(frame: Frame, page: PageOf<Shuffle>, place: &ListPlace) -> Self {
        let here = ListAddress::new("/shuffles");
        Self {
            pager: Pager::new(&frame, &here, place, DEFAULT_LIMIT, &page),
            frame,
            shuffles: page.items,
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

/// The titles of the file of presses.
pub(in crate::tasks) fn shuffles_header(l: &FluentLanguageLoader) -> Vec<String> {
    vec![
        fl!(l, "shuffle-number"),
        fl!(l, "tasks-status"),
        fl!(l, "shuffle-pressed-by"),
        fl!(l, "shuffle-pressed-at"),
        fl!(l, "shuffle-finished-at"),
        fl!(l, "shuffle-moved"),
        fl!(l, "tasks-uid"),
    ]
}

/// A line of it.
pub(in crate::tasks) fn shuffle_row(frame: &Frame, shuffle: &Shuffle) -> Vec<Cell> {
    vec![
        Cell::Int(shuffle.number),
        Cell::Text(shuffle.word(frame)),
        Cell::Text(shuffle.requested_by.name.clone()),
        Cell::Instant(shuffle.requested_at),
        match shuffle.finished_at {
            Some(at) => Cell::Instant(at),
            None => Cell::Text(String::new()),
        },
        Cell::Int(shuffle.done.into()),
        Cell::Text(shuffle.id.to_string()),
    ]
}
