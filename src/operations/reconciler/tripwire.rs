//! Edits of what is never edited, seen without reading it: the server counts the rows of each table that were changed.
//!
//! The ledger, the journal, statements, payouts, prices and seals only grow, and only at their present end. So a count of changed rows that
//! moves, in a month that is over also one of added rows, says where to look first. It proves nothing: counters are lost in a crash, and
//! whoever owns the database can reset them; then everything is gone over. The proof is the sweep, which asks every date each day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;

/// How often the rows of each table were changed, by its name.
pub(super) type Counters = BTreeMap<String, i64>;

/// A table, and the dates of its rows.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Counted {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    changes: i64,
    /// The first of its dates; none: it may have all.
    #[diesel(sql_type = Nullable<Date>)]
    from: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    until: Option<NaiveDate>,
}

/// Every table whose rows never change; of a month that ends before `present`, rows that were added count too. A month of the journal
/// touches the dates beside it, since its days are those of UTC.
pub(super) fn count(conn: &mut PgConnection, present: NaiveDate) -> AppResult<Vec<Counted>> {
    Ok(sql_query(
        "select s.name, s.first - 1 as from, s.last + 1 as until,
           s.changed + case when s.last < $1 then s.added else 0 end as changes
         from (
           select t.schemaname || '.' || t.relname as name, t.n_tup_upd + t.n_tup_del as changed, t.n_tup_ins as added,
             left(bound.at[1], 10)::date as first, left(bound.at[2], 10)::date as last
           from pg_stat_all_tables t join pg_class c on c.oid = t.relid
             cross join lateral (select regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)') as at) bound
           where t.schemaname in ('accounting', 'tasks', 'archive') and not t.relname like '%_default'
             and t.relname ~ '^(transfers|journal|statements|payouts|task_prices|day_seals)(_|$)'
         ) s order by s.name",
    )
    .bind::<Date, _>(present)
    .load(conn)?)
}

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
