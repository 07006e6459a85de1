//! What differed: kept with where it was found, until it is asked again there and agrees.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::round::{NOTHING_WAITS, Span};
use crate::operations::invariants::{INVARIANTS, Invariant};
use crate::operations::queries::Finding;
use crate::operations::window::{Part, Window};
use crate::platform::agreement::Difference;

/// So many are asked again in a round; the others wait for their turn and count as before.
const ASKED_AGAIN: usize = 8;

/// Rows of a finding that are kept.
const KEPT: usize = 5;

/// An invariant that something broke, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unsettled {
    number: u8,
    from: NaiveDate,
    until: NaiveDate,
    part: i32,
    of: i32,
    present: bool,
    lines: Vec<String>,
}

impl Unsettled {
    pub fn new(span: Span, finding: &Finding) -> Self {
        Self {
            number: finding.invariant.number,
            from: span.window.from,
            until: span.window.until,
            part: span.window.part.index,
            of: span.window.part.of,
            present: span.present,
            lines: finding.sample.iter().take(KEPT).cloned().collect(),
        }
    }

    /// Where it was found.
    pub fn span(&self) -> Span {
        let part = Part {
            index: self.part,
            of: self.of,
        };
        Span {
            window: Window::between(self.from, self.until).part(part),
            present: self.present,
        }
    }

    /// What it broke; nothing, when this program knows no such invariant.
    pub fn invariant(&self) -> Option<&'static Invariant> {
        INVARIANTS
            .iter()
            .find(|invariant| invariant.number == self.number)
    }

    /// Whether it is that something waits, as everything does while the emergency stop is set.
    pub fn only_waits(&self) -> bool {
        self.number == NOTHING_WAITS
    }

    fn is_of(&self, span: Span, number: u8) -> bool {
        self.span() == span && self.number == number
    }
}

/// Those whose turn it is to be asked again, and the rest; what a round of these spans asks anyway is neither.
pub(super) fn turns(known: Vec<Unsettled>, spans: &[Span]) -> (Vec<Unsettled>, Vec<Unsettled>) {
    let mut turn: Vec<Unsettled> = known
        .into_iter()
        .filter(|one| !spans.contains(&one.span()))
        .collect();
    let rest = turn.split_off(turn.len().min(ASKED_AGAIN));
    (turn, rest)
}

/// What is unsettled after a round: what had no turn, then what was found, each once.
pub(super) fn after(rest: Vec<Unsettled>, found: &[(Span, Finding)]) -> Vec<Unsettled> {
    let mut all = rest;
    for (span, finding) in found {
        all.retain(|one| !one.is_of(*span, finding.invariant.number));
        all.push(Unsettled::new(*span, finding));
    }
    all
}

/// The same as people read it: one difference for each invariant.
pub(super) fn differences(all: &[Unsettled]) -> Vec<Difference> {
    let mut told: Vec<Difference> = Vec::new();
    for one in all {
        let number = i16::from(one.number);
        let place = told.iter().position(|other| other.number == number);
        let place = place.unwrap_or_else(|| {
            told.push(Difference {
                number,
                money: one.invariant().is_some_and(|invariant| invariant.money),
                lines: Vec::new(),
            });
            told.len() - 1
        });
        let lines = &mut told[place].lines;
        for line in &one.lines {
            if lines.len() < KEPT && !lines.contains(line) {
                lines.push(line.clone());
            }
        }
    }
    told.sort_by_key(|difference| difference.number);
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(day: u32) -> Span {
        let date = NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        Span {
            window: Window::between(date, date),
            present: false,
        }
    }

    fn found(day: u32, number: usize, line: &str) -> (Span, Finding) {
        let finding = Finding {
            invariant: &INVARIANTS[number],
            count: 1,
            sample: vec![line.to_owned()],
        };
        (span(day), finding)
    }

    #[test]
    fn r13_what_differs_stays_until_it_is_asked_again_and_agrees() {
        let first: Vec<_> = (1..=10)
            .map(|day| found(day, 1, &format!("{day}")))
            .collect();
        let known = after(Vec::new(), &first);
        assert_eq!(known.len(), 10);
        let (turn, rest) = turns(known, &[span(1)]);
        assert_eq!(
            (turn.len(), rest.len()),
            (8, 1),
            "the first is asked anyway"
        );
        let still = after(rest, &[found(1, 1, "1"), found(5, 1, "5")]);
        let days: Vec<String> = still.iter().flat_map(|one| one.lines.clone()).collect();
        assert_eq!(days, ["10", "1", "5"], "who had no turn is asked first");
        assert_eq!(still[0].span(), span(10));
        assert!(after(Vec::new(), &[]).is_empty());
    }

    #[test]
    fn r13_a_check_that_differs_in_two_spans_is_told_once() {
        let all = after(
            Vec::new(),
            &[
                found(1, 1, "a: 1"),
                found(2, 1, "b: 2"),
                found(1, 3, "c"),
                found(3, 1, "a: 1"),
            ],
        );
        let told = differences(&all);
        assert_eq!(told.len(), 2);
        assert_eq!(told[0].lines, ["a: 1", "b: 2"]);
    }
}
