//! Balances at a date, and the stored earnings against the ledger.

use askama::Template;
use chrono::NaiveDate;
use i18n_embed_fl::fl;

use super::{Neighbours, PeriodForm};
use crate::accounting::queries::{BalanceLine, BalanceSums, CompanyBalance, EarningsCheck};
use crate::platform::web::{FiltersOn, FormErrors, Frame, Pager, SortHead};

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
    pub pager: Pager,
    pub head: SortHead,
    pub descending: bool,
    pub on: FiltersOn,
}

impl BalancesPage {
    fn caption(&self) -> String {
        let date = self.frame.date_text(&self.date);
        if self.descending {
            fl!(self.frame.l, "balances-caption-largest", date = date)
        } else {
            fl!(self.frame.l, "balances-caption", date = date)
        }
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
