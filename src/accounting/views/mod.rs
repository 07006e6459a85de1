//! What the pages print: one struct a template, its fields ready to be shown.

mod balances;
mod bank;
mod corrections;
mod payouts;
mod statements;

use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use i18n_embed_fl::fl;
use uuid::Uuid;

use super::period::Period;
use super::queries::{
    AccountHead, CompanyBalance, CompanyTransfer, DaySummary, Earnings, EmployeeRef, Movement,
    MovementKind, TaskRef, Undeliverable,
};
use crate::auth::{Actor, Operation};
use crate::events::TransferKind;
use crate::platform::db::Part;
use crate::platform::i18n::{self, Lang};
use crate::platform::money::Money;
pub(super) use crate::platform::web::address;
use crate::platform::web::{Badge, ChartTag, FiltersOn, FormErrors, Frame, Pager};

pub(super) use balances::{BalancesPage, RecountPage};
pub(super) use bank::BankAccountPage;
pub(super) use corrections::{
    AdjustmentPage, AdjustmentWords, CorrectionPage, CorrectionRow, CorrectionsPage, MissingPage,
    MissingWords, correction_state_choices, correction_state_text,
};
pub(super) use payouts::{
    MailPage, MailRow, MailsPage, PayoutRow, PayoutRunPage, PayoutsPage, mail_kind_choices,
    mail_kind_text, mail_state_choices, mail_state_text,
};
pub(super) use statements::{
    CompanyStatementPage, Letterhead, PeriodStatementPage, StatementPage, StatementRow,
    StatementsPage, company_side, people_side, reference_of,
};

