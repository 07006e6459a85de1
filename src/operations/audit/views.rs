//! The page and the lines of the file.

use askama::Template;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use super::store::AuditRow;
use crate::auth::{Actor, Operation};
use crate::platform::csv::Cell;
use crate::platform::period::Period;
use crate::platform::web::{
    ByTime, DEFAULT_LIMIT, FiltersOn, FormErrors, Frame, ListAddress, ListPlace, Order, PageOf,
    Pager, SortHead,
};

/// What was typed into the filter.
pub(super) struct AuditForm {
    /// Only where it was wrong.
    pub from: Option<String>,
    /// Only where it was wrong.
    pub to: Option<String>,
    pub person: String,
    pub action: String,
    pub order: Order<ByTime>,
    pub place: ListPlace,
    pub errors: FormErrors,
}

/// `/admin/audit`.
#[derive(Template)]
#[template(path = "operations/audit.html")]
pub(super) struct AuditPage {
    frame: Frame,
    rows: Vec<Line>,
    from: String,
    to: String,
    person: String,
    action: String,
    errors: FormErrors,
    on: FiltersOn,
    csv: String,
    head: SortHead,
    order: String,
    caption: String,
    pager: Pager,
}

/// A row with its links and its details as text.
struct Line {
    row: AuditRow,
    detail: String,
    subject_href: Option<String>,
    request_href: Option<String>,
}

impl AuditPage {
    pub fn new(
        frame: Frame,
        actor: &Actor,
        period: Period,
        form: AuditForm,
        page: PageOf<AuditRow>,
    ) -> Self {
        let (from, to) = (period.from.to_string(), period.to.to_string());
        let here = ListAddress::new("/admin/audit")
            .with("from", &from)
            .with("to", &to)
            .with("person", &form.person)
            .with("action", &form.action)
            .with("sort", form.order.word(ByTime::NEWEST));
        let on = FiltersOn::new(here.without_all(&["person", "action"]).first())
            .and(Some(form.person.clone()), &here, &["person"])
            .and(Some(form.action.clone()), &here, &["action"]);
        Self {
            on,
            csv: here.at("/admin/audit.csv"),
            head: form.order.head(ByTime, &here, ByTime::NEWEST),
            order: form.order.word(ByTime::NEWEST),
            caption: if form.order.descending {
                fl!(frame.l, "audit-caption")
            } else {
                fl!(frame.l, "audit-caption-oldest")
            },
            pager: Pager::new(&frame, &here, &form.place, DEFAULT_LIMIT, &page),
            rows: page
                .items
                .into_iter()
                .map(|row| Line::new(actor, row))
                .collect(),
            from: form.from.unwrap_or(from),
            to: form.to.unwrap_or(to),
            person: form.person,
            action: form.action,
            errors: form.errors,
            frame,
        }
    }
}

impl Line {
    fn new(actor: &Actor, row: AuditRow) -> Self {
        let folder = match row.action.as_str() {
            _ if row.subject_name.is_some() && actor.may(Operation::ManageUsers) => {
                Some("/admin/users")
            }
            action if action.starts_with("tasks.task_") && actor.may(Operation::AllTasks) => {
                Some("/tasks")
            }
            action if action.starts_with("tasks.shuffle_") && actor.may(Operation::Shuffle) => {
                Some("/shuffles")
            }
            _ => None,
        };
        let subject = row.subject.filter(|_| actor.may(Operation::SecurityAudit));
        let request = row.correlation.filter(|_| actor.may(Operation::Operate));
        Self {
            subject_href: folder
                .zip(subject)
                .map(|(folder, id)| format!("{folder}/{id}")),
            request_href: request.map(|id| format!("/admin/events?correlation={id}")),
            detail: detail_of(&row),
            row,
        }
    }
}

/// The details as one line; nothing where there are none.
fn detail_of(row: &AuditRow) -> String {
    match row.detail.as_object() {
        Some(fields) if fields.is_empty() => String::new(),
        _ => row.detail.to_string(),
    }
}

/// The titles of the file.
pub(super) fn csv_header(l: &'static FluentLanguageLoader) -> [String; 9] {
    [
        fl!(l, "audit-when"),
        fl!(l, "audit-who"),
        fl!(l, "audit-who-uid"),
        fl!(l, "audit-what"),
        fl!(l, "audit-about"),
        fl!(l, "audit-address"),
        fl!(l, "audit-agent"),
        fl!(l, "audit-request"),
        fl!(l, "audit-detail"),
    ]
}

/// A line of the file.
pub(super) fn csv_row(frame: &Frame, row: &AuditRow) -> [Cell; 9] {
    let id = |id: Option<uuid::Uuid>| Cell::Text(id.map(|id| id.to_string()).unwrap_or_default());
    let text = |text: &Option<String>| Cell::Text(text.clone().unwrap_or_default());
    [
        Cell::Instant(row.at),
        Cell::Text(match (&row.actor_name, row.actor) {
            (Some(name), _) => name.clone(),
            (None, Some(id)) => id.to_string(),
            (None, None) => fl!(frame.l, "audit-system"),
        }),
        id(row.actor),
        Cell::Text(row.action.clone()),
        id(row.subject),
        text(&row.address),
        text(&row.agent),
        id(row.correlation),
        Cell::Text(detail_of(row)),
    ]
}
