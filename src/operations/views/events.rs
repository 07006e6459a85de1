//! `/admin/events` and `/admin/events/{uid}`.

use askama::Template;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;
use uuid::Uuid;

use crate::bus::Envelope;
use crate::events::CATALOGUE;
use crate::operations::service::{
    EXPORTED, EventFilter, EventWords, Node, Stage, Story, Told, Tree, Visit,
};
use crate::platform::csv::{Cell, Csv};
use crate::platform::web::{
    ByTime, DEFAULT_LIMIT, FiltersOn, FormErrors, Frame, ListAddress, ListPlace, Order, PageOf,
    Pager, SortHead,
};

/// A choice of a select.
struct Choice {
    value: &'static str,
    chosen: bool,
}

/// The log.
#[derive(Template)]
#[template(path = "operations/events.html")]
pub(in crate::operations) struct EventsPage {
    frame: Frame,
    events: Vec<Envelope>,
    topics: Vec<Choice>,
    types: Vec<Choice>,
    words: EventWords,
    errors: FormErrors,
    on: FiltersOn,
    head: SortHead,
    oldest_first: bool,
    csv: String,
    exported: i64,
    pager: Pager,
}

/// What was asked of the log: as it was typed, as it was understood, and where in the list.
pub(in crate::operations) struct Asked {
    pub filter: EventFilter,
    pub words: EventWords,
    pub errors: FormErrors,
    pub place: ListPlace,
}

impl EventsPage {
    pub fn new(frame: Frame, page: PageOf<Envelope>, asked: Asked) -> Self {
        let filter = &asked.filter;
        let mut topics: Vec<Choice> = Vec::new();
        for kind in CATALOGUE {
            if topics.iter().all(|known| known.value != kind.topic) {
                topics.push(Choice {
                    value: kind.topic,
                    chosen: filter.topic == Some(kind.topic),
                });
            }
        }
        let types = CATALOGUE.iter().map(|kind| Choice {
            value: kind.event_type,
            chosen: filter.event_type == Some(kind.event_type),
        });
        let types: Vec<Choice> = types.collect();
        let here = address_of(&asked);
        let order = Order {
            column: ByTime,
            descending: !filter.oldest_first,
        };
        let on = FiltersOn::new("/admin/events")
            .and(filter.topic.map(ToOwned::to_owned), &here, &["topic"])
            .and(filter.event_type.map(ToOwned::to_owned), &here, &["type"])
            .and(filter.subject.map(|id| id.to_string()), &here, &["subject"])
            .and(
                filter.correlation.map(|id| id.to_string()),
                &here,
                &["correlation"],
            )
            .and(
                filter.since.map(|at| format!("≥ {}", frame.time_text(&at))),
                &here,
                &["from"],
            )
            .and(
                filter
                    .before
                    .map(|at| format!("< {}", frame.time_text(&at))),
                &here,
                &["to"],
            );
        Self {
            pager: Pager::new(&frame, &here, &asked.place, DEFAULT_LIMIT, &page),
            head: order.head(ByTime, &here, ByTime::NEWEST),
            oldest_first: filter.oldest_first,
            events: page.items,
            types,
            topics,
            words: asked.words,
            errors: asked.errors,
            on,
            csv: here.at("/admin/events.csv"),
            exported: EXPORTED,
            frame,
        }
    }
}

impl EventsPage {
    /// What the table shows, and in which order.
    fn caption(&self) -> String {
        if self.oldest_first {
            fl!(self.frame.l, "events-caption-oldest")
        } else {
            fl!(self.frame.l, "events-caption")
        }
    }
}

/// The log with its filter.
fn address_of(asked: &Asked) -> ListAddress {
    let (filter, words) = (&asked.filter, &asked.words);
    let order = Order {
        column: ByTime,
        descending: !filter.oldest_first,
    };
    ListAddress::new("/admin/events")
        .with_some("topic", filter.topic)
        .with_some("type", filter.event_type)
        .with_some("subject", filter.subject)
        .with_some("correlation", filter.correlation)
        .with_some(
            "from",
            words.from.as_ref().filter(|_| filter.since.is_some()),
        )
        .with_some("to", words.to.as_ref().filter(|_| filter.before.is_some()))
        .with("sort", order.word(ByTime::NEWEST))
}

/// Where an event's subject has a page of its own.
fn page_of(event: &Envelope) -> Option<String> {
    let folder = match event.topic.as_str() {
        "task" => "/tasks",
        "account" => "/admin/users",
        "reassign" => "/shuffles",
        _ => return None,
    };
    Some(format!("{folder}/{}", event.subject_id))
}

