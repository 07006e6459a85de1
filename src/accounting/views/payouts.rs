//! The pages of payouts and mails.

use askama::Template;
use i18n_embed_fl::fl;

use super::{Choice, PeriodForm};
use crate::accounting::queries::{
    BankFileView, HeldAccount, MAIL_KINDS, MailView, OpenRun, PayoutLine, PayoutRun, Trouble,
    Undeliverable,
};
use crate::accounting::service::{Content, Wait};
use crate::platform::i18n::{self, Lang};
use crate::platform::web::{FiltersOn, FormErrors, Frame, Pager};

/// The payout runs.
#[derive(Template)]
#[template(path = "accounting/payouts.html")]
pub(in crate::accounting) struct PayoutsPage {
    pub frame: Frame,
    pub open: Vec<(OpenRun, Vec<HeldAccount>)>,
    pub may_run: bool,
    pub may_operate: bool,
    pub runs: Vec<PayoutRun>,
    pub csv: String,
    pub xlsx: String,
    pub form: PeriodForm,
    pub on: FiltersOn,
    pub errors: FormErrors,
    pub pager: Pager,
}

impl PayoutsPage {
    /// What a date waits for, in the page's language; none for words of the database.
    fn reason(&self, detail: &str) -> Option<String> {
        Wait::of_words(detail).map(|wait| match wait {
            Wait::Ledger => fl!(self.frame.l, "payouts-waits-for-ledger"),
            Wait::Repair => fl!(self.frame.l, "payouts-waits-for-repair"),
        })
    }
}

/// One date whose close has begun.
#[derive(Template)]
#[template(path = "accounting/payout_run.html")]
pub(in crate::accounting) struct PayoutRunPage {
    pub frame: Frame,
    pub run: PayoutRun,
    pub held: Vec<HeldAccount>,
    pub may_operate: bool,
    pub bank: BankFileView,
    pub bank_set: bool,
    pub lines: Vec<PayoutRow>,
    pub pager: Pager,
}

impl PayoutRunPage {
    /// Whether everybody who is not held is settled, so that a payment file can be made.
    fn is_bank_file_allowed(&self) -> bool {
        self.run.finished_at.is_some() || self.run.all_looked_at
    }
}

/// A line of a settled date.
pub(in crate::accounting) struct PayoutRow {
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
pub(in crate::accounting) struct MailsPage {
    pub frame: Frame,
    pub connected: bool,
    pub trouble: Option<Trouble>,
    pub undeliverable: Vec<Undeliverable>,
    /// How many mails of the list may be sent again at once.
    pub given_up: i64,
    /// The kind that the list is narrowed to.
    pub kind: &'static str,
    pub states: Vec<Choice>,
    pub kinds: Vec<Choice>,
    pub csv: String,
    pub xlsx: String,
    pub form: PeriodForm,
    pub errors: FormErrors,
    pub mails: Vec<MailRow>,
    pub on: FiltersOn,
    pub pager: Pager,
}

/// A mail in the list.
pub(in crate::accounting) struct MailRow {
    pub mail: MailView,
    pub state: String,
    pub kind: String,
    pub chip: &'static str,
}

impl MailRow {
    /// A mail with its state in words.
    pub fn new(lang: Lang, mail: MailView) -> Self {
        Self {
            state: mail_state_text(lang, &mail.state),
            kind: mail_kind_text(lang, &mail.kind),
            chip: mail_chip(&mail.state),
            mail,
        }
    }
}

/// One mail as it is or will be sent.
#[derive(Template)]
#[template(path = "accounting/mail.html")]
pub(in crate::accounting) struct MailPage {
    pub frame: Frame,
    pub row: MailRow,
    pub content: Content,
    pub may_retry: bool,
    pub may_repeat: bool,
}

/// The states to choose from, with «all» as the empty value.
pub(in crate::accounting) fn mail_state_choices(
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

/// What mails are about, to choose from, with «all» as the empty value.
pub(in crate::accounting) fn mail_kind_choices(lang: Lang, chosen: Option<&str>) -> Vec<Choice> {
    let all = ("", i18n::text_of(lang, "kind-all", []), chosen.is_none());
    let some = MAIL_KINDS
        .iter()
        .map(|kind| (*kind, mail_kind_text(lang, kind), chosen == Some(*kind)));
    std::iter::once(all).chain(some).collect()
}

/// What a mail is about, in words.
pub(in crate::accounting) fn mail_kind_text(lang: Lang, kind: &str) -> String {
    let id = match kind {
        "statement" => "mail-kind-statement",
        "day_digest" => "mail-kind-digest",
        _ => "mail-kind-payout",
    };
    i18n::text_of(lang, id, [])
}

/// The name of a mail's state.
pub(in crate::accounting) fn mail_state_text(lang: Lang, state: &str) -> String {
    let id = match state {
        "new" => "mail-state-new",
        "waiting" => "mail-state-waiting",
        "sent" => "mail-state-sent",
        "failed" => "mail-state-failed",
        _ => "mail-state-none",
    };
    i18n::text_of(lang, id, [])
}

/// The colour of a mail's state.
pub(super) fn mail_chip(state: &str) -> &'static str {
    match state {
        "sent" => "ok",
        "failed" => "bad",
        "waiting" => "wait",
        _ => "neutral",
    }
}
