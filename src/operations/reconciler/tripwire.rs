//! Edits of what is never edited, seen without reading it: the server counts the rows of each table that were changed.
//!
//! The ledger, the journal, statements, payouts, prices and seals only grow, and only at their present end. So a count of changed rows that
//! moves, in a month that is over also one of added rows, says where to look first. It proves nothing: counters are lost in a crash, and
//! whoever owns the database can reset them; then everything is gone over. The proof is the sweep, which asks every date each day.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::store::Counted;

/// How often the rows of each table were changed, by its name.
pub(super) type Counters = BTreeMap<String, i64>;

/// The dates of the tables whose counters moved since `before`, from the first to the last; none: nothing moved. A table that is new
/// or gone is no edit.
pub(super) fn moved(
    before: &Counters,
    now: &[Counted],
    all: (NaiveDate, NaiveDate),
) -> Option<(NaiveDate, NaiveDate)> {
    now.iter()
        .filter(|table| {
            before
                .get(&table.name)
                .is_some_and(|changes| *changes != table.changes)
        })
        .map(|table| (table.from.unwrap_or(all.0), table.until.unwrap_or(all.1)))
        .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
}

/// What is kept of them.
pub(super) fn counters(now: &[Counted]) -> Counters {
    now.iter()
        .map(|table| (table.name.clone(), table.changes))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    fn table(name: &str, changes: i64, dates: Option<(u32, u32)>) -> Counted {
        Counted {
            name: name.to_owned(),
            changes,
            from: dates.map(|(from, _)| date(from)),
            until: dates.map(|(_, until)| date(until)),
        }
    }

    #[test]
    fn r13_a_counter_that_moves_names_its_dates() {
        let all = (date(1), date(31));
        let tables = |first, second, whole| {
            [
                table("a", first, Some((1, 9))),
                table("b", second, Some((10, 19))),
                table("c", whole, None),
            ]
        };
        let before = counters(&tables(0, 5, 0));
        assert_eq!(moved(&before, &tables(0, 5, 0), all), None);
        assert_eq!(
            moved(&before, &tables(0, 6, 0), all),
            Some((date(10), date(19)))
        );
        assert_eq!(
            moved(&before, &tables(1, 0, 0), all),
            Some((date(1), date(19))),
            "a counter that was reset too"
        );
        assert_eq!(moved(&before, &tables(0, 5, 1), all), Some(all));
        assert_eq!(
            moved(&Counters::new(), &tables(3, 3, 3), all),
            None,
            "the first look"
        );
    }
}
