//! The pages of statements.

use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use i18n_embed_fl::fl;
use uuid::Uuid;

use super::payouts::{mail_chip, mail_state_text};
use super::{MovementRow, Neighbours, PeriodForm, address, of_period};
use crate::accounting::period::Period;
use crate::accounting::queries::{
    CompanyStatement, EmployeeRef, PeriodStatement, Statement, StatementLine,
};
use crate::platform::i18n::Lang;
use crate::platform::money::Money;
use crate::platform::web::{FiltersOn, FormErrors, Frame, Pager};

/// What a statement is called by: the date and the end of the person's id.
pub(in crate::accounting) fn reference_of(date: NaiveDate, employee: Uuid) -> String {
    let id = employee.simple().to_string();
    format!("S-{}-{}", date.format("%Y%m%d"), &id[id.len() - 12..])
}

/// What only the printed sheet shows: where it came from and when.
pub(in crate::accounting) struct Letterhead {
    pub reference: String,
    pub address: String,
    pub printed: String,
}

/// The statement of a day.
#[derive(Template)]
#[template(path = "accounting/statement.html")]
pub(in crate::accounting) struct StatementPage {
    pub frame: Frame,
    pub statement: Statement,
    pub own: bool,
    pub rows: Vec<MovementRow>,
    pub neighbours: Neighbours,
    pub csv: String,
    pub list: String,
    pub sees_company: bool,
    pub letterhead: Letterhead,
}

/// Lines that fit on one A4 together with head and foot, even if the titles take two rows each.
const PRINTED_LINES: usize = 20;

impl StatementPage {
    /// Whether the printed sheet has the totals alone: with all of its lines it would be longer than one A4.
    fn prints_short(&self) -> bool {
        self.rows.len() > PRINTED_LINES
    }

    /// The title of the page.
    fn heading(&self) -> String {
        let date = self.frame.date_text(&self.statement.business_date);
        fl!(self.frame.l, "statement-title", date = date.as_str())
    }

    /// The state of the mail: its colour and its words.
    fn mail(&self) -> (&'static str, String) {
        let state = self
            .statement
            .mail
            .as_ref()
            .map(|(state, _)| state.as_str());
        let state = state.unwrap_or_default();
        (mail_chip(state), mail_state_text(self.frame.lang, state))
    }

    /// When it left.
    fn mailed_at(&self) -> Option<DateTime<Utc>> {
        self.statement
            .mail
            .as_ref()
            .and_then(|(_, sent_at)| *sent_at)
    }
}

/// A day in a list.
pub(in crate::accounting) struct StatementRow {
    pub line: StatementLine,
    pub href: String,
    pub mail: String,
    pub chip: &'static str,
}

impl StatementRow {
    /// A row that leads to its statement.
    pub fn new(lang: Lang, line: StatementLine, user: &str) -> Self {
        let state = line.mail_state.clone().unwrap_or_default();
        Self {
            href: address(
                &format!("/account/statements/{}", line.business_date),
                &[("user", user)],
            ),
            mail: mail_state_text(lang, &state),
            chip: mail_chip(&state),
            line,
        }
    }
}

/// Somebody's statements.
#[derive(Template)]
#[template(path = "accounting/statements.html")]
pub(in crate::accounting) struct StatementsPage {
    pub frame: Frame,
    pub employee: EmployeeRef,
    pub own: bool,
    pub user: String,
    pub form: PeriodForm,
    pub errors: FormErrors,
    pub on: FiltersOn,
    pub rows: Vec<StatementRow>,
    pub today: String,
    pub sheet: String,
    pub csv: String,
    pub xlsx: String,
    pub pager: Pager,
}

/// The statement of several days.
#[derive(Template)]
#[template(path = "accounting/statement_period.html")]
pub(in crate::accounting) struct PeriodStatementPage {
    pub frame: Frame,
    pub statement: PeriodStatement,
    pub own: bool,
    pub is_final: bool,
    pub user: String,
    pub period: Period,
    pub form: PeriodForm,
    pub errors: FormErrors,
    pub rows: Vec<StatementRow>,
    pub neighbours: Neighbours,
    pub csv: String,
    pub list: String,
    pub letterhead: Letterhead,
}

impl PeriodStatementPage {
    /// The title of the page.
    fn heading(&self) -> String {
        let heading = fl!(self.frame.l, "statement-period-title");
        of_period(&self.frame, heading, &self.period)
    }
}

/// A line of the company's statement.
#[derive(Clone)]
pub(in crate::accounting) struct SheetLine {
    pub text: String,
    pub amount: Money,
    pub is_balance: bool,
}

fn balance(text: String, amount: Money) -> SheetLine {
    SheetLine {
        text,
        amount,
        is_balance: true,
    }
}

fn moved(text: String, amount: Money) -> SheetLine {
    SheetLine {
        text,
        amount,
        is_balance: false,
    }
}

/// The day from the company's side.
pub(in crate::accounting) fn company_side(frame: &Frame, day: &CompanyStatement) -> Vec<SheetLine> {
    let l = frame.l;
    vec![
        balance(fl!(l, "company-statement-before"), day.before),
        moved(fl!(l, "column-fees"), day.fees),
        moved(fl!(l, "column-rewards"), -day.rewards),
        balance(fl!(l, "company-statement-after"), day.after()),
    ]
}

/// The day from the side of the people.
pub(in crate::accounting) fn people_side(frame: &Frame, day: &CompanyStatement) -> Vec<SheetLine> {
    let (l, sum) = (frame.l, &day.sum);
    vec![
        balance(fl!(l, "company-statement-people-before"), sum.opening_minor),
        moved(fl!(l, "column-fees"), sum.fees_minor),
        moved(fl!(l, "column-rewards"), sum.rewards_minor),
        moved(fl!(l, "statement-adjustments"), sum.adjustments_minor),
        moved(fl!(l, "statement-payouts"), -sum.payout_minor),
        balance(fl!(l, "company-statement-people-after"), sum.closing_minor),
        moved(fl!(l, "company-statement-paid"), day.paid_in_all),
        moved(fl!(l, "company-statement-adjusted"), -day.adjusted_in_all),
        balance(fl!(l, "company-owed"), day.owed()),
    ]
}

/// The company's day.
#[derive(Template)]
#[template(path = "accounting/company_statement.html")]
pub(in crate::accounting) struct CompanyStatementPage {
    pub frame: Frame,
    pub statement: CompanyStatement,
    pub company: Vec<SheetLine>,
    pub people: Vec<SheetLine>,
    pub neighbours: Neighbours,
    pub csv: String,
    pub letterhead: Letterhead,
}

impl CompanyStatementPage {
    /// The title of the page.
    fn heading(&self) -> String {
        let date = self.frame.date_text(&self.statement.business_date);
        fl!(
            self.frame.l,
            "company-statement-title",
            date = date.as_str()
        )
    }
}
