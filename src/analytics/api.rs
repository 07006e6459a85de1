//! The figures as JSON (contract section 3).

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig, get, resource};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, OpenApi, PartialSchema, ToSchema};
use uuid::Uuid;

use super::queries::DearestRow;
use super::service::{self, Wanted};
use crate::auth::ApiUser;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::money::Money;
use crate::platform::web::api::{Day, Named, words};

/// What the company earned today: fees without rewards.
#[derive(Serialize, ToSchema)]
struct TodayIncome {
    business_date: NaiveDate,
    earned_minor: Money,
}

/// Who is in the minus.
#[derive(Serialize, ToSchema)]
struct NegativeBalances {
    /// How many they are.
    count: i64,
    /// The deepest of them.
    items: Vec<NegativeBalance>,
}

/// Somebody in the minus.
#[derive(Serialize, ToSchema)]
struct NegativeBalance {
    user: Named,
    balance_minor: Money,
}

/// A span that ends today.
struct SpanWord;

impl PartialSchema for SpanWord {
    fn schema() -> RefOr<Schema> {
        words(["day", "week", "month"])
    }
}

impl ToSchema for SpanWord {}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MostExpensiveQuery {
    /// The day, week or month that today lies in.
    #[param(value_type = Option<SpanWord>, inline)]
    period: Option<String>,
    /// In place of a period: the first business date.
    #[param(value_type = Option<Day>, inline)]
    from: Option<String>,
    /// The last business date.
    #[param(value_type = Option<Day>, inline)]
    to: Option<String>,
}

/// The dearest completed tasks.
#[derive(Serialize, ToSchema)]
struct MostExpensive {
    /// The dearest of each business date that has one, the newest first.
    days: Vec<DearestOfDay>,
    /// The dearest of all of them; `null` when nothing was completed.
    #[schema(required)]
    range: Option<DearestOfRange>,
}

/// The dearest completed task of a business date.
#[derive(Serialize, ToSchema)]
struct DearestOfDay {
    business_date: NaiveDate,
    task: Task,
    reward_minor: Money,
}

/// The dearest completed task of a span of business dates.
#[derive(Serialize, ToSchema)]
struct DearestOfRange {
    from: NaiveDate,
    to: NaiveDate,
    /// When it was completed.
    business_date: NaiveDate,
    task: Task,
    reward_minor: Money,
}

/// A completed task.
#[derive(Serialize, ToSchema)]
#[schema(as = CompletedTask)]
struct Task {
    uid: Uuid,
    title: String,
    #[schema(required)]
    jira_id: Option<String>,
}

impl From<&DearestRow> for Task {
    fn from(row: &DearestRow) -> Self {
        Self {
            uid: row.id,
            title: row.title.clone(),
            jira_id: row.jira_id.clone(),
        }
    }
}

/// Mounts the operations.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/v1/analytics/today-income").route(get().to(today_income)))
        .service(resource("/api/v1/analytics/negative-balances").route(get().to(negative_balances)))
        .service(
            resource("/api/v1/analytics/most-expensive-task")
                .route(get().to(show_the_most_expensive_task)),
        );
}

/// The operations in the API's document.
#[derive(OpenApi)]
#[openapi(
    tags((name = "analytics", description = "Figures of the company")),
    paths(today_income, negative_balances, show_the_most_expensive_task),
)]
pub(super) struct Document;

/// Shows what the company earned today
#[utoipa::path(
    get, path = "/api/v1/analytics/today-income", tag = "analytics",
    responses((status = 200, body = TodayIncome, description = "The figure")),
)]
async fn today_income(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let business_date = config.zone.date_of(db.clock().now());
    let earned_minor = db
        .read(super::ROLE, move |conn| {
            service::today_income(conn, &user.actor, business_date)
        })
        .await?;
    Ok(HttpResponse::Ok().json(TodayIncome {
        business_date,
        earned_minor,
    }))
}

/// Shows who is in the minus
#[utoipa::path(
    get, path = "/api/v1/analytics/negative-balances", tag = "analytics",
    responses((status = 200, body = NegativeBalances, description = "Their number and their balances")),
)]
async fn negative_balances(user: ApiUser, db: Data<Db>) -> AppResult<HttpResponse> {
    let debtors = db
        .read(super::ROLE, move |conn| {
            service::negative_balances(conn, &user.actor)
        })
        .await?;
    let items = debtors.deepest.into_iter().map(|row| NegativeBalance {
        balance_minor: row.balance(),
        user: Named {
            uid: row.id,
            name: row.name,
        },
    });
    Ok(HttpResponse::Ok().json(NegativeBalances {
        count: debtors.count,
        items: items.collect(),
    }))
}

/// Shows the dearest completed tasks
///
/// Of each day and of the whole span, by reward; the earlier one of two alike.
#[utoipa::path(
    get, path = "/api/v1/analytics/most-expensive-task", tag = "analytics",
    params(MostExpensiveQuery),
    responses((status = 200, body = MostExpensive, description = "The tasks")),
)]
async fn show_the_most_expensive_task(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<MostExpensiveQuery>,
) -> AppResult<HttpResponse> {
    let today = config.zone.date_of(db.clock().now());
    let MostExpensiveQuery { period, from, to } = query.into_inner();
    let wanted = Wanted { period, from, to };
    let found = db
        .read(super::ROLE, move |conn| {
            service::show_the_most_expensive_task(conn, &user.actor, today, &wanted)
        })
        .await?;
    let days = found.days.iter().map(|row| DearestOfDay {
        business_date: row.completed_date,
        task: row.into(),
        reward_minor: row.reward(),
    });
    let range = found.of_all.as_ref().map(|row| DearestOfRange {
        from: found.period.from,
        to: found.period.to,
        business_date: row.completed_date,
        task: row.into(),
        reward_minor: row.reward(),
    });
    Ok(HttpResponse::Ok().json(MostExpensive {
        days: days.collect(),
        range,
    }))
}
