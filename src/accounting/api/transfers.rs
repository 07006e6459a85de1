//! Balances and transfers: one's own, anybody's, everybody's.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

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
use crate::platform::web::api::{CursorText, Day, List, Named, PageLimit, PersonUid, words};
use crate::platform::web::{PageOf, lang_of, limit};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BalanceQuery {
    /// Whose; one's own when nobody is named. Others' needs `can_see_company_money`.
    #[param(value_type = Option<PersonUid>, inline)]
    user: Option<String>,
    /// The business date at whose close; now when none is named.
    #[param(value_type = Option<Day>, inline)]
    as_of: Option<String>,
}

/// A balance.
#[derive(Serialize, ToSchema)]
#[schema(as = Balance)]
struct BalanceAnswer {
    /// What is owed to them; below zero what they owe.
    balance_minor: Money,
    /// What they earned on the business date.
    earned_today_minor: Money,
    as_of: DateTime<Utc>,
    business_date: NaiveDate,
}

/// Shows a balance
///
/// Now, or at the close of the date `as_of`; what was earned is that date's.
#[utoipa::path(
    get, path = "/api/v1/accounting/balance", tag = "accounting",
    params(BalanceQuery),
    responses(
        (status = 200, body = BalanceAnswer, description = "The balance"),
        (status = 404, description = "There is no such person"),
    ),
)]
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

/// What moved an account, or was told on it.
struct MovementWord;

impl PartialSchema for MovementWord {
    fn schema() -> RefOr<Schema> {
        words(MovementKind::ALL.map(MovementKind::as_str))
    }
}

impl ToSchema for MovementWord {}

/// What moved an account.
struct TransferWord;

impl PartialSchema for TransferWord {
    fn schema() -> RefOr<Schema> {
        words(TransferKind::ALL.map(TransferKind::as_str))
    }
}

impl ToSchema for TransferWord {}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TransfersQuery {
    /// Whose; one's own when nobody is named. Others' needs `can_see_company_money`.
    #[param(value_type = Option<PersonUid>, inline)]
    user: Option<String>,
    /// The first business date; today when neither is said.
    #[param(value_type = Option<Day>, inline)]
    from: Option<String>,
    /// The last business date.
    #[param(value_type = Option<Day>, inline)]
    to: Option<String>,
    /// Only rows of this kind.
    #[param(value_type = Option<MovementWord>, inline)]
    kind: Option<String>,
    /// Rows at most.
    #[param(value_type = Option<PageLimit>, inline)]
    limit: Option<String>,
    /// `next_cursor` of the piece before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CompanyQuery {
    /// The first business date; today when neither is said.
    #[param(value_type = Option<Day>, inline)]
    from: Option<String>,
    /// The last business date.
    #[param(value_type = Option<Day>, inline)]
    to: Option<String>,
    /// Only this person's.
    #[param(value_type = Option<PersonUid>, inline)]
    user: Option<String>,
    /// Only transfers of this kind.
    #[param(value_type = Option<TransferWord>, inline)]
    kind: Option<String>,
    /// Rows at most.
    #[param(value_type = Option<PageLimit>, inline)]
    limit: Option<String>,
    /// `next_cursor` of the piece before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
}

/// The task that a transfer is about.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferTask)]
struct TaskAnswer {
    uid: Uuid,
    /// `null` while it is not known yet.
    #[schema(required)]
    title: Option<String>,
    #[schema(required)]
    jira_id: Option<String>,
}

/// A row of an account's log.
#[derive(Serialize, ToSchema)]
#[schema(as = Transfer)]
struct TransferAnswer {
    uid: Uuid,
    /// Whose account; in the company's log alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Named>,
    at: DateTime<Utc>,
    business_date: NaiveDate,
    #[schema(value_type = MovementWord)]
    kind: &'static str,
    /// Above zero for what they get, below zero for what they are charged or paid out.
    amount_minor: Money,
    /// The balance after it.
    balance_minor: Money,
    #[schema(required)]
    task: Option<TaskAnswer>,
    /// In the language that `Accept-Language` asks for.
    description: String,
}

/// Lists an account's transfers, the newest first
#[utoipa::path(
    get, path = "/api/v1/accounting/transfers", tag = "accounting",
    params(TransfersQuery),
    responses(
        (status = 200, body = List<TransferAnswer>, description = "A piece of the list"),
        (status = 404, description = "There is no such person"),
    ),
)]
pub(super) async fn show_account_transfers(
    user: ApiUser,
    request: HttpRequest,
    query: Query<TransfersQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let query = query.into_inner();
    let period = today_or(query.from.as_deref(), query.to.as_deref(), &db, &config)?;
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

/// Lists everybody's transfers, the newest first
#[utoipa::path(
    get, path = "/api/v1/accounting/company/transfers", tag = "accounting",
    params(CompanyQuery),
    responses((status = 200, body = List<TransferAnswer>, description = "A piece of the list")),
)]
pub(super) async fn show_all_account_transfers(
    user: ApiUser,
    request: HttpRequest,
    query: Query<CompanyQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let query = query.into_inner();
    let period = today_or(query.from.as_deref(), query.to.as_deref(), &db, &config)?;
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

fn list(page: PageOf<TransferAnswer>) -> HttpResponse {
    HttpResponse::Ok().json(List::from(page))
}

fn transfer_answer(
    request: &HttpRequest,
    config: &Config,
    employee: Option<EmployeeRef>,
    movement: Movement,
) -> TransferAnswer {
    TransferAnswer {
        uid: movement.uid,
        user: employee.map(|EmployeeRef { uid, name }| Named { uid, name }),
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

fn today_or(from: Option<&str>, to: Option<&str>, db: &Db, config: &Config) -> AppResult<Period> {
    let today = Period::day(config.zone.date_of(db.clock().now()));
    Period::parse(from, to, today)
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
