//! What the pages print: one struct a template, its fields ready to be shown.

use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use i18n_embed_fl::fl;
use url::form_urlencoded::Serializer;
use uuid::Uuid;

use super::period::Period;
use super::queries::{
    AccountHead, CompanyBalance, CompanyTransfer, DayEarnings, DaySummary, EmployeeRef, MailView,
    Movement, MovementKind, OpenRun, PayoutLine, PayoutRun, TaskRef,
};
use super::service::Content;
use crate::events::TransferKind;
use crate::platform::i18n::{self, Lang};
use crate::platform::money::Money;
use crate::platform::web::{FormErrors, Frame};

/// A path with those of the parameters that say something.
pub(super) fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    let given = parameters.iter().filter(|(_, value)| !value.is_empty());
    query.extend_pairs(given);
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// An entry of a select: value, text, whether it is chosen.
pub(super) type Choice = (&'static str, String, bool);

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
        MovementKind::Transfer(TransferKind::AssignmentFee) => "movement-assignment-fee",
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
    i18n::text_of(lang, id, args)
}

/// A row of a log.
pub(super) struct MovementRow {
    pub at: DateTime<Utc>,
    pub kind: String,
    pub chip: &'static str,
    pub description: String,
    pub task_href: Option<String>,
    pub amount: Money,
    pub informational: bool,
    pub balance: Money,
}

impl MovementRow {
    /// A row; its task is a link for those who may see every task.
    pub fn new(frame: &Frame, movement: &Movement, sees_tasks: bool) -> Self {
        let task = movement.task.as_ref().filter(|_| sees_tasks);
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
            task_href: task.map(|task| format!("/tasks/{}", task.uid)),
            amount: movement.amount,
            informational: movement.kind == MovementKind::DebtCarried,
            balance: movement.balance,
        }
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
    pub head: AccountHead,
    pub own: bool,
    pub next_payout: Money,
    pub next_payout_at: DateTime<Utc>,
    pub form: PeriodForm,
    pub errors: FormErrors,
    pub user: String,
    pub period: Period,
    pub kinds: Vec<Choice>,
    pub rows: Vec<MovementRow>,
    pub first: String,
    pub following: String,
    pub neighbours: Neighbours,
    pub csv: String,
}

/// The company's money.
#[derive(Template)]
#[template(path = "accounting/company.html")]
pub(super) struct CompanyPage {
    pub frame: Frame,
    pub today: NaiveDate,
    pub earned_today: Money,
    pub balance: CompanyBalance,
    pub form: PeriodForm,
    pub errors: FormErrors,
    pub period: Period,
    pub days: Vec<DayEarnings>,
    pub total: Money,
    pub neighbours: Neighbours,
    pub csv: String,
    pub sees_days: bool,
    pub sees_payouts: bool,
}

/// A transfer with its person.
pub(super) struct CompanyRow {
    pub employee: EmployeeRef,
    pub href: String,
    pub row: MovementRow,
}

impl CompanyRow {
    /// A row of the company's log.
    pub fn new(frame: &Frame, transfer: &CompanyTransfer, sees_tasks: bool) -> Self {
        let date = transfer.movement.business_date.to_string();
        let user = transfer.employee.uid.to_string();
        Self {
            employee: transfer.employee.clone(),
            href: address(
                "/account",
                &[("user", &user), ("from", &date), ("to", &date)],
            ),
            row: MovementRow::new(frame, &transfer.movement, sees_tasks),
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
    pub employee: Option<EmployeeRef>,
    pub user: String,
    pub kinds: Vec<Choice>,
    pub rows: Vec<CompanyRow>,
    pub first: String,
    pub older: String,
    pub neighbours: Neighbours,
    pub csv: String,
}

/// The payout runs.
#[derive(Template)]
#[template(path = "accounting/payouts.html")]
pub(super) struct PayoutsPage {
    pub frame: Frame,
    pub open: Vec<OpenRun>,
    pub may_run: bool,
    pub runs: Vec<PayoutRun>,
    pub first: String,
    pub older: String,
}

/// One settled date.
#[derive(Template)]
#[template(path = "accounting/payout_run.html")]
pub(super) struct PayoutRunPage {
    pub frame: Frame,
    pub run: PayoutRun,
    pub lines: Vec<PayoutRow>,
    pub first: String,
    pub older: String,
}

/// A line of a settled date.
pub(super) struct PayoutRow {
    pub line: PayoutLine,
    pub mail: String,
    pub chip: &'static str,
}

impl PayoutRow {
    /// A line with the state of its mail in words.
    pub fn new(lang: Lang, line: PayoutLine) -> Self {
        let state = line.mail_state.clone().unwrap_or_default();
        Self {
            mail: mail_state_text(lang, &state),
            chip: mail_chip(&state),
            line,
        }
    }
}

/// The mails.
#[derive(Template)]
#[template(path = "accounting/mails.html")]
pub(super) struct MailsPage {
    pub frame: Frame,
    pub connected: bool,
    pub states: Vec<Choice>,
    pub mails: Vec<MailRow>,
    pub filtered: bool,
    pub first: String,
    pub older: String,
}

/// A mail in the list.
pub(super) struct MailRow {
    pub mail: MailView,
    pub state: String,
    pub chip: &'static str,
}

impl MailRow {
    /// A mail with its state in words.
    pub fn new(lang: Lang, mail: MailView) -> Self {
        Self {
            state: mail_state_text(lang, &mail.state),
            chip: mail_chip(&mail.state),
            mail,
        }
    }
}

/// One mail as it is or will be sent.
#[derive(Template)]
#[template(path = "accounting/mail.html")]
pub(super) struct MailPage {
    pub frame: Frame,
    pub row: MailRow,
    pub content: Content,
    pub may_retry: bool,
}

/// The states to choose from, with «all» as the empty value.
pub(super) fn mail_state_choices(
    lang: Lang,
    states: &[&'static str],
    chosen: Option<&str>,
) -> Vec<Choice> {
    let all = (
        "",
        i18n::text_of(lang, "mail-state-all", []),
        chosen.is_none(),
    );
    let some = states
        .iter()
        .map(|state| (*state, mail_state_text(lang, state), chosen == Some(*state)));
    std::iter::once(all).chain(some).collect()
}

fn mail_state_text(lang: Lang, state: &str) -> String {
    let id = match state {
        "new" => "mail-state-new",
        "waiting" => "mail-state-waiting",
        "sent" => "mail-state-sent",
        "failed" => "mail-state-failed",
        _ => "mail-state-none",
    };
    i18n::text_of(lang, id, [])
}

fn mail_chip(state: &str) -> &'static str {
    match state {
        "sent" => "ok",
        "failed" => "bad",
        "waiting" => "wait",
        _ => "neutral",
    }
}

/// The person's id as an address parameter.
pub(super) fn user_parameter(user: Option<Uuid>) -> String {
    user.map(|user| user.to_string()).unwrap_or_default()
}
