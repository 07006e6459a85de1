//! Statements: the list of one's own, a day, several days, and the company's day.

mod company;
mod day;
mod list;
mod period;

pub(super) use company::{download_company_statement, show_company_statement};
pub(super) use day::{download_statement, show_statement};
pub(super) use list::{all_until, list_statements};
pub(super) use period::{download_period_statement, show_period_statement};

/// Rows of a file about one person at most.
const CSV_ROWS: i64 = 1_000_000;

use chrono::{DateTime, NaiveDate, Utc};
use i18n_embed_fl::fl;
use serde::Deserialize;

use crate::accounting::period::parse_date;
use crate::accounting::views::Letterhead;
use crate::platform::config::Config;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{Frame, ListPlace};

/// Whose statement.
#[derive(Debug, Deserialize)]
pub(super) struct UserQuery {
    user: Option<String>,
}

/// Whose statements, and of which dates.
#[derive(Debug, Deserialize)]
pub(super) struct PeriodQuery {
    pub(super) user: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

/// A date in an address; what is no date is not there.
fn read_date(path: &str) -> AppResult<NaiveDate> {
    parse_date("date", path).map_err(|_| AppError::NotFound)
}

/// What stands on the sheet of a printed statement: where it came from and when.
fn letterhead(config: &Config, frame: &Frame, reference: String, now: DateTime<Utc>) -> Letterhead {
    let base = config.base_url.as_str().trim_end_matches('/');
    Letterhead {
        reference,
        address: format!("{base}{}", frame.back),
        printed: fl!(frame.l, "statement-printed", at = frame.time_text(&now)),
    }
}
