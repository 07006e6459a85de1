//! The figures as JSON (contract section 3).

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig, get};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::queries::DearestRow;
use super::service::{self, Wanted};
use crate::auth::ApiUser;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::money::Money;

#[derive(Serialize)]
struct TodayIncome {
    business_date: NaiveDate,
    earned_minor: Money,
}

#[derive(Serialize)]
struct NegativeBalances {
    count: i64,
    items: Vec<NegativeBalance>,
}

#[derive(Serialize)]
struct NegativeBalance {
    user: Named,
    balance_minor: Money,
}

#[derive(Serialize)]
struct Named {
    uid: Uuid,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MostExpensiveQuery {
    period: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Serialize)]
struct MostExpensive {
    days: Vec<DearestOfDay>,
    range: Option<DearestOfRange>,
}

#[derive(Serialize)]
struct DearestOfDay {
    business_date: NaiveDate,
    task: Task,
    reward_minor: Money,
}

#[derive(Serialize)]
struct DearestOfRange {
    from: NaiveDate,
    to: NaiveDate,
    business_date: NaiveDate,
    task: Task,
    reward_minor: Money,
}

#[derive(Serialize)]
struct Task {
    uid: Uuid,
    title: String,
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
    app.route("/api/v1/analytics/today-income", get().to(today_income))
        .route(
            "/api/v1/analytics/negative-balances",
            get().to(negative_balances),
        )
        .route(
            "/api/v1/analytics/most-expensive-task",
            get().to(show_the_most_expensive_task),
        );
}

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
