//! Which dates a round asks about.

use std::time::Duration;

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::Date;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::round::Span;
use crate::operations::window::Window;
use crate::platform::error::AppResult;

/// The time in which every old date is gone over.
const SWEEP: Duration = Duration::from_secs(86_400);

/// Where the sweep over the old dates stands after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// The last date that was gone over; none: the next slice is the first.
    pub after: Option<NaiveDate>,
    /// Whether this round went over the last of them.
    pub swept: bool,
}

/// The spans of a round: from the last closed date of the unbroken row of them to the present, and the next slice of that row.
pub(super) fn plan(
    conn: &mut PgConnection,
    after: Option<NaiveDate>,
    pace: Duration,
) -> AppResult<(Vec<Span>, Slice)> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Date)]
        business_date: NaiveDate,
    }
    let rows: Vec<Row> = sql_query(
        "select r.business_date from report_v1.payout_runs r where r.status = 'closed' order by r.business_date",
    )
    .load(conn)?;
    let closed: Vec<NaiveDate> = rows.into_iter().map(|row| row.business_date).collect();
    Ok(spans_of(&closed, after, pace))
}

fn spans_of(closed: &[NaiveDate], after: Option<NaiveDate>, pace: Duration) -> (Vec<Span>, Slice) {
    let unbroken = closed
        .windows(2)
        .take_while(|pair| pair[0].succ_opt() == Some(pair[1]))
        .count();
    let old = closed.get(..=unbroken).unwrap_or_default();
    let Some(last) = old.last() else {
        let present = Span {
            window: Window::ALL,
            present: true,
        };
        let slice = Slice {
            after: None,
            swept: true,
        };
        return (vec![present], slice);
    };
    let mut spans = vec![Span {
        window: Window::since(*last),
        present: true,
    }];
    let begin = old.partition_point(|date| after.is_some_and(|after| *date <= after));
    let begin = if begin == old.len() { 0 } else { begin };
    let end = old.len().min(begin + size(old.len(), pace));
    let slice = &old[begin..end];
    if let (Some(from), Some(until)) = (slice.first(), slice.last()) {
        spans.push(Span {
            window: Window {
                from: *from,
                until: *until,
            },
            present: false,
        });
    }
    let swept = end == old.len();
    let after = slice.last().copied().filter(|_| !swept);
    (spans, Slice { after, swept })
}

/// Dates of a slice: so many that all of them are gone over within a day at this pace.
fn size(dates: usize, pace: Duration) -> usize {
    let rounds = SWEEP.as_millis() / pace.as_millis().max(1);
    dates.div_ceil(usize::try_from(rounds.max(1)).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(count: u64) -> Vec<NaiveDate> {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        (0..count)
            .map(|day| first + chrono::Days::new(day))
            .collect()
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn r13_every_old_date_is_gone_over_and_five_years_of_them_within_a_day() {
        for (count, rounds) in [(0, 1), (1, 1), (2, 2), (7, 7), (1_826, 1_440)] {
            let closed = dates(count);
            let (mut seen, mut after) = (Vec::new(), None);
            for round in 1.. {
                let (spans, slice) = spans_of(&closed, after, MINUTE);
                if let Some(span) = spans.get(1) {
                    let from = seen
                        .last()
                        .map_or(closed[0], |last: &NaiveDate| last.succ_opt().unwrap());
                    assert_eq!(span.window.from, from);
                    seen.extend(
                        closed
                            .iter()
                            .filter(|date| (from..=span.window.until).contains(date)),
                    );
                }
                after = slice.after;
                if slice.swept {
                    assert!(round <= rounds, "{count} dates took {round} rounds");
                    break;
                }
            }
            assert_eq!(seen, closed);
        }
    }

    #[test]
    fn r13_what_is_not_closed_belongs_to_the_present_with_the_last_closed_date_before_it() {
        let mut closed = dates(10);
        let (spans, _) = spans_of(&closed, None, MINUTE);
        assert_eq!(spans[0].window, Window::since(closed[9]));
        closed.remove(5);
        let (spans, _) = spans_of(&closed, None, MINUTE);
        assert_eq!(spans[0].window, Window::since(closed[4]));
        let (spans, slice) = spans_of(&[], None, MINUTE);
        assert_eq!(spans[0].window, Window::ALL);
        assert!(spans.len() == 1 && slice.swept);
    }
}
