//! Money: whole minor units (cents), never a float (decision 18, M44).

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

use diesel::deserialize::{self, FromSql};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::BigInt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount in minor units (cents); negative amounts are charges or debts.
///
/// Arithmetic panics on overflow rather than wrap: at 40 dollars a task the range lasts for 2 * 10^15 tasks.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// Nothing at all.
    pub const ZERO: Self = Self(0);

    /// An amount given in minor units.
    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// An amount given in whole currency units, each of 100 minor units.
    #[must_use]
    pub const fn from_whole(whole: i64) -> Self {
        Self(whole * 100)
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// Whether this is a debt or a charge.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether there is something to pay out.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

/// Amounts lie in the database as `bigint` of minor units.
impl FromSql<BigInt, Pg> for Money {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <i64 as FromSql<BigInt, Pg>>::from_sql(value).map(Self)
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(
            self.0
                .checked_add(other.0)
                .expect("amounts stay far below the range of 64 bits"),
        )
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(
            self.0
                .checked_neg()
                .expect("amounts stay far below the range of 64 bits"),
        )
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Plain figures with two decimals and an ASCII minus: for exports and logs, never for pages.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_with_two_decimals_and_their_sign() {
        assert_eq!(Money::from_whole(12).to_string(), "12.00");
        assert_eq!(Money::from_minor(-5).to_string(), "-0.05");
        assert_eq!(Money::from_minor(-1_250).to_string(), "-12.50");
    }

    #[test]
    fn m44_sums_are_exact_to_the_cent() {
        let total: Money = (0..1_000_000)
            .map(|n| Money::from_minor(if n % 3 == 0 { -17 } else { 10 }))
            .sum();
        assert_eq!(total, Money::from_minor(666_666 * 10 - 333_334 * 17));
    }
}
