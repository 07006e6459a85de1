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
use crate::tasks::queries::{Outlook, Pace, Share, Shuffle, ShuffleState};

/// Every press.
#[derive(Template)]
#[template(path = "tasks/shuffles.html")]
pub(in crate::tasks) struct ShufflesPage {
    frame: Frame,
    now: DateTime<Utc>,
    shuffles: Vec<Shuffle>,
    pager: Pager,
}

/// The confirmation before a press.
#[derive(Template)]
#[template(path = "tasks/shuffle_new.html")]
pub(in crate::tasks) struct NewShufflePage {
    pub frame: Frame,
    pub outlook: Outlook,
    /// The press before.
    pub last: Option<Shuffle>,
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
        let l = frame.l;
        let pace = match (shuffle.stalled_since(now), shuffle.pace(now)) {
            _ if shuffle.is_stopped => fl!(l, "shuffle-stopped"),
            (Some(since), _) => {
                let at = frame.time_text(&since);
                fl!(l, "shuffle-stalled", at = at)
            }
            (None, Some(Pace::Seconds { rate, left })) => {
                fl!(l, "shuffle-pace", rate = rate, seconds = left)
            }
            (None, Some(Pace::Minutes { rate, left })) => {
                fl!(l, "shuffle-pace-slow", rate = rate, minutes = left)
            }
            (None, None) if shuffle.state == ShuffleState::Queued && shuffle.ahead > 0 => {
                fl!(l, "shuffle-waiting", count = shuffle.ahead)
            }
            (None, None) => String::new(),
        };
        let (chip, state) = shuffle.standing(frame, &now);
        Self {
            chip,
            state,
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
    pub fn new(frame: Frame, page: PageOf<Shuffle>, place: &ListPlace, now: DateTime<Utc>) -> Self {
        let here = ListAddress::new("/shuffles");
        Self {
            pager: Pager::new(&frame, &here, place, DEFAULT_LIMIT, &page),
            frame,
            now,
            shuffles: page.items,
        }
    }
}

impl Shuffle {
    /// How it stands: the colour of its chip, and the word.
    fn standing(&self, frame: &Frame, now: &DateTime<Utc>) -> (&'static str, String) {
        let l = frame.l;
        match self.state {
            _ if self.is_stopped => ("wait", fl!(l, "shuffle-state-stopped")),
            _ if self.stalled_since(*now).is_some() => ("bad", fl!(l, "shuffle-state-stalled")),
            ShuffleState::Queued => ("wait", fl!(l, "shuffle-state-queued")),
            ShuffleState::Running => ("info", fl!(l, "shuffle-state-running")),
            ShuffleState::Done => ("ok", fl!(l, "shuffle-state-done")),
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
pub(in crate::tasks) fn shuffle_row(
    frame: &Frame,
    shuffle: &Shuffle,
    now: &DateTime<Utc>,
) -> Vec<Cell> {
    vec![
        Cell::Int(shuffle.number),
        Cell::Text(shuffle.standing(frame, now).1),
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
