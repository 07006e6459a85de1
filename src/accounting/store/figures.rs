//! The figures of a statement.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;

use crate::platform::money::Money;

/// What a person's day, or several of them, comes to: opening and movements make the closing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub(in crate::accounting) struct Figures {
    /// The balance at the start: the debt of the day before, on a settled day.
    #[diesel(sql_type = BigInt)]
    pub opening_minor: Money,
    /// The fees; never positive.
    #[diesel(sql_type = BigInt)]
    pub fees_minor: Money,
    /// The rewards.
    #[diesel(sql_type = BigInt)]
    pub rewards_minor: Money,
    /// The corrections.
    #[diesel(sql_type = BigInt)]
    pub adjustments_minor: Money,
    /// What is paid out; never negative.
    #[diesel(sql_type = BigInt)]
    pub payout_minor: Money,
    /// The balance at the end.
    #[diesel(sql_type = BigInt)]
    pub closing_minor: Money,
}

impl Figures {
    /// What was earned: fees, rewards and corrections, without the payout (M24).
    pub fn earned(&self) -> Money {
        self.fees_minor + self.rewards_minor + self.adjustments_minor
    }

    /// Whether opening and movements make the closing.
    pub fn add_up(&self) -> bool {
        self.opening_minor + self.earned() - self.payout_minor == self.closing_minor
    }
}
