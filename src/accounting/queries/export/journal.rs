//! The journal's text: one balanced transaction a transfer, balances asserted at the close of each date.
//!
//! The company keeps the books, so what it owes an employee is a liability: a fee lowers it, a reward raises it.

use std::collections::HashSet;
use std::fmt::Write;

use chrono::NaiveDate;

use super::rows::{ClosedBalance, ExportTransfer};
use crate::accounting::period::Period;
use crate::platform::money::Money;

/// A journal in the making.
pub(super) struct Journal {
    text: String,
    currency: String,
    declared: HashSet<String>,
}

impl Journal {
    /// Begins a journal with its accounts.
    pub fn new(currency: &str, span: Option<Period>) -> Self {
        let mut journal = Self {
            text: String::new(),
            currency: currency.to_owned(),
            declared: HashSet::new(),
        };
        let dates = span.map_or_else(
            || "no dates yet".to_owned(),
            |span| format!("{} to {}", span.from, span.to),
        );
        journal.line(format_args!("; aTES: the ledger by business date, {dates}"));
        journal.line(format_args!("decimal-mark ."));
        journal.line(format_args!("commodity 1000.00 {currency}"));
        for (account, kind) in [
            ("assets:cash", "Asset"),
            ("liabilities:employees", "Liability"),
            ("equity:opening", "Equity"),
            ("income:fees", "Revenue"),
            ("expenses:rewards", "Expense"),
            ("expenses:adjustments", "Expense"),
        ] {
            journal.line(format_args!("account {account}  ; type: {kind}"));
        }
        journal
    }

    /// The balances from before the first date.
    pub fn open(&mut self, date: NaiveDate, balances: &[ClosedBalance]) {
        if balances.is_empty() {
            return;
        }
        self.declare(balances.iter().map(|balance| balance.username.as_str()));
        self.line(format_args!("\n{date} * opening balances"));
        for balance in balances {
            self.posting(&employee(&balance.username), -balance.amount);
        }
        self.posting(
            "equity:opening",
            balances.iter().map(|balance| balance.amount).sum(),
        );
    }

    /// One transfer.
    pub fn transfer(&mut self, row: &ExportTransfer) {
        let (words, contra) = match row.kind.as_str() {
            "assignment_fee" => ("fee for an assignment", "income:fees"),
            "completion_reward" => ("reward for a completion", "expenses:rewards"),
            "payout" => ("payout of the day", "assets:cash"),
            _ => ("adjustment", "expenses:adjustments"),
        };
        self.declare([row.username.as_str()]);
        let mut about = String::new();
        if let Some(jira_id) = &row.jira_id {
            about = format!("[{jira_id}] ");
        }
        about += row.title.as_deref().unwrap_or_default();
        let separator = if about.is_empty() { "" } else { ": " };
        self.line(format_args!(
            "\n{} * {words}{separator}{}",
            row.business_date,
            described(&about)
        ));
        let task = row
            .task_id
            .map(|task| format!("task:{task}, "))
            .unwrap_or_default();
        self.line(format_args!(
            "    ; kind:{}, {task}transfer:{}, reason:{}",
            row.kind, row.id, row.reason_event_id
        ));
        self.posting(&employee(&row.username), -row.amount);
        self.posting(contra, row.amount);
    }

    /// What each employee has at the close of a date; a wrong one makes the reading program refuse the journal.
    pub fn assert_balances(&mut self, date: NaiveDate, balances: &[ClosedBalance]) {
        if balances.is_empty() {
            return;
        }
        self.declare(balances.iter().map(|balance| balance.username.as_str()));
        self.line(format_args!("\n{date} * close of the day"));
        let currency = self.currency.clone();
        for balance in balances {
            let account = employee(&balance.username);
            self.line(format_args!(
                "    {account}  0.00 {currency} = {} {currency}",
                -balance.amount
            ));
        }
    }

    /// Takes out what was written so far.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text).into_bytes()
    }

    /// Declares the accounts that occur for the first time, so that a strict check finds no unknown one.
    fn declare<'n>(&mut self, usernames: impl IntoIterator<Item = &'n str>) {
        for username in usernames {
            if self.declared.insert(username.to_owned()) {
                self.line(format_args!("\naccount {}", employee(username)));
            }
        }
    }

    fn posting(&mut self, account: &str, amount: Money) {
        let currency = self.currency.clone();
        self.line(format_args!("    {account}  {amount} {currency}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("a string takes every line");
    }
}

fn employee(username: &str) -> String {
    format!("liabilities:employees:{username}")
}

/// A title as a description: a semicolon would begin a comment, a line end another line.
fn described(title: &str) -> String {
    title
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .map(|c| if c == ';' { ',' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_transfer_is_a_balanced_transaction_whatever_its_title() {
        let mut journal = Journal::new("USD", None);
        journal.transfer(&ExportTransfer {
            id: Uuid::nil(),
            kind: "assignment_fee".into(),
            employee_id: Uuid::nil(),
            username: "kesha".into(),
            amount: Money::from_whole(-15),
            task_id: Some(Uuid::nil()),
            title: Some("Feed; water\nand pet".into()),
            jira_id: Some("POP-1".into()),
            assignment_seq: Some(1),
            reason_event_id: Uuid::nil(),
            business_date: "2026-03-02".parse().unwrap(),
            created_at: DateTime::UNIX_EPOCH,
        });
        let text = String::from_utf8(journal.take()).unwrap();
        assert!(
            text.contains("2026-03-02 * fee for an assignment: [POP-1] Feed, water and pet\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "    liabilities:employees:kesha  15.00 USD\n    income:fees  -15.00 USD\n"
            ),
            "{text}"
        );
    }
}
