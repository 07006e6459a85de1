//! The list of somebody's statements, and several days on one sheet.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::super::EmployeeRef;
use super::super::account::{account_of, show_account_head};
use super::super::balances::balance_at;
use crate::accounting::period::Period;
use crate::accounting::store::Figures;
use crate::auth::Actor;
use crate::platform::clock::previous_day;
use crate::platform::db::Prepare;
use crate::platform::error::AppResult;
use crate::platform::web::{Cursor, PageOf};

/// A day in a list.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct StatementLine {
    /// The date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// Whether it is settled.
    #[diesel(sql_type = Bool)]
    pub is_final: bool,
    /// What it comes to.
    #[diesel(embed)]
    pub figures: Figures,
    /// How the mail about it stands.
    #[diesel(sql_type = Nullable<Text>)]
    pub mail_state: Option<String>,
}

/// The statements of settled days, newest first.
///
/// # Errors
/// Forbidden for another's without the right; 404 for nobody's; invalid at `cursor`.
pub(in crate::accounting) fn list_statements(
    conn: &mut PgConnection,
    actor: &Actor,
    user: Option<Uuid>,
    period: Period,
    cursor: Option<&str>,
    limit: i64,
) -> AppResult<PageOf<StatementLine>> {
    let uid = account_of(conn, actor, user)?;
    let before: Option<NaiveDate> = Cursor::key(cursor)?;
    let rows: Vec<StatementLine> = sql_query(
        "select s.business_date, true as is_final, s.opening_minor, s.fees_minor, s.rewards_minor, s.adjustments_minor,
           s.payout_minor, s.closing_minor,
           (select m.state from accounting.mails m where m.employee_id = s.account_id and m.business_date = s.business_date
              and m.kind in ('payout', 'statement') order by m.kind limit 1) as mail_state
         from accounting.statements s
         where s.account_id = $1 and s.business_date between $2 and $3 and ($4 is null or s.business_date < $4)
         order by s.business_date desc limit $5",
    )
    .bind::<SqlUuid, _>(uid)
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .bind::<Nullable<Date>, _>(before)
    .bind::<BigInt, _>(limit + 1)
    .load(conn)?;
    Ok(PageOf::from_rows(rows, limit, |row| row.business_date))
}

/// Several days of one person: the opening of the first, a line a day that moved, the closing of the last (M33).
#[derive(Clone, Debug)]
pub(in crate::accounting) struct PeriodStatement {
    /// Whose.
    pub employee: EmployeeRef,
    /// The days with movements or a debt, in order.
    pub days: Vec<StatementLine>,
    /// What they come to together.
    pub figures: Figures,
}

impl PeriodStatement {
    /// Whether nothing in it can change any more.
    pub fn is_final(&self) -> bool {
        self.days.iter().all(|day| day.is_final)
    }

    /// Whether the foot adds up, and each day begins as the one before ended.
    pub fn adds_up(&self) -> bool {
        let mut balance = self.figures.opening_minor;
        let chained = self.days.iter().all(|day| {
            let follows = day.figures.opening_minor == balance && day.figures.add_up();
            balance = day.figures.closing_minor;
            follows
        });
        chained && self.figures.add_up() && balance == self.figures.closing_minor
    }
}

/// The statement of a period.
///
/// # Errors
/// Forbidden for another's without the right; 404 for nobody's; invalid for a period too long for a table.
pub(in crate::accounting) fn show_period_statement(
    conn: &mut PgConnection,
    actor: &Actor,
    user: Option<Uuid>,
    period: Period,
) -> AppResult<PeriodStatement> {
    let period = period.as_table()?;
    let employee = show_account_head(conn, actor, user, period.to)?.employee;
    let mut days: Vec<StatementLine> = sql_query(
        "with live as (
           select t.business_date,
             coalesce(sum(amount_minor) filter (where kind = 'assignment_fee'), 0)::bigint as fees_minor,
             coalesce(sum(amount_minor) filter (where kind = 'completion_reward'), 0)::bigint as rewards_minor,
             coalesce(sum(amount_minor) filter (where kind = 'adjustment'), 0)::bigint as adjustments_minor,
             coalesce(-sum(amount_minor) filter (where kind = 'payout'), 0)::bigint as payout_minor
           from accounting.transfers t
           where t.account_id = $1 and t.business_date between $2 and $3
             and not exists (select from accounting.statements s
               where s.account_id = $1 and s.business_date = t.business_date and s.business_date between $2 and $3)
           group by t.business_date
         )
         select business_date, true as is_final, opening_minor, fees_minor, rewards_minor, adjustments_minor, payout_minor,
           closing_minor, null as mail_state
         from accounting.statements where account_id = $1 and business_date between $2 and $3
         union all
         select business_date, false, 0, fees_minor, rewards_minor, adjustments_minor, payout_minor, 0, null from live
         order by business_date",
    )
    .bind::<SqlUuid, _>(employee.uid)
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .prepared()
    .load(conn)?;
    let opening = balance_at(conn, employee.uid, previous_day(period.from))?;
    let mut total = Figures {
        opening_minor: opening,
        closing_minor: opening,
        ..Figures::default()
    };
    for day in &mut days {
        let figures = &mut day.figures;
        if !day.is_final {
            figures.opening_minor = total.closing_minor;
            figures.closing_minor = figures.opening_minor + figures.earned() - figures.payout_minor;
        }
        total.fees_minor = total.fees_minor + figures.fees_minor;
        total.rewards_minor = total.rewards_minor + figures.rewards_minor;
        total.adjustments_minor = total.adjustments_minor + figures.adjustments_minor;
        total.payout_minor = total.payout_minor + figures.payout_minor;
        total.closing_minor = figures.closing_minor;
    }
    Ok(PeriodStatement {
        employee,
        days,
        figures: total,
    })
}
