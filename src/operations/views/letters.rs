//! `/admin/dead-letters`: the list, one item, and the confirmation before anything is done.

use askama::Template;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use crate::bus::{ParkedItem, ParkedState, Selection};
use crate::events::CATALOGUE;
use crate::operations::service::{Choice, Letter, LetterFilter, Letters, Verb};
use crate::platform::csv::{Cell, Csv};
use crate::platform::web::{DEFAULT_LIMIT, FiltersOn, FormErrors, Frame, ListPlace, Pager};

const PATH: &str = "/admin/dead-letters";

/// A tab: the items of one state.
struct Tab {
    href: String,
    label: String,
    count: u64,
    current: bool,
}

/// A choice of a select.
struct Pick {
    value: String,
    label: String,
    chosen: bool,
}

/// The word of a state; none stands for all that wait.
fn state_word(l: &'static FluentLanguageLoader, state: Option<ParkedState>) -> String {
    match state {
        None => fl!(l, "letters-waiting"),
        Some(ParkedState::Retrying) => fl!(l, "stage-retrying"),
        Some(ParkedState::Blocked) => fl!(l, "stage-blocked"),
        Some(ParkedState::Dead) => fl!(l, "stage-dead"),
        Some(ParkedState::Done) => fl!(l, "stage-applied"),
        Some(ParkedState::Skipped) => fl!(l, "stage-skipped"),
    }
}

impl ParkedItem {
    /// Its chip: the kind and the word.
    fn chip(&self, frame: &Frame) -> (&'static str, String) {
        let state: Option<ParkedState> = self.state.parse().ok();
        let kind = match state {
            Some(ParkedState::Dead) => "bad",
            Some(ParkedState::Done) => "ok",
            Some(ParkedState::Skipped) => "neutral",
            _ => "wait",
        };
        (kind, state_word(frame.l, state))
    }

    /// Its own page.
    fn href(&self) -> String {
        format!("{PATH}/{}/{}", self.subscriber, self.item_id)
    }

    /// What it is called in a form.
    fn name(&self) -> String {
        format!("{}/{}", self.subscriber, self.item_id)
    }

    fn waits(&self) -> bool {
        !["done", "skipped"].contains(&self.state.as_str())
    }
}

