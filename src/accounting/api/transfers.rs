//! Balances and transfers: one's own, anybody's, everybody's.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{UserAnswer, list};
use crate::accounting::ROLE;
use crate::accounting::period::{Period, parse_past_date};
use crate::accounting::queries::{
    self, AccountFilter, CompanyFilter, EmployeeRef, Movement, MovementKind, TaskRef,
};
use crate::accounting::views::description;
use crate::auth::ApiUser;
use crate::events::TransferKind;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::web::{lang_of, limit};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BalanceQuery {
    user: Option<String>,
    as_of: Option<String>,
}

#[derive(Serialize)]
struct BalanceAnswer {
    balance_minor: Money,
    earned_today_minor: Money,
    as_of: DateTime<Utc>,
    business_date: NaiveDate,
}

/// `show_balance`: now, or at the close of the date `as_of`; what was earned is that date's.
pub(super) async fn show_balance(
    user: ApiUser,
    query: Query<BalanceQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let whose = read_user(query.user.as_deref())?;
    let now = db.clock().now();
    let today = config.zone.date_of(now);
    let date = match query.as_of.as_deref() {
        Some(date) => parse_past_date("as_of", date, today)?,
        None => today,
    };
    let (head, balance_minor) = db
        .read(ROLE, move |conn| {
            let head = queries::show_account_head(conn, &user.actor, whose, date)?;
            let balance = if date == today {
                head.balance
            } else {
                queries::show_balance_at(conn, &user.actor, whose, date)?
            };
            Ok((head, balance))
        })
        .await?;
    Ok(HttpResponse::Ok().json(BalanceAnswer {
        balance_minor,
        earned_today_minor: head.earned_today,
        as_of: now.min(config.zone.end_of(date)),
        business_date: date,
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TransfersQuery {
    user: Option<String>,
    from: Option<String>,
    to: Option<String>,
    kind: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct TaskAnswer {
    uid: Uuid,
    title: Option<String>,
    jira_id: Option<String>,
}

#[derive(Serialize)]
struct TransferAnswer {
    uid: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserAnswer>,
    at: DateTime<Utc>,
    business_date: NaiveDate,
    kind: &'static str,
    amount_minor: Money,
    balance_minor: Money,
    task: Option<TaskAnswer>,
    description: String,
}

pub(super) async fn show_account_transfers(
    user: ApiUser,
    request: HttpRequest,
    query: Query<TransfersQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let query = query.into_inner();
    let period = today_or(&query, &db, &config)?;
    let (whose, rows) = (
        read_user(query.user.as_deref())?,
        limit(query.limit.as_deref())?,
    );
    let kind = read_kind(query.kind.as_deref(), MovementKind::parse)?;
    let page = db
        .read(ROLE, move |conn| {
            let filter = AccountFilter {
                user: whose,
                period,
                kind,
                cursor: query.cursor.as_deref(),
                limit: rows,
            };
            queries::list_movements(conn, &user.actor, &filter)
        })
        .await?;
    Ok(list(page.map(|movement| {
        transfer_answer(&request, &config, None, movement)
    })))
}

pub(super) async fn show_all_account_transfers(
    user: ApiUser,
    request: HttpRequest,
    query: Query<TransfersQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let query = query.into_inner();
    let period = today_or(&query, &db, &config)?;
    let (whose, rows) = (
        read_user(query.user.as_deref())?,
        limit(query.limit.as_deref())?,
    );
    let kind = read_kind(query.kind.as_deref(), TransferKind::parse)?;
    let page = db
        .read(ROLE, move |conn| {
            let filter = CompanyFilter {
                period,
                user: whose,
                kind,
                cursor: query.cursor.as_deref(),
                limit: rows,
            };
            queries::list_company_transfers(conn, &user.actor, &filter)
        })
        .await?;
    Ok(list(page.map(|row| {
        transfer_answer(&request, &config, Some(row.employee), row.movement)
    })))
}

fn transfer_answer(
    request: &HttpRequest,
    config: &Config,
    employee: Option<EmployeeRef>,
    movement: Movement,
) -> TransferAnswer {
    TransferAnswer {
        uid: movement.uid,
        user: employee.map(|EmployeeRef { uid, name }| UserAnswer { uid, name }),
        at: movement.at,
        business_date: movement.business_date,
        kind: movement.kind.as_str(),
        amount_minor: movement.amount,
        balance_minor: movement.balance,
        description: description(lang_of(request), &movement, &config.currency),
        task: movement.task.map(
            |TaskRef {
                 uid,
                 title,
                 jira_id,
             }| TaskAnswer {
                uid,
                title,
                jira_id,
            },
        ),
    }
}

fn today_or(query: &TransfersQuery, db: &Db, config: &Config) -> AppResult<Period> {
    let today = Period::day(config.zone.date_of(db.clock().now()));
    Period::parse(query.from.as_deref(), query.to.as_deref(), today)
}

fn read_user(user: Option<&str>) -> AppResult<Option<Uuid>> {
    user.map(|text| {
        text.parse()
            .map_err(|_| AppError::field("user", "field-not-understood"))
    })
    .transpose()
}

fn read_kind<K>(kind: Option<&str>, parse: impl FnOnce(&str) -> Option<K>) -> AppResult<Option<K>> {
    kind.map(|word| parse(word).ok_or_else(|| AppError::field("kind", "field-not-understood")))
        .transpose()
}
