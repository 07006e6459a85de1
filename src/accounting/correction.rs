//! What a correction is: asked for by one person, decided by another, booked as a new transfer. Pure.

use uuid::Uuid;

use crate::events::TransferKind;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;

/// What a correction books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CorrectionKind {
    /// A transfer of its own, against the account of the adjustments.
    Adjustment,
    /// The fee or the reward that an event should have brought and did not.
    Missing(TransferKind),
    /// Nothing: an event is skipped that brings no money, or whose money is in the ledger already.
    Nothing,
}

impl CorrectionKind {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adjustment => "adjustment",
            Self::Missing(kind) => kind.as_str(),
            Self::Nothing => "none",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Self {
        match TransferKind::parse(word) {
            Some(TransferKind::Adjustment) => Self::Adjustment,
            Some(kind) => Self::Missing(kind),
            None => Self::Nothing,
        }
    }
}

/// Whether an amount takes more back than a transfer and its confirmed corrections have left of it.
pub(super) fn goes_beyond(corrected: Money, confirmed: Money, amount: Money) -> bool {
    let undoing = -corrected.minor().signum();
    let after = corrected + confirmed + amount;
    amount.minor().signum() == undoing && after.minor().signum() == undoing
}

/// How a correction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CorrectionState {
    /// It waits for a second person.
    Requested,
    /// A second person agreed, and it is booked.
    Confirmed,
    /// A second person refused.
    Rejected,
    /// Who asked took it back.
    Withdrawn,
}

impl CorrectionState {
    /// All of them, in the order of the filter.
    pub const ALL: [Self; 4] = [
        Self::Requested,
        Self::Confirmed,
        Self::Rejected,
        Self::Withdrawn,
    ];

    /// The word in the database and in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The transfer that an event should have brought: it is named by what happened, so that its amount and its person come from the
/// books and not from a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MissingRef {
    /// The fee of an assignment of a task.
    Fee(Uuid, i32),
    /// The reward of a task.
    Reward(Uuid),
    /// Whatever a dead item of the ledger should have brought.
    Item(Uuid),
}

/// Why a correction is asked for: 10 to 500 characters.
///
/// # Errors
/// Invalid at `reason`.
pub(super) fn parse_reason(text: &str) -> AppResult<String> {
    let reason = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if (10..=500).contains(&reason.chars().count()) {
        Ok(reason)
    } else {
        Err(AppError::field("reason", "field-correction-reason"))
    }
}

/// Largest correction, in whole currency units; more than any day of anybody.
const LARGEST: i64 = 1_000_000;

/// A signed amount as people write it: `-12.50`, `+3`, `−7,25`; never zero (M44).
///
/// # Errors
/// Invalid at `amount`.
pub(super) fn parse_amount(text: &str) -> AppResult<Money> {
    read_amount(text).ok_or_else(|| AppError::field("amount", "field-correction-amount"))
}

fn read_amount(text: &str) -> Option<Money> {
    let text = text.trim().replace('\u{2212}', "-").replace(',', ".");
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let whole_part = (1..=7).contains(&whole.len()) && plain(whole);
    if !whole_part || cents.len() > 2 || !plain(cents) || digits.ends_with('.') {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let cents: i64 = format!("{cents:0<2}").parse().ok()?;
    let minor = whole * 100 + cents;
    (minor != 0 && minor <= LARGEST * 100)
        .then(|| Money::from_minor(if negative { -minor } else { minor }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m44_amounts_are_read_to_the_cent_with_either_sign_and_nothing_else_is() {
        for (text, minor) in [
            ("-12.50", -1_250),
            ("+3", 300),
            ("\u{2212}7,25", -725),
            (" 0.01 ", 1),
            ("0.5", 50),
            ("1000000", 100_000_000),
        ] {
            assert_eq!(
                parse_amount(text).ok(),
                Some(Money::from_minor(minor)),
                "{text}"
            );
        }
        for wrong in [
            "",
            "-",
            "0",
            "0.00",
            "1.",
            ".5",
            "1.234",
            "1e3",
            "--1",
            "1 000",
            "1000000.01",
            "99999999",
            "ten",
            "1.-1",
        ] {
            assert!(parse_amount(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn m43_a_reason_has_ten_to_five_hundred_characters_that_say_something() {
        assert!(parse_reason("too short").is_err());
        assert!(parse_reason("  a      b       c  ").is_err());
        assert_eq!(
            parse_reason(" Зачислено  дважды ").ok().as_deref(),
            Some("Зачислено дважды")
        );
        assert!(parse_reason(&"x".repeat(501)).is_err());
    }

    #[test]
    fn m43_a_transfer_is_undone_to_zero_and_no_further() {
        let beyond = |corrected, confirmed, amount| {
            let [corrected, confirmed, amount] =
                [corrected, confirmed, amount].map(Money::from_minor);
            goes_beyond(corrected, confirmed, amount)
        };
        assert!(!beyond(-1_000, 0, 1_000) && beyond(-1_000, 0, 1_001));
        assert!(!beyond(-1_000, 400, 600) && beyond(-1_000, 400, 601));
        assert!(beyond(-1_000, 1_000, 1) && beyond(3_000, -3_000, -3_000));
        assert!(
            !beyond(-1_000, 1_000, -1_000),
            "a correction may be taken back"
        );
        assert!(
            !beyond(-1_000, 2_000, -500),
            "too much was given back before"
        );
    }

    #[test]
    fn kinds_and_states_have_one_word_each() {
        for word in ["adjustment", "assignment_fee", "completion_reward", "none"] {
            assert_eq!(CorrectionKind::parse(word).as_str(), word);
        }
        for state in CorrectionState::ALL {
            assert_eq!(CorrectionState::parse(state.as_str()), Some(state));
        }
    }
}
