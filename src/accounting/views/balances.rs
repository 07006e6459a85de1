//! Balances at a date, and the stored earnings against the ledger.

use askama::Template;
use chrono::NaiveDate;
use i18n_embed_fl::fl;

use super::{Neighbours, PeriodForm};
use crate::accounting::queries::{BalanceLine, BalanceSums, CompanyBalance, EarningsCheck};
use crate::platform::web::{FormErrors, Frame};

/// `/accounting/balances`.
#[derive(Template)]
#[template(path = "accounting/balances.html")]
pub(in crate::accounting) struct BalancesPage {
    pub frame: Frame,
    pub date: NaiveDate,
    pub typed: String,
    pub errors: FormErrors,
    pub sums: BalanceSums,
    pub company: CompanyBalance,
    pub only_negative: bool,
    pub rows: Vec<BalanceLine>,
    pub neighbours: Neighbours,
    pub csv: String,
    pub xlsx: String,
    pub first: String,
    pub following: String,
}

impl BalancesPage {
    fn caption(&self) -> String {
        fl!(
            self.frame.l,
            "balances-caption",
            date = self.frame.date_text(&self.date)
        )
    }
}

/// `/accounting/recount`.
#[derive(Template)]
#[template(path = "accounting/recount.html")]
pub(in crate::accounting) struct RecountPage {
    pub frame: Frame,
    pub form: PeriodForm,
    pub errors: FormErrors,
    pub check: EarningsCheck,
}
