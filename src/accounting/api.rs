//! The API's four money endpoints, the payout runs, and `pay_to_workers` (contract, section 3).

use actix_web::web::{Bytes, Data, Path, Query, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ROLE;
use super::period::{Period, parse_date};
use super::queries::{
    self, AccountFilter, CompanyFilter, EmployeeRef, Movement, MovementKind, PayoutLine, PayoutRun,
    TaskRef,
};
use super::service::{self, Run, RunStatus};
use super::views::description;
use crate::auth::ApiUser;
use crate::events::TransferKind;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::web::{PageOf, lang_of, limit};

/// Mounts the operations.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.route("/api/v1/accounting/balance", get().to(show_balance))
        .route(
            "/api/v1/accounting/transfers",
            get().to(show_account_transfers),
        )
        .route(
            "/api/v1/accounting/company/transfers",
            get().to(show_all_account_transfers),
        )
        .route(
            "/api/v1/accounting/company/earnings",
            get().to(company_earnings),
        )
        .route("/api/v1/accounting/payouts", post().to(pay_to_workers))
        .route("/api/v1/accounting/payouts", get().to(list_payouts))
        .route("/api/v1/accounting/payouts/{date}", get().to(show_payout));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhoseQuery {
    user: Option<String>,
}

#[derive(Serialize)]
struct BalanceAnswer {
    balance_minor: Money,
    earned_today_minor: Money,
    as_of: DateTime<Utc>,
}

async fn show_balance(
    user: ApiUser,
    query: Query<WhoseQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let whose = read_user(query.user.as_deref())?;
    let now = db.clock().now();
    let today = config.zone.date_of(now);
    let head = db
        .read(ROLE, move |conn| {
            queries::show_account_head(conn, &user.actor, whose, today)
        })
        .await?;
    Ok(HttpResponse::Ok().json(BalanceAnswer {
        balance_minor: head.balance,
        earned_today_minor: head.earned_today,
        as_of: now,
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TransfersQuery {
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
struct UserAnswer {
    uid: Uuid,
    name: String,
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

#[derive(Serialize)]
struct ListAnswer<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

async fn show_account_transfers(
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

async fn show_all_account_transfers(
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EarningsQuery {
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

async fn company_earnings(
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

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutOrder {
    business_date: Option<String>,
}

#[derive(Serialize)]
struct RunAnswer {
    business_date: NaiveDate,
    status: &'static str,
    people: i32,
    total_minor: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

async fn pay_to_workers(
    user: ApiUser,
    body: Bytes,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let order: PayoutOrder = if body.is_empty() {
        PayoutOrder::default()
    } else {
        serde_json::from_slice(&body)
            .map_err(|_| AppError::field("business_date", "field-not-understood"))?
    };
    let date = order
        .business_date
        .as_deref()
        .map(|text| parse_date("business_date", text))
        .transpose()?;
    let (origin, actor, config) = (user.origin(), user.actor, config.into_inner());
    let run = db
        .transaction(ROLE, origin, move |tx| {
            service::pay_to_workers(tx, &config, &actor, date)
        })
        .await?;
    let mut answer = match run.status {
        RunStatus::Done => HttpResponse::Ok(),
        RunStatus::Waiting(_) => HttpResponse::Accepted(),
    };
    Ok(answer.json(run_answer(&run)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunsQuery {
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

async fn list_payouts(
    user: ApiUser,
    query: Query<RunsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let query = query.into_inner();
    let today = Period::day(config.zone.date_of(db.clock().now()));
    let given = query.from.is_some() || query.to.is_some();
    let period = Period::parse(query.from.as_deref(), query.to.as_deref(), today)?;
    let rows = limit(query.limit.as_deref())?;
    let page = db
        .read(ROLE, move |conn| {
            queries::list_payout_runs(
                conn,
                &user.actor,
                given.then_some(period),
                query.cursor.as_deref(),
                rows,
            )
        })
        .await?;
    Ok(list(page.map(|run| run_answer(&settled(&run)))))
}

#[derive(Serialize)]
struct MailAnswer {
    uid: Uuid,
    state: String,
    sent_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct LineAnswer {
    user: UserAnswer,
    amount_minor: Money,
    transfer_uid: Uuid,
    mail: Option<MailAnswer>,
}

#[derive(Serialize)]
struct RunWithLines {
    #[serde(flatten)]
    run: RunAnswer,
    items: Vec<LineAnswer>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinesQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

async fn show_payout(
    user: ApiUser,
    path: Path<String>,
    query: Query<LinesQuery>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let date = parse_date("date", &path).map_err(|_| AppError::NotFound)?;
    let query = query.into_inner();
    let rows = limit(query.limit.as_deref())?;
    let (run, page) = db
        .read(ROLE, move |conn| {
            let run = queries::show_payout_run(conn, &user.actor, date)?;
            Ok((
                run,
                queries::list_payout_lines(conn, &user.actor, date, query.cursor.as_deref(), rows)?,
            ))
        })
        .await?;
    let PageOf { items, next } = page.map(line_answer);
    Ok(HttpResponse::Ok().json(RunWithLines {
        run: run_answer(&settled(&run)),
        items,
        next_cursor: next,
    }))
}

fn list<T: Serialize>(page: PageOf<T>) -> HttpResponse {
    HttpResponse::Ok().json(ListAnswer {
        items: page.items,
        next_cursor: page.next,
    })
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

fn settled(run: &PayoutRun) -> Run {
    Run {
        business_date: run.business_date,
        status: RunStatus::Done,
        people: run.people,
        total: run.total,
    }
}

fn run_answer(run: &Run) -> RunAnswer {
    RunAnswer {
        business_date: run.business_date,
        status: run.status.as_str(),
        people: run.people,
        total_minor: run.total,
        reason: match run.status {
            RunStatus::Done => None,
            RunStatus::Waiting(reason) => Some(reason),
        },
    }
}

fn line_answer(line: PayoutLine) -> LineAnswer {
    let mail = line
        .mail_id
        .zip(line.mail_state)
        .map(|(uid, state)| MailAnswer {
            uid,
            state,
            sent_at: line.sent_at,
        });
    LineAnswer {
        user: UserAnswer {
            uid: line.employee_id,
            name: line.name,
        },
        amount_minor: line.amount,
        transfer_uid: line.transfer_id,
        mail,
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
