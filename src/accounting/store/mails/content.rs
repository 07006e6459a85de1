//! What a mail is about, read when it is written out.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Binary, Date, Integer, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::accounting::store::Figures;
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// A day for those who answer for the books.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::accounting) struct DayDigest {
    /// Sum of the fees, positive.
    #[diesel(sql_type = BigInt)]
    pub fees_minor: Money,
    /// Sum of the rewards, positive.
    #[diesel(sql_type = BigInt)]
    pub rewards_minor: Money,
    /// What was paid in all.
    #[diesel(sql_type = BigInt)]
    pub paid_minor: Money,
    /// How many were paid.
    #[diesel(sql_type = Integer)]
    pub people: i32,
    /// How many were left with a debt.
    #[diesel(sql_type = Integer)]
    pub negative_balances: i32,
    /// Accounts that were held and settled later than the others.
    #[diesel(sql_type = BigInt)]
    pub held: i64,
    /// Accounts that are held now, for any date.
    #[diesel(sql_type = BigInt)]
    pub held_now: i64,
    /// Transfers of the day.
    #[diesel(sql_type = BigInt)]
    pub transfers: i64,
    /// The digest of the chain.
    #[diesel(sql_type = Binary)]
    pub digest: Vec<u8>,
}

/// What a mail has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::accounting) enum Matter {
    /// Somebody was paid: the statement of the day, if it is there.
    Payout(Option<Figures>),
    /// Somebody was not paid: the statement of the day.
    Statement(Option<Figures>),
    /// A day was closed and sealed.
    Digest(Option<DayDigest>),
}

/// What a mail of a kind to somebody about a date tells.
pub(in crate::accounting) fn find_matter(
    conn: &mut PgConnection,
    kind: &str,
    employee: Uuid,
    date: NaiveDate,
) -> AppResult<Matter> {
    if kind == "day_digest" {
        let digest = sql_query(
            "select d.fees_minor, d.rewards_minor, d.paid_minor, d.people, d.negative_balances, s.transfers, s.digest,
               (select count(*) from accounting.held_accounts h where h.business_date = s.business_date) as held,
               (select count(distinct h.account_id) from accounting.held_accounts h where h.released_at is null) as held_now
             from accounting.day_seals s join accounting.business_days d using (business_date)
             where s.business_date = $1",
        )
        .bind::<Date, _>(date)
        .get_result(conn)
        .optional()?;
        return Ok(Matter::Digest(digest));
    }
    let figures = sql_query(
        "select opening_minor, fees_minor, rewards_minor, adjustments_minor, payout_minor, closing_minor
         from accounting.statements where account_id = $1 and business_date = $2",
    )
    .bind::<SqlUuid, _>(employee)
    .bind::<Date, _>(date)
    .get_result(conn)
    .optional()?;
    Ok(match kind {
        "statement" => Matter::Statement(figures),
        _ => Matter::Payout(figures),
    })
}
