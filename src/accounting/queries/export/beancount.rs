//! The journal as beancount reads it: the same books as in [`super::journal`], in the other dialect.
//!
//! A balance of beancount holds at the start of its date, so what an account has at the close of a date is asserted on the next one.

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::NaiveDate;

use super::rows::{ClosedBalance, ExportTransfer};
use crate::accounting::period::Period;
use crate::platform::clock::next_day;
use crate::platform::money::Money;

/// A journal in the making.
pub(super) struct Beancount {
    text: String,
    currency: String,
    opened: BTreeSet<String>,
}

impl Beancount {
    /// Begins a journal with the company's accounts.
    pub fn new(currency: &str, span: Option<Period>) -> Self {
        let mut journal = Self {
            text: String::new(),
            currency: currency.to_owned(),
            opened: BTreeSet::new(),
        };
        journal.line(format_args!(
            "option \"title\" \"aTES: the ledger by business date\""
        ));
        journal.line(format_args!("option \"operating_currency\" \"{currency}\""));
        let Some(span) = span else {
            return journal;
        };
        let from = span.from;
        journal.line(format_args!("; {from} to {}", span.to));
        journal.line(format_args!("{from} commodity {currency}"));
        for account in [
            "Assets:Cash",
            "Equity:Opening",
            "Income:Fees",
            "Expenses:Rewards",
            "Expenses:Adjustments",
        ] {
            journal.line(format_args!("{from} open {account} {currency}"));
        }
        journal
    }

    /// The balances from before the first date.
    pub fn open(&mut self, date: NaiveDate, balances: &[ClosedBalance]) {
        if balances.is_empty() {
            return;
        }
        for balance in balances {
            self.open_account(date, &balance.username);
        }
        self.line(format_args!("\n{date} * \"opening balances\""));
        for balance in balances {
            self.posting(&employee(&balance.username), -balance.amount);
        }
        self.posting(
            "Equity:Opening",
            balances.iter().map(|balance| balance.amount).sum(),
        );
    }

    /// One transfer: a tag for its kind, a link to its task.
    pub fn transfer(&mut self, row: &ExportTransfer) {
        let (words, contra) = match row.kind.as_str() {
            "assignment_fee" => ("fee for an assignment", "Income:Fees"),
            "completion_reward" => ("reward for a completion", "Expenses:Rewards"),
            "payout" => ("payout of the day", "Assets:Cash"),
            _ => ("adjustment", "Expenses:Adjustments"),
        };
        let date = row.business_date;
        self.open_account(date, &row.username);
        let mut about = words.to_owned();
        if let Some(jira_id) = &row.jira_id {
            about += &format!(": [{jira_id}] {}", row.title.as_deref().unwrap_or_default());
        } else if let Some(title) = &row.title {
            about += &format!(": {title}");
        }
        let tag = row.kind.replace('_', "-");
        let link = row
            .task_id
            .map(|task| format!(" ^task-{task}"))
            .unwrap_or_default();
        self.line(format_args!(
            "\n{date} * \"{}\" \"{}\" #{tag}{link}",
            quoted(&row.username),
            quoted(about.trim_end())
        ));
        self.line(format_args!("  transfer: \"{}\"", row.id));
        self.line(format_args!("  reason: \"{}\"", row.reason_event_id));
        self.posting(&employee(&row.username), -row.amount);
        self.posting(contra, row.amount);
    }

    /// What each employee has at the close of a date; a wrong one makes the reading program refuse the journal.
    pub fn assert_balances(&mut self, date: NaiveDate, balances: &[ClosedBalance]) {
        if balances.is_empty() {
            return;
        }
        for balance in balances {
            self.open_account(date, &balance.username);
        }
        self.line(format_args!("\n; close of {date}"));
        let (currency, morning) = (self.currency.clone(), next_day(date));
        for balance in balances {
            let account = employee(&balance.username);
            self.line(format_args!(
                "{morning} balance {account}  {} {currency}",
                -balance.amount
            ));
        }
    }

    /// Takes out what was written so far.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text).into_bytes()
    }

    /// Opens the accounts that occur for the first time; beancount knows no account that was not opened.
    fn open_account(&mut self, date: NaiveDate, username: &str) {
        if self.opened.insert(username.to_owned()) {
            let (account, currency) = (employee(username), self.currency.clone());
            self.line(format_args!("\n{date} open {account} {currency}"));
            self.line(format_args!("  username: \"{}\"", quoted(username)));
        }
    }

    fn posting(&mut self, account: &str, amount: Money) {
        let currency = self.currency.clone();
        self.line(format_args!("  {account}  {amount} {currency}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("a string takes every line");
    }
}

/// The account of somebody. Names of accounts begin with a capital letter and know letters, digits and hyphens only: any other byte
/// is written as a hyphen and its two hexadecimal digits, so that no two people share one.
fn employee(username: &str) -> String {
    let mut account = String::from("Liabilities:Employees:E-");
    for byte in username.bytes() {
        if byte.is_ascii_alphanumeric() {
            account.push(char::from(byte));
        } else {
            account += &format!("-{byte:02X}");
        }
    }
    account
}

/// A text between quotes.
fn quoted(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .flat_map(|c| {
            let escape = matches!(c, '"' | '\\').then_some('\\');
            escape.into_iter().chain(Some(c))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_people_never_share_an_account() {
        let names = ["a.b", "a-b", "a-2Eb", "a_b", "ab", "Ab", "я"];
        let accounts: BTreeSet<String> = names.map(employee).into();
        assert_eq!(accounts.len(), names.len(), "{accounts:?}");
    }

    #[test]
    fn a_title_cannot_end_its_quotes() {
        assert_eq!(quoted("a \"b\" \\\n#c"), "a \\\"b\\\" \\\\ #c");
    }
}