/// An entry of a select: value, text, whether it is chosen.
pub(super) type Choice = (&'static str, String, bool);

/// The words of what is chosen, unless it is all of them.
pub(super) fn chosen(choices: &[Choice]) -> Option<String> {
    let some = choices
        .iter()
        .find(|(value, _, chosen)| *chosen && !value.is_empty());
    some.map(|(_, text, _)| text.clone())
}

/// The kinds to choose from, with «all» as the empty value.
pub(super) fn kind_choices(
    lang: Lang,
    kinds: &[MovementKind],
    chosen: Option<MovementKind>,
) -> Vec<Choice> {
    let all = ("", i18n::text_of(lang, "kind-all", []), chosen.is_none());
    let some = kinds
        .iter()
        .map(|kind| (kind.as_str(), kind_text(lang, *kind), chosen == Some(*kind)));
    std::iter::once(all).chain(some).collect()
}

/// The name of a kind.
pub(super) fn kind_text(lang: Lang, kind: MovementKind) -> String {
    let id = match kind {
        MovementKind::Transfer(TransferKind::AssignmentFee) => "kind-assignment-fee",
        MovementKind::Transfer(TransferKind::CompletionReward) => "kind-completion-reward",
        MovementKind::Transfer(TransferKind::Payout) => "kind-payout",
        MovementKind::Transfer(TransferKind::Adjustment) => "kind-adjustment",
        MovementKind::DebtCarried => "kind-debt-carried",
    };
    i18n::text_of(lang, id, [])
}

/// What a row is about, in a sentence: the task by name, the payout by its day (M13).
pub(super) fn description(lang: Lang, movement: &Movement, currency: &str) -> String {
    let task = movement
        .task
        .as_ref()
        .map(TaskRef::to_string)
        .unwrap_or_default();
    let date = i18n::date(lang, movement.business_date);
    let id = match movement.kind {
        MovementKind::Transfer(TransferKind::AssignmentFee) => {
            if movement.assignment_seq.is_some_and(|seq| seq > 1) {
                "movement-reassignment-fee"
            } else {
                "movement-assignment-fee"
            }
        }
        MovementKind::Transfer(TransferKind::CompletionReward) => "movement-completion-reward",
        MovementKind::Transfer(TransferKind::Payout) => "movement-payout",
        MovementKind::Transfer(TransferKind::Adjustment) => "movement-adjustment",
        MovementKind::DebtCarried => "movement-debt-carried",
    };
    let amount = i18n::money(lang, movement.amount, currency);
    let unsigned = i18n::money(lang, -movement.amount, currency);
    let args = [
        ("task", task.as_str()),
        ("date", &date),
        ("amount", &amount),
        ("paid", &unsigned),
    ];
    let text = i18n::text_of(lang, id, args);
    match &movement.correction {
        Some(correction) => i18n::text_of(
            lang,
            "movement-corrected",
            [("text", text.as_str()), ("reason", &correction.reason)],
        ),
        None => text,
    }
}

/// A row of a log.
pub(super) struct MovementRow {
    pub at: DateTime<Utc>,
    pub kind: String,
    pub chip: &'static str,
    pub description: String,
    pub href: Option<String>,
    pub correct_href: Option<String>,
    pub amount: Money,
    pub informational: bool,
    pub balance: Money,
}

impl MovementRow {
    /// A row of the owner's account; it leads to its correction, or to its task, for those who may see that, and to a new correction
    /// for those who may ask for one.
    pub fn new(frame: &Frame, movement: &Movement, actor: &Actor, owner: Uuid) -> Self {
        let corrects = actor.may(Operation::RequestCorrections);
        let sees_tasks = actor.may(Operation::AllTasks);
        let own = owner == actor.id.0;
        let task = movement
            .task
            .as_ref()
            .filter(|task| sees_tasks || (own && has_task(movement, task)));
        let correction = movement.correction.as_ref().filter(|_| corrects);
        let informational = movement.kind == MovementKind::DebtCarried;
        Self {
            at: movement.at,
            kind: kind_text(frame.lang, movement.kind),
            chip: match movement.kind {
                MovementKind::Transfer(TransferKind::CompletionReward) => "ok",
                MovementKind::Transfer(TransferKind::Payout) => "info",
                MovementKind::DebtCarried => "wait",
                MovementKind::Transfer(_) => "neutral",
            },
            description: description(frame.lang, movement, &frame.currency),
            href: correction
                .map(|correction| format!("/accounting/corrections/{}", correction.uid))
                .or_else(|| task.map(|task| format!("/tasks/{}", task.uid))),
            correct_href: (corrects && !informational)
                .then(|| format!("/accounting/corrections/new?transfer={}", movement.uid)),
            amount: movement.amount,
            informational,
            balance: movement.balance,
        }
    }

    /// The same row, a payout and a carried debt leading to the statement of their day.
    pub fn or_statement(mut self, movement: &Movement, user: &str) -> Self {
        let of_day = matches!(
            movement.kind,
            MovementKind::Transfer(TransferKind::Payout) | MovementKind::DebtCarried
        );
        if of_day && self.href.is_none() {
            let path = format!("/account/statements/{}", movement.business_date);
            self.href = Some(address(&path, &[("user", user)]));
        }
        self
    }
}

/// Whether the task of a movement is that of whom it moved: they completed it, or nobody was charged for it since.
fn has_task(movement: &Movement, task: &TaskRef) -> bool {
    match movement.kind {
        MovementKind::Transfer(TransferKind::CompletionReward) => true,
        MovementKind::Transfer(TransferKind::AssignmentFee) => {
            task.newest.is_some() && task.newest == movement.assignment_seq
        }
        _ => false,
    }
}

/// The form of a period: what was typed stays, also when it is wrong.
pub(super) struct PeriodForm {
    pub from: String,
    pub to: String,
}

/// Links to the same page for the time before and after; `later` is empty when that is in the future.
pub(super) struct Neighbours {
    pub earlier: String,
    pub later: String,
}

/// Somebody's account.
#[derive(Template)]
#[template(path = "accounting/account.html")]
pub(super) struct AccountPage {
    pub frame: Frame,
    pub head: Part<AccountHead>,
    /// Whose it is.
    pub name: String,
    /// What the period ended with, if it ended before today.
    pub closing: Option<Part<Money>>,
    pub log_missing: bool,
    /// The rows name their tasks by id alone.
    pub titles_missing: bool,
    pub own: bool,
    pub next_payout: Option<Money>,
    pub next_payout_at: DateTime<Utc>,
    pub form: PeriodForm,
    pub errors: FormErrors,
    pub user: String,
    pub period: Period,
    pub kinds: Vec<Choice>,
    pub on: FiltersOn,
    pub rows: Vec<MovementRow>,
    pub columns: LogColumns,
    pub corrects: bool,
    pub statements: String,
    pub unreachable: Option<Undeliverable>,
    pub pager: Pager,
    pub neighbours: Neighbours,
    pub csv: String,
    pub xlsx: String,
}

/// The columns of the log that a reader may leave out (S-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogColumns {
    pub time: bool,
    pub kind: bool,
    pub balance: bool,
}

