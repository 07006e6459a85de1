//! The company's earnings.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::accounting::ROLE;
use crate::accounting::period::Period;
use crate::accounting::queries;
use crate::auth::ApiUser;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::money::Money;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EarningsQuery {
    from: Option<String>,
    to: Option<String>,
}

#[derive(Serialize)]
struct EarningsAnswer {
    items: Vec<DayAnswer>,
    total_minor: Money,
}

#[derive(Serialize)]
struct DayAnswer {
    business_date: NaiveDate,
    fees_minor: Money,
    rewards_minor: Money,
    earned_minor: Money,
}

pub(super) async fn company_earnings(
    user: ApiUser,
    query: Query<EarningsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let today = Period::day(config.zone.date_of(db.clock().now()));
    let period = Period::parse(query.from.as_deref(), query.to.as_deref(), today)?;
    let earnings = db
        .read(ROLE, move |conn| {
            queries::show_earnings(conn, &user.actor, period)
        })
        .await?;
    let total_minor = earnings.total();
    let items = earnings
        .days
        .into_iter()
        .map(|day| DayAnswer {
            business_date: day.business_date,
            fees_minor: day.fees,
            rewards_minor: day.rewards,
            earned_minor: day.earned(),
        })
        .collect();
    Ok(HttpResponse::Ok().json(EarningsAnswer { items, total_minor }))
}
