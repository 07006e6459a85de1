//! The questions of a round: the invariants, among them the seals of the closed dates.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;

use crate::operations::invariants::{INVARIANTS, Invariant};
use crate::operations::queries::{Finding, allow_time, ask, touch};
use crate::operations::window::Window;
use crate::platform::error::AppResult;

/// Rows of a finding that the two looks compare.
const COMPARED: i64 = 200;

/// The invariant that nothing waits; while everything is stopped, everything waits.
pub(super) const NOTHING_WAITS: u8 = 6;

/// The invariant that is about the catalogue and not about any date.
const PRIVILEGES: u8 = 10;

/// The invariant about the seals of the closed dates: it reads and digests whole dates, so it is asked slice by slice.
pub(in crate::operations) const SEALS: u8 = 12;

/// What is asked about in one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The dates.
    pub window: Window,
    /// Whether it reaches to the present, and with it what has no date.
    pub present: bool,
}

/// Asks every invariant about a span and gives those that something breaks; `stopped`: while the emergency stop is set.
pub(super) fn ask_all(
    conn: &mut PgConnection,
    span: Span,
    stopped: bool,
    now: DateTime<Utc>,
) -> AppResult<Vec<(Span, Finding)>> {
    prepare(conn, span)?;
    let mut broken = Vec::new();
    for invariant in INVARIANTS {
        let applies = match invariant.number {
            NOTHING_WAITS => span.present && !stopped,
            PRIVILEGES => span.present,
            SEALS => !span.present,
            _ => true,
        };
        if applies {
            let finding = ask(conn, invariant, &span.window, now, COMPARED)?;
            if !finding.holds() {
                broken.push((span, finding));
            }
        }
    }
    Ok(broken)
}

/// Asks one invariant about a span once more.
pub(super) fn ask_again(
    conn: &mut PgConnection,
    span: Span,
    invariant: &'static Invariant,
    now: DateTime<Utc>,
) -> AppResult<Finding> {
    prepare(conn, span)?;
    ask(conn, invariant, &span.window, now, COMPARED)
}

fn prepare(conn: &mut PgConnection, span: Span) -> AppResult<()> {
    allow_time(conn)?;
    if span.window == Window::ALL {
        return Ok(());
    }
    touch(conn, &span.window)
}

/// What broke an invariant in both looks, in the words of the second: by what a row is about, since its figures may move meanwhile.
pub(super) fn in_both(first: &Finding, second: Finding) -> Option<Finding> {
    let about = |line: &str| line.split(": ").next().unwrap_or_default().to_owned();
    let seen: HashSet<String> = first.sample.iter().map(|line| about(line)).collect();
    let sample: Vec<String> = second
        .sample
        .into_iter()
        .filter(|line| seen.contains(&about(line)))
        .collect();
    let count = i64::try_from(sample.len()).unwrap_or(i64::MAX);
    (count > 0).then_some(Finding {
        count,
        sample,
        invariant: second.invariant,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(lines: &[&str]) -> Finding {
        Finding {
            invariant: &INVARIANTS[1],
            count: i64::try_from(lines.len()).unwrap(),
            sample: lines.iter().map(|line| (*line).to_owned()).collect(),
        }
    }

    #[test]
    fn r13_only_what_differs_in_both_looks_counts_however_its_figures_moved() {
        let first = finding(&["employee a: shown 1, sum 2", "employee b: shown 3, sum 4"]);
        let second = finding(&["employee a: shown 5, sum 6", "employee c: shown 7, sum 8"]);
        let both = in_both(&first, second).unwrap();
        assert_eq!(both.sample, ["employee a: shown 5, sum 6"]);
        assert!(in_both(&first, finding(&["employee c: shown 7, sum 8"])).is_none());
        assert!(in_both(&first, finding(&[])).is_none());
    }
}