impl LogColumns {
    /// What an address says of a column that is left out.
    pub const OFF: &'static str = "off";

    /// What an address says of a column; nothing of one that is shown.
    pub fn word(self, shown: bool) -> Option<&'static str> {
        (!shown).then_some(Self::OFF)
    }

    /// Whether all are shown.
    fn is_all(self) -> bool {
        self.time && self.kind && self.balance
    }
}

impl AccountPage {
    /// What the table shows, in words.
    fn caption(&self) -> String {
        of_period(&self.frame, fl!(self.frame.l, "account-log"), &self.period)
    }
}

/// A table's heading with the dates that it covers.
fn of_period(frame: &Frame, heading: String, period: &Period) -> String {
    let from = frame.date_text(&period.from);
    if period.is_day() {
        return format!("{heading}: {from}");
    }
    format!("{heading}: {from} — {}", frame.date_text(&period.to))
}

/// The company's money.
#[derive(Template)]
#[template(path = "accounting/company.html")]
pub(super) struct CompanyPage {
    pub badge: Part<Badge>,
    pub frame: Frame,
    pub today: NaiveDate,
    pub earned_today: Part<Money>,
    pub balance: Part<CompanyBalance>,
    pub form: PeriodForm,
    pub errors: FormErrors,
    pub period: Period,
    pub earnings: Part<Earnings>,
    pub chart: Option<ChartTag>,
    pub neighbours: Neighbours,
    pub csv: String,
    pub xlsx: String,
    pub journals: [String; 2],
    pub sees_days: bool,
    pub sees_payouts: bool,
    pub corrects: bool,
}

impl CompanyPage {
    /// What the table shows, in words.
    fn caption(&self) -> String {
        of_period(&self.frame, fl!(self.frame.l, "company-days"), &self.period)
    }
}

/// A transfer with its person.
pub(super) struct CompanyRow {
    pub employee: EmployeeRef,
    pub href: String,
    pub row: MovementRow,
}

impl CompanyRow {
    /// A row of the company's log.
    pub fn new(frame: &Frame, transfer: &CompanyTransfer, actor: &Actor) -> Self {
        let date = transfer.movement.business_date.to_string();
        let user = transfer.employee.uid.to_string();
        Self {
            employee: transfer.employee.clone(),
            href: address(&format!("/account/statements/{date}"), &[("user", &user)]),
            row: MovementRow::new(frame, &transfer.movement, actor, transfer.employee.uid),
        }
    }
}

/// A date for accountants.
#[derive(Template)]
#[template(path = "accounting/day.html")]
pub(super) struct DayPage {
    pub frame: Frame,
    pub date: NaiveDate,
    pub summary: DaySummary,
    pub sums: Vec<(String, i64, Money)>,
    pub on: FiltersOn,
    pub user: String,
    pub kinds: Vec<Choice>,
    pub rows: Vec<CompanyRow>,
    pub pager: Pager,
    pub neighbours: Neighbours,
    pub csv: String,
    pub xlsx: String,
}

/// The person's id as an address parameter.
pub(super) fn user_parameter(user: Option<Uuid>) -> String {
    user.map(|user| user.to_string()).unwrap_or_default()
}
