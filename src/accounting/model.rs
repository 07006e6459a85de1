//! The rules of the money: what a task costs, which account a transfer goes against, what is paid at the end of a day. Pure.

use chrono::NaiveDate;
use rand::{Rng, RngExt};
use uuid::{Uuid, uuid};

use crate::events::{Cause, TransferKind};
use crate::platform::config::PriceRange;
use crate::platform::ids::{TaskId, UserId};
use crate::platform::money::Money;

/// What a task costs at each assignment and brings at its completion; made once (M01, M02).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Charged at each assignment; positive.
    pub fee: Money,
    /// Credited at completion; positive.
    pub reward: Money,
}

/// Draws a price: whole currency units, both bounds included, independent of who has the task (M01, D07).
#[must_use]
pub fn price(rng: &mut impl Rng, fee: PriceRange, reward: PriceRange) -> Price {
    Price {
        fee: draw(rng, fee),
        reward: draw(rng, reward),
    }
}

fn draw(rng: &mut impl Rng, range: PriceRange) -> Money {
    Money::from_whole(rng.random_range(range.min.minor() / 100..=range.max.minor() / 100))
}

/// The company's accounts, which the transfers of employees go against.
const FEES: Uuid = uuid!("00000000-0000-0000-0000-00000000fee5");
const REWARDS: Uuid = uuid!("00000000-0000-0000-0000-000000003e4d");
const PAYOUTS: Uuid = uuid!("00000000-0000-0000-0000-000000009a1d");
const ADJUSTMENTS: Uuid = uuid!("00000000-0000-0000-0000-00000000ad05");

/// The account on the other side of a transfer.
#[must_use]
pub fn contra_of(kind: TransferKind) -> Uuid {
    match kind {
        TransferKind::AssignmentFee => FEES,
        TransferKind::CompletionReward => REWARDS,
        TransferKind::Payout => PAYOUTS,
        TransferKind::Adjustment => ADJUSTMENTS,
    }
}

/// A transfer on its way into the ledger. It has exactly one reason (M14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTransfer {
    /// What it is.
    pub kind: TransferKind,
    /// Whose account it moves.
    pub employee: UserId,
    /// The task it is about; none for payouts.
    pub task: Option<TaskId>,
    /// The number of the assignment it pays for; fees only.
    pub assignment_seq: Option<i32>,
    /// The event that is its reason.
    pub reason_event_id: Uuid,
    /// Signed from the employee's side.
    pub amount: Money,
    /// The business date on which the reason was recorded: nothing with this reason is booked before it, or long after
    /// `business_date`, which is how the ledger finds what is booked already without looking through old months.
    pub recorded_on: NaiveDate,
    /// The business date it is booked on.
    pub business_date: NaiveDate,
    /// The event that led to it just now, if one did.
    pub cause: Option<Cause>,
}

/// What must not be booked twice, whatever brings it: an assignment's fee, a task's reward, a person's payout of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BookingKey {
    /// One fee for each assignment of a task.
    Fee(Option<TaskId>, Option<i32>),
    /// One reward for each task.
    Reward(Option<TaskId>),
    /// One payout for each person and date.
    Payout(UserId, NaiveDate),
    /// One correction for each reason.
    Adjustment(Uuid),
}

impl NewTransfer {
    /// What it is that may be booked only once.
    #[must_use]
    pub fn key(&self) -> BookingKey {
        match self.kind {
            TransferKind::AssignmentFee => BookingKey::Fee(self.task, self.assignment_seq),
            TransferKind::CompletionReward => BookingKey::Reward(self.task),
            TransferKind::Payout => BookingKey::Payout(self.employee, self.business_date),
            TransferKind::Adjustment => BookingKey::Adjustment(self.reason_event_id),
        }
    }
}

/// How an account leaves a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What is paid out; never negative.
    pub payout: Money,
    /// What is carried into the next day; never positive: the debt.
    pub closing: Money,
}

