//! `/tasks/all`.

use askama::Template;
use i18n_embed_fl::fl;

use super::row::{TaskLine, status_word};
use crate::auth::Actor;
use crate::events::TaskStatus;
use crate::platform::i18n::text_of;
use crate::platform::money::Money;
use crate::platform::web::{
    DEFAULT_LIMIT, FiltersOn, FormErrors, Frame, ListAddress, ListPlace, Order, PageOf, Pager,
    SizeChoice, SortHead,
};
use crate::tasks::queries::{
    Dates, FilterWords, Load, Person, TaskColumn, TaskFilter, TaskView, USUAL_ORDER,
};

/// What the page is made of.
pub(in crate::tasks) struct AllTasks {
    pub tasks: PageOf<TaskView>,
    pub loads: Vec<Load>,
    pub open: i64,
    pub may_shuffle: bool,
    pub place: ListPlace,
    pub filter: TaskFilter,
    pub order: Order<TaskColumn>,
    pub per: i64,
    /// What was typed.
    pub words: FilterWords,
    pub errors: FormErrors,
}

/// A choice of a select.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// The heads of the columns that sort.
struct Heads {
    fee: SortHead,
    reward: SortHead,
    created: SortHead,
}

/// Every task and who has it.
#[derive(Template)]
#[template(path = "tasks/all.html")]
pub(in crate::tasks) struct AllTasksPage {
    frame: Frame,
    lines: Vec<(TaskLine, Person)>,
    loads: Vec<Load>,
    open: i64,
    may_shuffle: bool,
    statuses: Vec<Choice>,
    people: Vec<Choice>,
    words: FilterWords,
    errors: FormErrors,
    on: FiltersOn,
    heads: Heads,
    order: String,
    sizes: Vec<SizeChoice>,
    csv: String,
    pager: Pager,
}

impl AllTasksPage {
    pub fn new(frame: Frame, actor: &Actor, all: AllTasks) -> Self {
        let AllTasks { filter, order, .. } = all;
        let statuses = TaskStatus::ALL.map(|status| Choice {
            value: status.as_str().to_owned(),
            label: status_word(frame.l, status),
            chosen: filter.status == Some(status),
        });
        let people = people_of(&all.loads, &filter);
        let here = address_of(&filter, order, all.per);
        let on = filters_on(&frame, &filter, &here, &statuses, &people);
        let head = |column| match column {
            TaskColumn::Created => order.head(column, &here, USUAL_ORDER),
            _ if filter.can_be_priced() => order.head(column, &here, USUAL_ORDER),
            _ => SortHead::plain(),
        };
        Self {
            pager: Pager::new(&frame, &here, &all.place, all.per, &all.tasks),
            lines: all
                .tasks
                .items
                .into_iter()
                .map(|view| (TaskLine::new(&frame, actor, &view.task), view.assignee))
                .collect(),
            heads: Heads {
                fee: head(TaskColumn::Fee),
                reward: head(TaskColumn::Reward),
                created: head(TaskColumn::Created),
            },
            order: caption(&frame, order),
            sizes: SizeChoice::all(&here, all.per),
            csv: here.without("per").at("/tasks/all.csv"),
            words: all.words,
            errors: all.errors,
            statuses: statuses.into(),
            people,
            on,
            loads: all.loads,
            open: all.open,
            may_shuffle: all.may_shuffle,
            frame,
        }
    }
}

/// Everybody who may have tasks, and who was asked for even without.
fn people_of(loads: &[Load], filter: &TaskFilter) -> Vec<Choice> {
    let chosen = filter.assignee.map(|id| id.0);
    let mut people: Vec<Choice> = loads
        .iter()
        .map(|load| Choice {
            value: load.id.to_string(),
            label: format!("{} ({})", load.name, load.open),
            chosen: chosen == Some(load.id),
        })
        .collect();
    people.sort_by(|one, other| one.label.cmp(&other.label));
    if let Some(id) = chosen.filter(|_| people.iter().all(|person| !person.chosen)) {
        people.push(Choice {
            value: id.to_string(),
            label: id.to_string(),
            chosen: true,
        });
    }
    people
}

