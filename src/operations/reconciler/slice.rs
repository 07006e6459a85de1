//! Which dates a round asks about.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;

use super::round::Span;
use super::store::{self, Claim, Closed};
use super::tripwire::{self, Counters};
use crate::operations::window::{Part, Window};
use crate::platform::error::AppResult;

/// The time in which every old date is gone over.
const SWEEP: Duration = Duration::from_secs(86_400);

/// Transfers whose tasks one look covers at most. Of a span with more, each look covers a part of the tasks; the sums of its dates and
/// accounts, its statements and seals are always asked as a whole.
const BOUND: i64 = 100_000;

/// Where the sweep over the old dates stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slice {
    /// The last date that was gone over; none: the next slice is the first.
    pub after: Option<NaiveDate>,
    /// Whether this round went over the last of them.
    pub swept: bool,
    /// The dates at which something was changed, as far as they are not gone over yet.
    pub suspect: Option<(NaiveDate, NaiveDate)>,
}

/// What a round looks at.
pub(super) struct Plan {
    pub spans: Vec<Span>,
    pub slice: Slice,
    /// What the server has counted so far.
    pub counters: Counters,
}

/// The plan of a round: from the last closed date of the unbroken row of them to the present, and the next slice of that row; dates at
/// which something was changed go first.
pub(super) fn plan(
    conn: &mut PgConnection,
    claim: &Claim,
    pace: Duration,
    now: DateTime<Utc>,
) -> AppResult<Plan> {
    let mut closed = store::list_closed(conn)?;
    let unbroken = closed
        .windows(2)
        .take_while(|pair| pair[0].business_date.succ_opt() == Some(pair[1].business_date))
        .count();
    closed.truncate(unbroken + 1);
    let present = closed
        .last()
        .map_or(Window::ALL, |last| Window::since(last.business_date));
    let transfers = store::count_transfers_since(conn, present.from)?;
    let seconds = i64::try_from(pace.as_secs()).unwrap_or(i64::MAX).max(1);
    let mut spans = vec![Span {
        window: present.part(part_of(transfers, now.timestamp() / seconds)),
        present: true,
    }];
    let counted = store::count_changes(conn, present.from)?;
    let all = (Window::ALL.from, Window::ALL.until);
    let fresh = tripwire::moved(&claim.counters, &counted, all);
    let suspect = [claim.suspect, fresh]
        .into_iter()
        .flatten()
        .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let day = now.timestamp().div_euclid(86_400);
    let (window, slice) = match suspect {
        Some(suspect) => next_suspects(&closed, suspect, claim.slice_after, day),
        None => next_slice(&closed, claim.slice_after, pace, day),
    };
    spans.extend(window.map(|window| Span {
        window,
        present: false,
    }));
    Ok(Plan {
        spans,
        slice,
        counters: tripwire::counters(&counted),
    })
}

/// The next of the dates at which something was changed, as many as the bound allows; the sweep stays where it is.
fn next_suspects(
    closed: &[Closed],
    (from, until): (NaiveDate, NaiveDate),
    after: Option<NaiveDate>,
    day: i64,
) -> (Option<Window>, Slice) {
    let begin = closed.partition_point(|date| date.business_date < from);
    let end = closed.partition_point(|date| date.business_date <= until);
    // What lies before the first closed date is asked about with that one.
    let end = if begin == 0 {
        end.max(closed.len().min(1))
    } else {
        end
    };
    let within = &closed[begin.min(end)..end];
    let (window, taken) = bounded(within, within.len(), day);
    let window = window.map(|window| from_the_start(window, begin));
    let suspect = within.get(taken).map(|next| (next.business_date, until));
    let slice = Slice {
        after,
        swept: false,
        suspect,
    };
    (window, slice)
}

/// The next of the old dates: so many that all of them are gone over within a day at this pace.
fn next_slice(
    closed: &[Closed],
    after: Option<NaiveDate>,
    pace: Duration,
    day: i64,
) -> (Option<Window>, Slice) {
    let done =
        closed.partition_point(|date| after.is_some_and(|after| date.business_date <= after));
    let begin = if done == closed.len() { 0 } else { done };
    let (window, taken) = bounded(&closed[begin..], size(closed.len(), pace), day);
    let window = window.map(|window| from_the_start(window, begin));
    let swept = begin + taken == closed.len();
    let after = window.map(|window| window.until).filter(|_| !swept);
    let slice = Slice {
        after,
        swept,
        suspect: None,
    };
    (window, slice)
}

/// A window that begins with the closed date of this place; with the first, everything before it is asked about too, where nothing should be.
fn from_the_start(window: Window, place: usize) -> Window {
    let from = if place == 0 {
        Window::ALL.from
    } else {
        window.from
    };
    Window { from, ..window }
}