/// Settles an account: what is above zero is paid, what is below is carried over (M25 to M27). Fees come as negative amounts.
#[must_use]
pub fn settle(opening: Money, fees: Money, rewards: Money, adjustments: Money) -> Settled {
    let balance = opening + fees + rewards + adjustments;
    Settled {
        payout: balance.max(Money::ZERO),
        closing: balance.min(Money::ZERO),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn range(min: i64, max: i64) -> PriceRange {
        PriceRange {
            min: Money::from_whole(min),
            max: Money::from_whole(max),
        }
    }

    #[test]
    fn m01_prices_are_whole_units_in_range_and_both_ends_occur() {
        let mut rng = StdRng::seed_from_u64(1);
        let prices: Vec<Price> = (0..10_000)
            .map(|_| price(&mut rng, range(10, 20), range(20, 40)))
            .collect();
        let fees: BTreeSet<i64> = prices.iter().map(|price| price.fee.minor()).collect();
        let rewards: BTreeSet<i64> = prices.iter().map(|price| price.reward.minor()).collect();
        assert_eq!(fees, (10..=20).map(|whole| whole * 100).collect());
        assert_eq!(rewards, (20..=40).map(|whole| whole * 100).collect());
    }

    /// Draws so many prices and gives how often each whole price of a range came; what is not a whole price of it fails.
    fn counts(
        rng: &mut StdRng,
        of: PriceRange,
        pick: impl Fn(Price) -> Money,
        ranges: (PriceRange, PriceRange),
        draws: usize,
    ) -> Vec<u32> {
        let (low, high) = (of.min.minor() / 100, of.max.minor() / 100);
        let mut counts = vec![0; usize::try_from(high - low + 1).unwrap()];
        for _ in 0..draws {
            let drawn = pick(price(rng, ranges.0, ranges.1)).minor();
            assert_eq!(drawn % 100, 0, "{drawn} is no whole unit");
            assert!(
                (low..=high).contains(&(drawn / 100)),
                "{drawn} is out of range"
            );
            counts[usize::try_from(drawn / 100 - low).unwrap()] += 1;
        }
        counts
    }

    /// How far counts are from even ones, in standard deviations of the chi-square statistic above its mean (Wilson and Hilferty).
    fn unevenness(counts: &[u32]) -> f64 {
        let degrees = counts.len() as f64 - 1.0;
        let even = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
        let chi: f64 = counts
            .iter()
            .map(|count| (f64::from(*count) - even).powi(2) / even)
            .sum();
        let spread = 2.0 / (9.0 * degrees);
        ((chi / degrees).cbrt() - (1.0 - spread)) / spread.sqrt()
    }

    /// Above this many standard deviations chance explains it less than once in ten thousand.
    const UNLIKELY: f64 = 3.72;

    #[test]
    fn m01_every_price_of_a_range_is_as_likely_as_any_other() {
        const DRAWS: usize = 100_000;
        for (seed, fee, reward) in [
            (11, range(10, 20), range(20, 40)),
            (12, range(1, 2), range(5, 104)),
            (13, range(999, 1_003), range(1, 1_000)),
        ] {
            let mut rng = StdRng::seed_from_u64(seed);
            let fees = counts(&mut rng, fee, |price| price.fee, (fee, reward), DRAWS);
            let rewards = counts(&mut rng, reward, |price| price.reward, (fee, reward), DRAWS);
            for counts in [fees, rewards] {
                let (first, last) = (counts[0], counts[counts.len() - 1]);
                assert!(first > 0 && last > 0, "both ends occur: {first}, {last}");
                let unevenness = unevenness(&counts);
                assert!(
                    unevenness < UNLIKELY,
                    "seed {seed}: {unevenness:.2} over {} prices",
                    counts.len()
                );
            }
        }
        // The control: a draw that leaves out one end, or favours one price by a tenth, is found.
        let mut lame = vec![10_000; 11];
        lame[10] = 0;
        assert!(unevenness(&lame) > UNLIKELY);
        let mut bent = vec![9_000; 11];
        bent[3] = 9_900;
        assert!(unevenness(&bent) > UNLIKELY);
    }

    #[test]
    fn m01_fee_and_reward_are_drawn_apart() {
        let mut rng = StdRng::seed_from_u64(14);
        let mut counts = vec![0_u32; 11 * 21];
        for _ in 0..100_000 {
            let price = price(&mut rng, range(10, 20), range(20, 40));
            let (fee, reward) = (
                price.fee.minor() / 100 - 10,
                price.reward.minor() / 100 - 20,
            );
            counts[usize::try_from(fee * 21 + reward).unwrap()] += 1;
        }
        let unevenness = unevenness(&counts);
        assert!(unevenness < UNLIKELY, "{unevenness:.2}");
    }

    #[test]
    fn m01_a_range_of_one_price_gives_that_price() {
        let mut rng = StdRng::seed_from_u64(2);
        let one = price(&mut rng, range(7, 7), range(9, 9));
        assert_eq!(
            one,
            Price {
                fee: Money::from_whole(7),
                reward: Money::from_whole(9)
            }
        );
    }

    #[test]
    fn m25_fifty_zero_and_minus_twenty_are_settled_as_the_brief_says() {
        let settled = |opening, fees, rewards| {
            let [opening, fees, rewards] = [opening, fees, rewards].map(Money::from_whole);
            let Settled { payout, closing } = settle(opening, fees, rewards, Money::ZERO);
            (payout.minor() / 100, closing.minor() / 100)
        };
        assert_eq!(settled(0, -10, 60), (50, 0));
        assert_eq!(settled(0, -30, 30), (0, 0));
        assert_eq!(settled(0, -20, 0), (0, -20));
        assert_eq!(settled(-20, 0, 30), (10, 0));
    }

    #[test]
    fn m27_whatever_happened_nothing_is_lost_between_payout_and_debt() {
        let mut rng = StdRng::seed_from_u64(3);
        for _ in 0..10_000 {
            let mut some = |low: i64, high: i64| Money::from_minor(rng.random_range(low..=high));
            let (opening, fees, rewards, adjustments) = (
                some(-90_000, 0),
                some(-90_000, 0),
                some(0, 90_000),
                some(-500, 500),
            );
            let Settled { payout, closing } = settle(opening, fees, rewards, adjustments);
            assert_eq!(payout + closing, opening + fees + rewards + adjustments);
            assert!(!payout.is_negative() && !closing.is_positive());
            assert!(payout == Money::ZERO || closing == Money::ZERO);
        }
    }

    #[test]
    fn m14_the_same_assignment_has_the_same_key_whatever_event_tells_of_it() {
        let fee = NewTransfer {
            kind: TransferKind::AssignmentFee,
            employee: UserId(Uuid::from_u128(1)),
            task: Some(TaskId(Uuid::from_u128(2))),
            assignment_seq: Some(1),
            reason_event_id: Uuid::from_u128(3),
            amount: Money::from_whole(-10),
            recorded_on: NaiveDate::MIN,
            business_date: NaiveDate::MIN,
            cause: None,
        };
        let again = NewTransfer {
            reason_event_id: Uuid::from_u128(4),
            ..fee.clone()
        };
        let next = NewTransfer {
            assignment_seq: Some(2),
            ..fee.clone()
        };
        assert_eq!(fee.key(), again.key());
        assert_ne!(fee.key(), next.key());
    }
}
