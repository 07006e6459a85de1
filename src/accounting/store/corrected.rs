//! A transfer that a correction makes good for.

use chrono::{DateTime, NaiveDate};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::clock::{next_day, previous_day};
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// A transfer that somebody wants to make good for.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct Corrected {
    /// Whose account it moved.
    #[diesel(sql_type = SqlUuid)]
    pub account_id: Uuid,
    /// Signed from the employee's side.
    #[diesel(sql_type = BigInt)]
    pub amount_minor: Money,
    /// What confirmed corrections have made good for so far.
    #[diesel(sql_type = BigInt)]
    pub confirmed_minor: Money,
    /// The task it is about.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub task_id: Option<Uuid>,
    /// Its date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
}

/// The date of a transfer. The ledger is kept by dates and has no index of ids alone; an id begins with the instant at which it was made, so the transfer
/// is looked for on the dates around that, and only one that was booked long after its date, or never, on each date there is: a probe of an index for each.
pub(in crate::accounting) fn find_date(
    conn: &mut PgConnection,
    id: Uuid,
) -> AppResult<Option<NaiveDate>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Date)]
        business_date: NaiveDate,
    }
    let near: Option<Row> = sql_query(
        "select business_date from accounting.all_transfers where id = $1 and business_date = any($2)",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Array<Date>, _>(dates_around(id))
    .get_result(conn)
    .optional()?;
    let row: Option<Row> = match near {
        Some(row) => Some(row),
        None => sql_query(
            "select found.business_date from (select min(business_date) as first, max(business_date) as last from accounting.all_transfers) l
             cross join lateral generate_series(l.first, l.last, interval '1 day') as d
             cross join lateral (
               select t.business_date from accounting.all_transfers t where t.business_date = d::date and t.id = $1 limit 1
             ) found limit 1",
        )
        .bind::<SqlUuid, _>(id)
        .get_result(conn)
        .optional()?,
    };
    Ok(row.map(|row| row.business_date))
}

/// The dates that any zone had when an id was made; none for an id that does not tell.
fn dates_around(id: Uuid) -> Vec<NaiveDate> {
    let made = id.get_timestamp().map(|made| made.to_unix().0);
    let made = made.and_then(|seconds| DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0));
    made.map_or_else(Vec::new, |made| {
        let date = made.date_naive();
        vec![previous_day(date), date, next_day(date)]
    })
}

/// A transfer by its id.
pub(in crate::accounting) fn find_transfer(
    conn: &mut PgConnection,
    id: Uuid,
) -> AppResult<Option<Corrected>> {
    let Some(date) = find_date(conn, id)? else {
        return Ok(None);
    };
    Ok(sql_query(
        "select t.account_id, t.amount_minor, coalesce((select sum(c.amount_minor) from accounting.corrections c
             where c.corrected_transfer_id = t.id and c.state = 'confirmed'), 0)::bigint as confirmed_minor, t.task_id, t.business_date
         from accounting.all_transfers t where t.id = $1 and t.business_date = $2",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Date, _>(date)
    .get_result(conn)
    .optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_on_which_dates_it_was_made_if_it_tells_anything() {
        let id = "019cadc6-9a80-7012-afd2-accf8ab1cece".parse().unwrap();
        let date = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        assert_eq!(dates_around(id), [date(1), date(2), date(3)]);
        assert!(dates_around(Uuid::nil()).is_empty());
        assert!(dates_around(Uuid::max()).is_empty());
    }
}