/// Everything that waits for repair, or was repaired.
#[derive(Template)]
#[template(path = "operations/letters.html")]
pub(in crate::operations) struct LettersPage {
    frame: Frame,
    tabs: Vec<Tab>,
    consumers: Vec<Pick>,
    classes: Vec<Pick>,
    types: Vec<Pick>,
    key: String,
    from: String,
    to: String,
    state: String,
    on: FiltersOn,
    items: Vec<ParkedItem>,
    count: u64,
    actionable: bool,
    pairs: Vec<(&'static str, String)>,
    csv: String,
    pager: Pager,
}

impl LettersPage {
    pub fn new(
        frame: Frame,
        filter: &LetterFilter,
        names: &[&str],
        letters: Letters,
        place: &ListPlace,
    ) -> Self {
        let Letters {
            page,
            facets,
            count,
        } = letters;
        let (here, pairs) = (filter.address(PATH), filter.pairs());
        let pager = Pager::new(&frame, &here, place, DEFAULT_LIMIT, &page);
        let of = |name: &str| {
            let found = pairs.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let state = of("state");
        let tabs = facets.states.iter().map(|(tab, count)| {
            let word = tab.map(ParkedState::as_str);
            Tab {
                href: here.with_some("state", word).first(),
                label: state_word(frame.l, *tab),
                count: *count,
                current: state.as_deref() == word,
            }
        });
        let consumers = names.iter().map(|name| Pick {
            value: (*name).to_owned(),
            label: (*name).to_owned(),
            chosen: of("consumer").as_deref() == Some(name),
        });
        let mut classes: Vec<Pick> = Vec::new();
        for class in &facets.classes {
            let of_all = facets
                .classes
                .iter()
                .filter(|other| other.error_class == class.error_class)
                .map(|other| other.items)
                .sum::<i64>();
            if classes.iter().all(|known| known.value != class.error_class) {
                classes.push(Pick {
                    value: class.error_class.clone(),
                    label: format!("{} ({of_all})", class.error_class),
                    chosen: of("class").as_ref() == Some(&class.error_class),
                });
            }
        }
        if let Some(class) = of("class").filter(|class| classes.iter().all(|c| c.value != *class)) {
            classes.push(Pick {
                label: class.clone(),
                value: class,
                chosen: true,
            });
        }
        let types = CATALOGUE.iter().map(|kind| Pick {
            value: kind.event_type.to_owned(),
            label: kind.event_type.to_owned(),
            chosen: of("type").as_deref() == Some(kind.event_type),
        });
        let read = filter.parse(frame.zone).unwrap_or_default();
        let said = |name: &str| match (name, read.since, read.before) {
            ("from", Some(at), _) => Some(format!("≥ {}", frame.time_text(&at))),
            ("to", _, Some(at)) => Some(format!("< {}", frame.time_text(&at))),
            _ => of(name),
        };
        let narrowing = ["consumer", "class", "key", "type", "from", "to"];
        let on = narrowing.into_iter().fold(
            FiltersOn::new(here.without_all(&narrowing).first()),
            |on, name| on.and(said(name), &here, &[name]),
        );
        Self {
            tabs: tabs.collect(),
            consumers: consumers.collect(),
            types: types.collect(),
            from: of("from").unwrap_or_default(),
            to: of("to").unwrap_or_default(),
            classes,
            key: of("key").unwrap_or_default(),
            on,
            actionable: !matches!(state.as_deref(), Some("done" | "skipped")),
            state: state.unwrap_or_default(),
            items: page.items,
            pager,
            count,
            csv: here.at("/admin/dead-letters.csv"),
            pairs: pairs
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            frame,
        }
    }
}

/// One item.
#[derive(Template)]
#[template(path = "operations/letter.html")]
pub(in crate::operations) struct LetterPage {
    frame: Frame,
    letter: Letter,
    payload: String,
}

impl LetterPage {
    pub fn new(frame: Frame, letter: Letter) -> Self {
        let payload = letter.parked.payload.as_ref();
        Self {
            payload: payload
                .and_then(|payload| serde_json::to_string_pretty(payload).ok())
                .unwrap_or_default(),
            letter,
            frame,
        }
    }
}

/// What was typed into the confirmation.
#[derive(Clone, Debug, Default)]
pub(in crate::operations) struct ChoiceWords {
    pub reason: String,
    pub errors: FormErrors,
}

/// What would be done, with how many items, before it is done.
#[derive(Template)]
#[template(path = "operations/choice.html")]
pub(in crate::operations) struct ChoicePage {
    frame: Frame,
    retries: bool,
    refused: bool,
    choice: Choice,
    names: Vec<String>,
    pairs: Vec<(&'static str, String)>,
    back: String,
    words: ChoiceWords,
}

impl ChoicePage {
    pub fn new(
        frame: Frame,
        verb: Verb,
        choice: Choice,
        filter: &LetterFilter,
        words: ChoiceWords,
    ) -> Self {
        let by_hand = matches!(choice.selection, Selection::Items(_));
        let pairs = filter.pairs();
        Self {
            retries: verb == Verb::Retry,
            refused: verb == Verb::Skip && choice.money,
            names: if by_hand {
                choice.sample.iter().map(ParkedItem::name).collect()
            } else {
                Vec::new()
            },
            back: filter.address(PATH).first(),
            pairs: pairs
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            choice,
            words,
            frame,
        }
    }

    fn more(&self) -> u64 {
        let shown = u64::try_from(self.choice.sample.len()).unwrap_or(0);
        self.choice.count.saturating_sub(shown)
    }
}

/// A line an item.
pub(in crate::operations) fn csv_of_letters(
    l: &'static FluentLanguageLoader,
    items: &[ParkedItem],
) -> Vec<u8> {
    let header = [
        fl!(l, "letters-consumer"),
        fl!(l, "letters-item"),
        fl!(l, "events-seq"),
        fl!(l, "events-type"),
        fl!(l, "letters-key"),
        fl!(l, "modules-state"),
        fl!(l, "letters-attempts"),
        fl!(l, "letters-class"),
        fl!(l, "letters-error"),
        fl!(l, "letters-first-failed"),
        fl!(l, "letters-next"),
    ];
    let text = |text: &Option<String>| Cell::Text(text.clone().unwrap_or_default());
    let mut csv = Csv::new(&header.each_ref().map(String::as_str));
    for item in items {
        csv.row(&[
            Cell::Text(item.subscriber.clone()),
            Cell::Text(item.item_id.to_string()),
            Cell::Int(item.seq),
            text(&item.event_type),
            Cell::Text(item.sequence_key.to_string()),
            Cell::Text(item.state.clone()),
            Cell::Int(item.attempts.into()),
            text(&item.error_class),
            text(&item.error),
            Cell::Instant(item.first_failed_at),
            item.next_attempt_at
                .map_or_else(|| Cell::Text(String::new()), Cell::Instant),
        ]);
    }
    csv.finish()
}
