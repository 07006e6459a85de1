//! The page of a bank account.

use askama::Template;
use i18n_embed_fl::fl;

use crate::accounting::queries::BankAccountView;
use crate::platform::web::{FormErrors, Frame};

/// Where somebody's payouts go. The number is never shown whole; what was typed wrong stays in the form.
#[derive(Template)]
#[template(path = "accounting/bank_account.html")]
pub(in crate::accounting) struct BankAccountPage {
    pub frame: Frame,
    pub own: bool,
    pub user: String,
    pub account: BankAccountView,
    pub iban: String,
    pub bic: String,
    pub errors: FormErrors,
}
