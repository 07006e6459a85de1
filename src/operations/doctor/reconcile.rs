//! The ledger against the log, event by event.

use std::collections::BTreeMap;

use diesel::pg::PgConnection;
use uuid::Uuid;

use super::fold::{self, Due, Unheard};
use crate::bus::{self, Check};
use crate::operations::queries::{self, Leg};
use crate::platform::error::AppResult;

/// Events that are compared at once.
const PAGE: i64 = 500;

/// Faults that are told; more of them say nothing new.
const TOLD: usize = 100;

/// Count and sum of the legs of each event against what the log up to the position calls for.
pub(super) fn ledger(
    conn: &mut PgConnection,
    consumer: &str,
    unheard: &Unheard,
) -> AppResult<Check> {
    let Some(position) = bus::reached(conn, consumer)? else {
        return Ok(Check::new("ledger", Vec::new()));
    };
    let mut faults = queries::legs_ahead_of(conn, position)?;
    // A creation names the assignment that follows it, which may stand on the next page.
    let (mut after, mut before): (i64, Vec<Due>) = (0, Vec::new());
    let (mut events, mut legs) = (0, 0);
    while faults.len() < TOLD {
        let page = queries::list_log(conn, after, position, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        events += page.len();
        let dues: Vec<Due> = page
            .iter()
            .flat_map(|event| fold::dues(event, unheard))
            .collect();
        let tasks: Vec<Uuid> = dues.iter().chain(&before).map(|due| due.task).collect();
        let prices = queries::list_prices(conn, &tasks)?;
        let mut reasons: Vec<Uuid> = page.iter().map(|event| event.event_id).collect();
        reasons.extend(dues.iter().map(|due| due.reason));
        reasons.sort_unstable();
        reasons.dedup();
        let expected = fold::legs_of(dues.iter().chain(&before), &prices);
        let mut booked: BTreeMap<Uuid, Vec<Leg>> = BTreeMap::new();
        for leg in queries::list_legs(conn, &reasons)? {
            legs += 1;
            booked.entry(leg.reason).or_default().push(leg);
        }
        faults.extend(reasons.iter().filter_map(|reason| {
            let empty = Vec::new();
            let (expected, booked) = (
                expected.get(reason).unwrap_or(&empty),
                booked.get(reason).unwrap_or(&empty),
            );
            difference(*reason, expected, booked)
        }));
        before = dues;
    }
    faults.truncate(TOLD);
    Ok(Check {
        notes: vec![format!("{events} events, {legs} legs up to {position}")],
        ..Check::new("ledger", faults)
    })
}

/// What is wrong with the legs of one event, in a line.
fn difference(reason: Uuid, expected: &[Leg], booked: &[Leg]) -> Option<String> {
    let sorted = |legs: &[Leg]| {
        let mut legs = legs.to_vec();
        legs.sort_unstable();
        legs
    };
    if sorted(expected) == sorted(booked) {
        return None;
    }
    let sum = |legs: &[Leg]| legs.iter().map(|leg| leg.amount_minor).sum::<i64>();
    let line = format!(
        "event {reason}: the log calls for {} legs, sum {}; the ledger has {}, sum {}",
        expected.len(),
        sum(expected),
        booked.len(),
        sum(booked)
    );
    let same = expected.len() == booked.len() && sum(expected) == sum(booked);
    Some(if same {
        format!("{line}; they move other accounts")
    } else {
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_on_another_account_is_a_difference() {
        let leg = |employee| Leg {
            reason: Uuid::nil(),
            kind: "assignment_fee".into(),
            task: Some(Uuid::nil()),
            employee: Uuid::from_u128(employee),
            amount_minor: -1_000,
        };
        assert_eq!(difference(Uuid::nil(), &[leg(1)], &[leg(1)]), None);
        let told = difference(Uuid::nil(), &[leg(1)], &[leg(2)]).unwrap();
        assert!(told.ends_with("they move other accounts"), "{told}");
        assert!(difference(Uuid::nil(), &[leg(1)], &[]).is_some());
    }
}