/// A stage as a chip: its kind and its word.
pub(super) fn chip_of(l: &'static FluentLanguageLoader, stage: Stage) -> (&'static str, String) {
    match stage {
        Stage::Applied => ("ok", fl!(l, "stage-applied")),
        Stage::Skipped => ("neutral", fl!(l, "stage-skipped")),
        Stage::Waiting => ("info", fl!(l, "stage-waiting")),
        Stage::Paused => ("wait", fl!(l, "stage-paused")),
        Stage::Blocked => ("wait", fl!(l, "stage-blocked")),
        Stage::Retrying => ("wait", fl!(l, "stage-retrying")),
        Stage::Dead => ("bad", fl!(l, "stage-dead")),
    }
}

/// A line of a tree, with what opens and closes the lists around it.
struct TreeLine {
    event: Envelope,
    asked: bool,
    applied: String,
    others: Vec<(&'static str, String)>,
    more: i64,
    opens: bool,
    closes: usize,
}

/// What one click has started.
struct TreeView {
    correlation: Uuid,
    lines: Vec<TreeLine>,
}

impl TreeView {
    fn new(frame: &Frame, tree: Tree) -> Self {
        let depths: Vec<usize> = tree.nodes.iter().map(|node| node.depth).collect();
        let lines = tree.nodes.into_iter().zip(1..).map(|(node, next)| {
            let depth = node.depth;
            let after = depths.get(next).copied().unwrap_or(0);
            line_of(frame, node, after > depth, depth.saturating_sub(after))
        });
        Self {
            correlation: tree.correlation,
            lines: lines.collect(),
        }
    }
}

fn line_of(frame: &Frame, node: Node, opens: bool, closes: usize) -> TreeLine {
    let (applied, others): (Vec<&Visit>, Vec<&Visit>) = node
        .visits
        .iter()
        .partition(|visit| visit.stage == Stage::Applied);
    let names: Vec<&str> = applied.iter().map(|visit| visit.subscriber).collect();
    let others = others.into_iter().map(|visit| {
        let (kind, word) = chip_of(frame.l, visit.stage);
        (kind, format!("{}: {word}", visit.subscriber))
    });
    TreeLine {
        applied: names.join(", "),
        others: others.collect(),
        asked: node.asked,
        more: node.more,
        event: node.event,
        opens,
        closes,
    }
}

/// An event with its content, its way through the subscribers and its tree; or only trees, for another id.
#[derive(Template)]
#[template(path = "operations/story.html")]
pub(in crate::operations) struct StoryPage {
    frame: Frame,
    id: Uuid,
    told: Option<Told>,
    payload: String,
    subject_page: Option<String>,
    trees: Vec<TreeView>,
}

impl StoryPage {
    pub fn new(frame: Frame, id: Uuid, story: Story) -> Self {
        let Story { told, trees } = story;
        let payload = told
            .as_ref()
            .and_then(|told| serde_json::to_string_pretty(&told.payload).ok());
        Self {
            id,
            payload: payload.unwrap_or_default(),
            subject_page: told.as_ref().and_then(|told| page_of(&told.event)),
            trees: trees
                .into_iter()
                .map(|tree| TreeView::new(&frame, tree))
                .collect(),
            told,
            frame,
        }
    }

    fn chip(&self, visit: &Visit) -> (&'static str, String) {
        chip_of(self.frame.l, visit.stage)
    }
}

/// A line an event.
pub(in crate::operations) fn csv_of_events(
    l: &'static FluentLanguageLoader,
    events: &[Envelope],
) -> Vec<u8> {
    let header = [
        fl!(l, "events-seq"),
        fl!(l, "events-id"),
        fl!(l, "events-type"),
        fl!(l, "events-version"),
        fl!(l, "events-topic"),
        fl!(l, "events-producer"),
        fl!(l, "events-subject"),
        fl!(l, "events-correlation"),
        fl!(l, "events-causation"),
        fl!(l, "events-actor"),
        fl!(l, "events-recorded"),
    ];
    let id = |id: Option<Uuid>| Cell::Text(id.map(|id| id.to_string()).unwrap_or_default());
    let mut csv = Csv::new(&header.each_ref().map(String::as_str));
    for event in events {
        csv.row(&[
            Cell::Int(event.seq),
            id(Some(event.event_id)),
            Cell::Text(event.event_type.clone()),
            Cell::Int(event.type_version.into()),
            Cell::Text(event.topic.clone()),
            Cell::Text(event.producer.clone()),
            id(Some(event.subject_id)),
            id(Some(event.correlation_id)),
            id(event.causation_id),
            id(event.actor_id),
            Cell::Instant(event.recorded_at),
        ]);
    }
    csv.finish()
}