/// A window over the first of these dates, so many at most and not more than the bound, and how many they are; a date that is above the
/// bound goes alone, with another part of its tasks each day.
fn bounded(dates: &[Closed], most: usize, day: i64) -> (Option<Window>, usize) {
    let mut transfers = 0;
    let more = dates
        .iter()
        .take(most)
        .take_while(|date| {
            transfers += date.transfers;
            transfers <= BOUND
        })
        .count();
    let taken = dates.len().min(more.max(1));
    let (Some(first), Some(last)) = (dates.first(), dates[..taken].last()) else {
        return (None, 0);
    };
    let part = if more == 0 {
        part_of(first.transfers, day)
    } else {
        Part::WHOLE
    };
    let window = Window::between(first.business_date, last.business_date);
    (Some(window.part(part)), taken)
}

/// The part of so many transfers whose turn it is.
fn part_of(transfers: i64, turn: i64) -> Part {
    let of = (transfers.max(1) + BOUND - 1) / BOUND;
    Part {
        index: i32::try_from(turn.rem_euclid(of)).unwrap_or_default(),
        of: i32::try_from(of).unwrap_or(i32::MAX),
    }
}

/// Dates of a slice: so many that all of them are gone over within a day at this pace.
fn size(dates: usize, pace: Duration) -> usize {
    let rounds = SWEEP.as_millis() / pace.as_millis().max(1);
    dates.div_ceil(usize::try_from(rounds.max(1)).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(count: u64, transfers: i64) -> Vec<Closed> {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        (0..count)
            .map(|day| Closed {
                business_date: first + chrono::Days::new(day),
                transfers,
            })
            .collect()
    }

    const MINUTE: Duration = Duration::from_secs(60);

    /// Goes over all old dates on a day; gives every date with the part of it, in order, and the number of rounds.
    fn sweep(closed: &[Closed], day: i64) -> (Vec<(NaiveDate, i32)>, u32) {
        let (mut seen, mut after) = (Vec::new(), None);
        for round in 1.. {
            let (window, slice) = next_slice(closed, after, MINUTE, day);
            if let Some(window) = window {
                let dates = closed.iter().map(|date| date.business_date);
                let dates = dates.filter(|date| (window.from..=window.until).contains(date));
                seen.extend(dates.map(|date| (date, window.part.index)));
            }
            after = slice.after;
            if slice.swept {
                return (seen, round);
            }
        }
        unreachable!("a sweep ends")
    }

    #[test]
    fn r13_every_old_date_is_gone_over_once_and_five_years_of_them_within_a_day() {
        for (count, rounds) in [(0, 1), (1, 1), (2, 2), (7, 7), (1_826, 913)] {
            let closed = dates(count, 100);
            let (seen, took) = sweep(&closed, 0);
            let all: Vec<_> = closed.iter().map(|date| (date.business_date, 0)).collect();
            assert_eq!(seen, all);
            assert_eq!(took, rounds, "{count} dates");
        }
    }

    #[test]
    fn r13_dates_at_which_something_was_changed_go_first_and_the_sweep_goes_on_after_them() {
        let closed = dates(100, BOUND / 10);
        let (from, until) = (closed[20].business_date, closed[50].business_date);
        let after = Some(closed[70].business_date);
        let (mut suspect, mut seen) = (Some((from, until)), 0);
        while let Some(dates) = suspect {
            let (window, slice) = next_suspects(&closed, dates, after, 0);
            let window = window.unwrap();
            assert_eq!(window.from, closed[20 + seen].business_date);
            seen += usize::try_from((window.until - window.from).num_days()).unwrap() + 1;
            assert_eq!((slice.after, slice.swept), (after, false));
            suspect = slice.suspect;
        }
        assert_eq!(seen, 31, "in four rounds of ten dates at most");
        let none = next_suspects(&closed[..5], (from, until), after, 0);
        assert_eq!(
            (none.0, none.1.suspect),
            (None, None),
            "none of them is closed"
        );
    }

    #[test]
    fn r13_of_a_date_above_the_bound_another_part_is_gone_over_each_day() {
        let closed = dates(3, 2 * BOUND + 1);
        for day in 0..6 {
            let (seen, rounds) = sweep(&closed, day);
            let part = i32::try_from(day % 3).unwrap();
            let all: Vec<_> = closed
                .iter()
                .map(|date| (date.business_date, part))
                .collect();
            assert_eq!(seen, all);
            assert_eq!(rounds, 3);
        }
        assert_eq!(part_of(2 * BOUND + 1, 5).of, 3);
        assert_eq!(part_of(BOUND, 5), Part::WHOLE);
        assert_eq!(part_of(0, 5), Part::WHOLE);
    }
}
