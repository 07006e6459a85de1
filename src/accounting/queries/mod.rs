//! What pages, API, CSV and exports read. Each asks the policy itself, so that all faces of one use case share one answer.

mod account;
mod balances;
mod bank;
mod company;
mod corrected;
mod corrections;
mod counts;
mod export;
mod held;
mod mails;
mod newest;
mod paid;
mod payouts;
mod statements;
mod transfers;

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::events::TransferKind;
use crate::platform::money::Money;

pub(super) use account::{
    AccountFilter, AccountHead, list_movements, list_unnamed_movements, name_tasks,
    show_account_head,
};
pub use account::{OwnFigures, show_own_figures};
pub(super) use balances::{
    BalanceColumn, BalanceLine, BalanceSums, BalancesFilter, USUAL_ORDER, list_balances_at,
    show_balance_at, sum_balances_at,
};
pub(super) use bank::{
    BankAccountView, BankFileView, download_bank_file, is_bank_file_due, read_bank_file,
    show_bank_account, show_bank_file,
};
pub(super) use company::{
    CompanyBalance, Earnings, show_company_balance, show_earnings, show_recount,
};
pub use company::{EarningsCheck, EarningsDifference, check_earnings};
pub(super) use corrected::{
    CorrectedTransfer, EarlierCorrection, list_earlier_corrections, show_corrected,
};
pub(super) use corrections::{
    CorrectionView, MissingView, list_corrections, show_correction, show_missing, what_is_missing,
};
pub(super) use counts::{
    count_company_transfers, count_corrections, count_listed_mails, count_movements,
    count_payout_lines, count_payout_runs, count_statements,
};
pub use export::{JournalFormat, JournalPieces, export_journal, export_payouts, export_transfers};
pub(super) use held::{HeldAccount, list_held_accounts};
pub use held::{HeldFigures, held_figures};
pub(super) use mails::{
    MAIL_KINDS, MAIL_STATES, MailFilter, MailView, Trouble, Undeliverable, count_given_up,
    list_mails, list_undeliverable, own_undeliverable, show_mail, show_trouble,
};
pub use mails::{MailCounts, count_mails};
pub(super) use newest::tell_newest_assignments;
pub use paid::{PaidDay, list_paid_days};
pub(super) use payouts::{
    OpenRun, PayoutLine, PayoutRun, list_open_runs, list_payout_lines, list_payout_runs,
    show_payout_run,
};
pub use payouts::{count_open_dates, find_last_run};
pub(super) use statements::{
    CompanyStatement, PeriodStatement, Statement, StatementLine, list_statements,
    show_company_statement, show_period_statement, show_statement,
};
pub(super) use transfers::{
    CompanyFilter, CompanyTransfer, DaySummary, list_company_transfers, show_day_summary,
};

/// An employee by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EmployeeRef {
    /// The id.
    pub uid: Uuid,
    /// Name and surname.
    pub name: String,
}

/// A task by title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TaskRef {
    /// The id.
    pub uid: Uuid,
    /// The title; none when no event has told of it.
    pub title: Option<String>,
    /// The id in the issue tracker.
    pub jira_id: Option<String>,
    /// Which assignment of it is the newest that is booked; none where nobody has asked.
    pub newest: Option<i32>,
}

/// The task as people write it: `[KEY-1] Title`.
impl fmt::Display for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(jira_id) = &self.jira_id {
            write!(f, "[{jira_id}] ")?;
        }
        match &self.title {
            Some(title) => f.write_str(title),
            None => self.uid.fmt(f),
        }
    }
}

/// What a row of an account's log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MovementKind {
    /// A transfer of the ledger.
    Transfer(TransferKind),
    /// The debt of the day before, told at the start of the day; it moves nothing (M12a).
    DebtCarried,
}

impl MovementKind {
    /// Every kind, in the order of the filter.
    pub const ALL: [Self; 5] = [
        Self::Transfer(TransferKind::AssignmentFee),
        Self::Transfer(TransferKind::CompletionReward),
        Self::Transfer(TransferKind::Payout),
        Self::DebtCarried,
        Self::Transfer(TransferKind::Adjustment),
    ];

    /// The word in the API and in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transfer(kind) => kind.as_str(),
            Self::DebtCarried => "debt_carried",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A row of an account's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Movement {
    /// Its id.
    pub uid: Uuid,
    /// When it was booked.
    pub at: DateTime<Utc>,
    /// The date it counts for.
    pub business_date: NaiveDate,
    /// What it is.
    pub kind: MovementKind,
    /// Signed from the employee's side.
    pub amount: Money,
    /// The balance after it.
    pub balance: Money,
    /// The task it is about.
    pub task: Option<TaskRef>,
    /// Which assignment of the task, from 1; fees only.
    pub assignment_seq: Option<i32>,
    /// The correction that booked it, if one did.
    pub correction: Option<CorrectionRef>,
}

/// A correction by its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CorrectionRef {
    /// The id.
    pub uid: Uuid,
    /// Why it was made.
    pub reason: String,
}

/// The correction of a row, if one booked it.
fn correction_ref(uid: Option<Uuid>, reason: Option<String>) -> Option<CorrectionRef> {
    uid.zip(reason)
        .map(|(uid, reason)| CorrectionRef { uid, reason })
}

/// `name surname`, else what is known of somebody whose record has not come yet.
const EMPLOYEE_NAME: &str =
    "coalesce(nullif(trim(e.name || ' ' || e.surname), ''), e.username, 'unknown')";

/// The task of a row, if it is about one.
fn task_ref(uid: Option<Uuid>, title: Option<String>, jira_id: Option<String>) -> Option<TaskRef> {
    uid.map(|uid| TaskRef {
        uid,
        title,
        jira_id,
        newest: None,
    })
}
