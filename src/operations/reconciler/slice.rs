//! Which dates a round asks about.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::round::Span;
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
}

/// A closed date and how many transfers it has.
#[derive(Clone, Copy, Debug, QueryableByName)]
struct Closed {
    #[diesel(sql_type = Date)]
    business_date: NaiveDate,
    #[diesel(sql_type = BigInt)]
    transfers: i64,
}

/// The spans of a round: from the last closed date of the unbroken row of them to the present, and the next slice of that row.
pub(super) fn plan(
    conn: &mut PgConnection,
    after: Option<NaiveDate>,
    pace: Duration,
    now: DateTime<Utc>,
) -> AppResult<(Vec<Span>, Slice)> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        transfers: i64,
    }
    let mut closed: Vec<Closed> = sql_query(
        "select r.business_date, coalesce(s.transfers, 0) as transfers
         from report_v1.payout_runs r left join report_v1.day_seals s on s.business_date = r.business_date
         where r.status = 'closed' order by r.business_date",
    )
    .load(conn)?;
    let unbroken = closed
        .windows(2)
        .take_while(|pair| pair[0].business_date.succ_opt() == Some(pair[1].business_date))
        .count();
    closed.truncate(unbroken + 1);
    let present = closed
        .last()
        .map_or(Window::ALL, |last| Window::since(last.business_date));
    let count: Count = sql_query(
        "select count(*) as transfers from report_v1.transfers where business_date >= $1",
    )
    .bind::<Date, _>(present.from)
    .get_result(conn)?;
    let seconds = i64::try_from(pace.as_secs()).unwrap_or(i64::MAX).max(1);
    let mut spans = vec![Span {
        window: present.part(part_of(count.transfers, now.timestamp() / seconds)),
        present: true,
    }];
    let day = now.timestamp().div_euclid(86_400);
    let (window, slice) = next_slice(&closed, after, pace, day);
    spans.extend(window.map(|window| Span {
        window,
        present: false,
    }));
    Ok((spans, slice))
}

/// The next of the old dates: so many that all of them are gone over within a day at this pace, but not more than the bound; a date that is
/// above the bound goes alone, with another part of its tasks each day.
fn next_slice(
    closed: &[Closed],
    after: Option<NaiveDate>,
    pace: Duration,
    day: i64,
) -> (Option<Window>, Slice) {
    let done =
        closed.partition_point(|date| after.is_some_and(|after| date.business_date <= after));
    let begin = if done == closed.len() { 0 } else { done };
    let mut transfers = 0;
    let more = closed[begin..]
        .iter()
        .take(size(closed.len(), pace))
        .take_while(|date| {
            transfers += date.transfers;
            transfers <= BOUND
        })
        .count();
    let end = closed.len().min(begin + more.max(1));
    let swept = end == closed.len();
    let (Some(first), Some(last)) = (closed.get(begin), closed[..end].last()) else {
        return (None, Slice { after: None, swept });
    };
    let window = Window::between(first.business_date, last.business_date);
    let part = if more == 0 {
        part_of(first.transfers, day)
    } else {
        Part::WHOLE
    };
    let after = Some(last.business_date).filter(|_| !swept);
    (Some(window.part(part)), Slice { after, swept })
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
