//! Bank accounts and the payment file. Pure.

mod file;
mod names;

use sepa::{validate_bic, validate_iban};

use crate::platform::error::{AppError, AppResult, FieldError};

pub(super) use file::{FileHead, FileLine, payment_file};

/// Currencies of the list of ISO 4217 whose minor unit is not a hundredth. A payment file in one of them would be wrong by a factor.
const NOT_HUNDREDTHS: [&str; 31] = [
    "BHD", "BIF", "CLF", "CLP", "DJF", "GNF", "IQD", "ISK", "JOD", "JPY", "KMF", "KRW", "KWD",
    "LYD", "MRU", "OMR", "PYG", "RWF", "TND", "UGX", "UYI", "UYW", "VND", "VUV", "XAF", "XAG",
    "XAU", "XDR", "XOF", "XPF", "XXX",
];

/// Whether amounts of a currency have two decimals.
pub(super) fn has_hundredths(currency: &str) -> bool {
    !NOT_HUNDREDTHS.contains(&currency)
}

/// Where somebody's money goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BankAccount {
    /// Without spaces, its check digits verified.
    pub iban: String,
    /// The bank, if it was told.
    pub bic: Option<String>,
}

impl BankAccount {
    /// What somebody typed; spaces and lower case do no harm.
    ///
    /// # Errors
    /// Invalid at `iban` or at `bic`.
    pub fn parse(iban: &str, bic: &str) -> AppResult<Self> {
        let mut errors = Vec::new();
        let iban = validate_iban(iban)
            .map(|iban| iban.as_str().to_owned())
            .unwrap_or_else(|_| {
                errors.push(FieldError::new("iban", "field-iban-wrong"));
                String::new()
            });
        let bic =
            Some(bic.trim())
                .filter(|bic| !bic.is_empty())
                .and_then(|bic| match validate_bic(bic) {
                    Ok(bic) => Some(bic.as_str().to_owned()),
                    Err(_) => {
                        errors.push(FieldError::new("bic", "field-bic-wrong"));
                        None
                    }
                });
        if errors.is_empty() {
            Ok(Self { iban, bic })
        } else {
            Err(AppError::Invalid(errors))
        }
    }
}

/// An account number as lists and the audit show it: `DE89 … 3000`.
pub(super) fn masked(iban: &str) -> String {
    let tail = iban.len().saturating_sub(4);
    match (iban.get(..4), iban.get(tail..)) {
        (Some(head), Some(tail)) if iban.len() > 8 => format!("{head} … {tail}"),
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_number_is_taken_with_spaces_and_refused_with_a_wrong_digit() {
        let account =
            BankAccount::parse("de89 3704 0044 0532 0130 00", "cobadeffxxx").expect("a right one");
        assert_eq!(account.iban, "DE89370400440532013000");
        assert_eq!(account.bic.as_deref(), Some("COBADEFFXXX"));
        let fields = |iban, bic| match BankAccount::parse(iban, bic) {
            Err(AppError::Invalid(errors)) => errors.iter().map(|error| error.field).collect(),
            _ => Vec::new(),
        };
        assert_eq!(fields("DE89370400440532013001", ""), ["iban"]);
        assert_eq!(fields("DE89370400440532013000", "nonsense!"), ["bic"]);
        assert_eq!(fields("", "x"), ["iban", "bic"]);
    }

    #[test]
    fn a_masked_account_tells_its_country_and_its_end() {
        assert_eq!(masked("DE89370400440532013000"), "DE89 … 3000");
        assert_eq!(masked("DE89"), "…");
    }

    #[test]
    fn only_currencies_of_two_decimals_get_a_file() {
        assert!(has_hundredths("EUR") && has_hundredths("RUB") && has_hundredths("USD"));
        assert!(!has_hundredths("JPY") && !has_hundredths("KWD"));
    }
}