/// The list with its filter, its order and its size.
fn address_of(filter: &TaskFilter, order: Order<TaskColumn>, per: i64) -> ListAddress {
    let units = |money: Money| money.minor() / 100;
    ListAddress::new("/tasks/all")
        .with_some("status", filter.status.map(TaskStatus::as_str))
        .with_some("assignee", filter.assignee)
        .with_some("q", filter.text.as_ref())
        .with_some("from", filter.created.map(|created| created.period.from))
        .with_some("to", filter.created.map(|created| created.period.to))
        .with_some(
            "assigned_from",
            filter.assigned.map(|assigned| assigned.period.from),
        )
        .with_some(
            "assigned_to",
            filter.assigned.map(|assigned| assigned.period.to),
        )
        .with_some("fee_from", filter.fee_from.map(units))
        .with_some("fee_to", filter.fee_to.map(units))
        .with_some("reward_from", filter.reward_from.map(units))
        .with_some("reward_to", filter.reward_to.map(units))
        .with("sort", order.word(USUAL_ORDER))
        .with_some("per", Some(per).filter(|per| *per != DEFAULT_LIMIT))
}

fn filters_on(
    frame: &Frame,
    filter: &TaskFilter,
    here: &ListAddress,
    statuses: &[Choice],
    people: &[Choice],
) -> FiltersOn {
    let chosen = |choices: &[Choice]| {
        let choice = choices.iter().find(|choice| choice.chosen);
        choice.map(|choice| choice.label.clone())
    };
    let of_dates = |id: &str, dates: Option<Dates>| {
        dates.map(|dates| {
            let (from, to) = (dates.period.from, dates.period.to);
            let (from, to) = (frame.date_text(&from), frame.date_text(&to));
            text_of(
                frame.lang,
                id,
                [("from", from.as_str()), ("to", to.as_str())],
            )
        })
    };
    let of_amount = |id: &str, money: Option<Money>| {
        let text = |money: Money| {
            let amount = frame.money_text(&money);
            text_of(frame.lang, id, [("amount", amount.as_str())])
        };
        money.map(text)
    };
    // An order by price needs a filter, so it goes with any of them.
    FiltersOn::new("/tasks/all")
        .and(chosen(statuses), here, &["status", "sort"])
        .and(chosen(people), here, &["assignee", "sort"])
        .and(
            filter.text.as_ref().map(|text| format!("«{text}»")),
            here,
            &["q"],
        )
        .and(
            of_dates("tasks-chip-created", filter.created),
            here,
            &["from", "to", "sort"],
        )
        .and(
            of_dates("tasks-chip-assigned", filter.assigned),
            here,
            &["assigned_from", "assigned_to"],
        )
        .and(
            of_amount("tasks-chip-fee-from", filter.fee_from),
            here,
            &["fee_from"],
        )
        .and(
            of_amount("tasks-chip-fee-to", filter.fee_to),
            here,
            &["fee_to"],
        )
        .and(
            of_amount("tasks-chip-reward-from", filter.reward_from),
            here,
            &["reward_from"],
        )
        .and(
            of_amount("tasks-chip-reward-to", filter.reward_to),
            here,
            &["reward_to"],
        )
}

/// What the table shows, and in which order.
fn caption(frame: &Frame, order: Order<TaskColumn>) -> String {
    match (order.column, order.descending) {
        (TaskColumn::Created, true) => fl!(frame.l, "tasks-caption-all"),
        (TaskColumn::Created, false) => fl!(frame.l, "tasks-caption-all-oldest"),
        (TaskColumn::Fee, true) => fl!(frame.l, "tasks-caption-all-fee-down"),
        (TaskColumn::Fee, false) => fl!(frame.l, "tasks-caption-all-fee-up"),
        (TaskColumn::Reward, true) => fl!(frame.l, "tasks-caption-all-reward-down"),
        (TaskColumn::Reward, false) => fl!(frame.l, "tasks-caption-all-reward-up"),
    }
}
