//! `/tasks/{uid}`.

use askama::Template;
use chrono::{DateTime, Utc};
use i18n_embed_fl::fl;
use uuid::Uuid;

use super::row::TaskLine;
use crate::auth::{Actor, Operation};
use crate::platform::clock::BusinessZone;
use crate::platform::web::Frame;
use crate::tasks::note::{Field, Note};
use crate::tasks::queries::{JournalEntry, Person, TaskView};

/// A line of the journal.
struct JournalLine {
    at: DateTime<Utc>,
    is_done: bool,
    text: String,
    /// The shuffle that did it, for those who may see it.
    run: Option<Uuid>,
    /// The day in the ledger of whom it cost or brought money, for those who may see that.
    ledger: Option<String>,
}

/// One task.
#[derive(Template)]
#[template(path = "tasks/show.html")]
pub(in crate::tasks) struct TaskPage {
    frame: Frame,
    line: TaskLine,
    assignee: Person,
    description: Option<String>,
    author: Person,
    editor: Option<Person>,
    updated_at: DateTime<Utc>,
    may_edit: bool,
    sees_all: bool,
    journal: Vec<JournalLine>,
}

impl TaskPage {
    pub fn new(
        frame: Frame,
        actor: &Actor,
        zone: BusinessZone,
        view: TaskView,
        journal: Vec<JournalEntry>,
    ) -> Self {
        let may_see_runs = actor.may(Operation::Shuffle);
        let is_priced = view.task.fee.is_some();
        let entry = |entry: JournalEntry| {
            let ledger = ledger_of(actor, zone, &entry).filter(|_| is_priced);
            JournalLine::new(&frame, entry, may_see_runs, ledger)
        };
        Self {
            journal: journal.into_iter().map(entry).collect(),
            description: view.task.text.description.clone(),
            author: view.author.clone(),
            editor: view.editor.clone(),
            updated_at: view.task.updated_at,
            sees_all: actor.may(Operation::AllTasks),
            may_edit: view.task.may_be_edited_by(actor),
            line: TaskLine::new(&frame, actor, &view.task),
            assignee: view.assignee,
            frame,
        }
    }
}

impl JournalLine {
    fn new(frame: &Frame, entry: JournalEntry, may_see_runs: bool, ledger: Option<String>) -> Self {
        Self {
            at: entry.at,
            is_done: entry.kind == "complete",
            ledger,
            run: entry.run.map(|(run, _)| run).filter(|_| may_see_runs),
            text: words_of(frame, entry),
        }
    }
}

/// The day in the ledger of whom an assignment cost a fee, or a completion brought the reward.
fn ledger_of(actor: &Actor, zone: BusinessZone, entry: &JournalEntry) -> Option<String> {
    let whose = match entry.kind.as_str() {
        "assign" => entry.to.as_ref()?.id,
        "complete" => entry.actor.as_ref()?.id,
        _ => return None,
    };
    let day = zone.date_of(entry.at);
    if whose == actor.id.0 {
        return actor
            .may(Operation::OwnMoney)
            .then(|| format!("/account?from={day}&to={day}"));
    }
    actor
        .may(Operation::CompanyTransfers)
        .then(|| format!("/account?user={whose}&from={day}&to={day}"))
}

fn words_of(frame: &Frame, entry: JournalEntry) -> String {
    let l = frame.l;
    let name = |person: Option<Person>| person.map(|person| person.name).unwrap_or_default();
    let (from, to, actor) = (name(entry.from), name(entry.to), name(entry.actor));
    match (entry.kind.as_str(), entry.run, entry.note) {
        ("create", ..) => fl!(l, "journal-created", actor = actor),
        ("assign", Some((_, run)), _) => {
            fl!(
                l,
                "journal-shuffled",
                run = run,
                from = from,
                to = to,
                actor = actor
            )
        }
        ("assign", None, _) if from.is_empty() => fl!(l, "journal-assigned", to = to),
        ("assign", None, _) => fl!(l, "journal-reassigned", from = from, to = to),
        ("complete", ..) => fl!(l, "journal-completed", actor = actor),
        (_, _, Some(Note::Opened)) => fl!(l, "journal-opened"),
        (_, _, Some(Note::Edited(fields))) => {
            let fields: Vec<String> = fields
                .into_iter()
                .map(|field| field_word(frame, field))
                .collect();
            fl!(
                l,
                "journal-edited",
                actor = actor,
                fields = fields.join(", ")
            )
        }
        (_, _, Some(Note::Words(words))) => words,
        (kind, _, None) => kind.to_owned(),
    }
}

fn field_word(frame: &Frame, field: Field) -> String {
    match field {
        Field::Title => fl!(frame.l, "journal-field-title"),
        Field::JiraId => fl!(frame.l, "journal-field-jira-id"),
        Field::Description => fl!(frame.l, "journal-field-description"),
    }
}
