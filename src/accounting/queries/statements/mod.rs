//! Statements (M33). That of a settled day is read from what the settlement stored and from the ledger's rows of that date alone, with
//! the tasks called as they were when the day was closed: it never changes again. That of an open day is computed and says so.

mod company;
mod period;
mod person;

pub(in crate::accounting) use company::{CompanyStatement, show_company_statement};
pub(in crate::accounting) use period::{
    PeriodStatement, StatementLine, list_statements, show_period_statement,
};
pub(in crate::accounting) use person::{Statement, show_statement};
