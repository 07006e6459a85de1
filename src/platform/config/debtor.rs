//! The company's bank account, from which payouts are paid.

use sepa::{validate_bic, validate_iban};

use super::ConfigError;
use super::reader::Reader;

/// Who pays the payouts, as a payment file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debtor {
    /// The company's name, at most 70 characters.
    pub name: String,
    /// Its account, without spaces, its check digits verified.
    pub iban: String,
    /// Its bank, if that is told.
    pub bic: Option<String>,
}

const NAME: &str = "ATES_PAYOUT_DEBTOR_NAME";
const IBAN: &str = "ATES_PAYOUT_DEBTOR_IBAN";
const BIC: &str = "ATES_PAYOUT_DEBTOR_BIC";

impl Reader<'_> {
    /// The company's account; none when nothing of it is set.
    pub(super) fn debtor(&self) -> Result<Option<Debtor>, ConfigError> {
        let given = [NAME, IBAN, BIC].map(|key| self.optional(key));
        let (name, iban, bic) = match given {
            [None, None, None] => return Ok(None),
            [Some(name), Some(iban), bic] => (name, iban, bic),
            [None, ..] => return Err(self.invalid(NAME, "missing beside the other two")),
            [_, None, _] => return Err(self.invalid(IBAN, "missing beside the other two")),
        };
        if name.chars().count() > 70 {
            return Err(self.invalid(NAME, "longer than 70 characters"));
        }
        let iban = validate_iban(&iban).map_err(|error| self.invalid(IBAN, error))?;
        let bic = bic
            .map(|bic| validate_bic(&bic).map_err(|error| self.invalid(BIC, error)))
            .transpose()?;
        Ok(Some(Debtor {
            name,
            iban: iban.as_str().to_owned(),
            bic: bic.map(|bic| bic.as_str().to_owned()),
        }))
    }
}
