//! The company's earnings.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::accounting::ROLE;
use crate::accounting::period::Period;
use crate::accounting::queries;
use crate::auth::ApiUser;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::money::Money;
use crate::platform::web::api::Day;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EarningsQuery {
    /// The first business date; today when neither is said.
    #[param(value_type = Option<Day>, inline)]
    from: Option<String>,
    /// The last business date.
    #[param(value_type = Option<Day>, inline)]
    to: Option<String>,
}

/// What the company earned.
#[derive(Serialize, ToSchema)]
#[schema(as = Earnings)]
struct EarningsAnswer {
    /// A row for each business date with movements.
    items: Vec<DayAnswer>,
    /// What was earned in all of them.
    total_minor: Money,
}

/// What the company earned on a business date: fees without rewards.
#[derive(Serialize, ToSchema)]
#[schema(as = EarningsOfDay)]
struct DayAnswer {
    business_date: NaiveDate,
    fees_minor: Money,
    rewards_minor: Money,
    earned_minor: Money,
}

/// Shows what the company earned, by business date
#[utoipa::path(
    get, path = "/api/v1/accounting/company/earnings", tag = "accounting",
    params(EarningsQuery),
    responses((status = 200, body = EarningsAnswer, description = "The earnings")),
)]
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
