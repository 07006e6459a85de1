//! Settling a date, and what was settled.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use crate::accounting::ROLE;
use crate::accounting::period::{Period, parse_date};
use crate::accounting::queries::{self, PayoutLine};
use crate::accounting::service::{self, Run, RunStatus, Units};
use crate::auth::ApiUser;
use crate::platform::config::Config;
use crate::platform::db::{Answer, Db};
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::web::api::{CursorText, Day, List, Named, OptionalJsonBody, PageLimit, words};
use crate::platform::web::{PageOf, limit};

/// Which date is to be settled; nothing: the first that is over and not settled.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PayoutOrder {
    #[schema(value_type = Option<Day>, inline)]
    business_date: Option<String>,
}

/// How far the settlement of a date is.
struct RunWord;

impl PartialSchema for RunWord {
    fn schema() -> RefOr<Schema> {
        words(RunStatus::WORDS)
    }
}

impl ToSchema for RunWord {}

/// The settlement of a business date.
#[derive(Serialize, ToSchema)]
#[schema(as = PayoutRun)]
struct RunAnswer {
    business_date: NaiveDate,
    #[schema(value_type = RunWord)]
    status: &'static str,
    /// How many people are paid.
    people: i32,
    /// What they are paid in all.
    total_minor: Money,
    /// Why it is not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Settles a business date
///
/// Only a date that is over. Everybody with a positive balance is paid; asked again, it answers the same and pays nobody twice.
#[utoipa::path(
    post, path = "/api/v1/accounting/payouts", tag = "accounting",
    request_body(content = Option<PayoutOrder>, description = "Which date; nothing: the first that is over and not settled"),
    responses(
        (status = 200, body = RunAnswer, description = "The date is settled"),
        (status = 202, body = RunAnswer, description = "It is under way, or waits for something"),
        (status = 409, description = "The date is not over yet, there is nothing to settle, or an earlier date comes first"),
    ),
)]
pub(super) async fn pay_to_workers(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    body: OptionalJsonBody<PayoutOrder>,
) -> AppResult<HttpResponse> {
    let date = body
        .into_inner()
        .business_date
        .as_deref()
        .map(|text| parse_date("business_date", text))
        .transpose()?;
    let (origin, actor, config) = (user.origin(), user.actor.clone(), config.into_inner());
    let paying = async {
        let run = db
            .transactions(move |db| {
                let units = Units::of_a_request(db, origin);
                service::pay_to_workers(&units, &config, &actor, date)
            })
            .await?;
        let status = if run.status == RunStatus::Done {
            StatusCode::OK
        } else {
            StatusCode::ACCEPTED
        };
        Answer::of(status, &run_answer(&run))
    };
    Ok(user.once_around(&db, paying).await?.into())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RunsQuery {
    /// The first business date; all when neither is said.
    #[param(value_type = Option<Day>, inline)]
    from: Option<String>,
    /// The last business date.
    #[param(value_type = Option<Day>, inline)]
    to: Option<String>,
    /// Rows at most.
    #[param(value_type = Option<PageLimit>, inline)]
    limit: Option<String>,
    /// `next_cursor` of the piece before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
}

/// Lists the settlements, the newest first
#[utoipa::path(
    get, path = "/api/v1/accounting/payouts", tag = "accounting",
    params(RunsQuery),
    responses((status = 200, body = List<RunAnswer>, description = "A piece of the list")),
)]
pub(super) async fn list_payouts(
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
    let page = page.map(|run| run_answer(&run.as_run()));
    Ok(HttpResponse::Ok().json(List::from(page)))
}

/// The mail about a payout.
#[derive(Serialize, ToSchema)]
#[schema(as = PayoutMail)]
struct MailAnswer {
    uid: Uuid,
    #[schema(example = "sent")]
    state: String,
    #[schema(required)]
    sent_at: Option<DateTime<Utc>>,
}

/// What somebody is paid.
#[derive(Serialize, ToSchema)]
#[schema(as = PayoutLine)]
struct LineAnswer {
    user: Named,
    amount_minor: Money,
    /// The transfer that books it.
    transfer_uid: Uuid,
    #[schema(required)]
    mail: Option<MailAnswer>,
}

/// The settlement of a business date, with a piece of its lines.
#[derive(Serialize, ToSchema)]
#[schema(as = PayoutRunWithLines)]
struct RunWithLines {
    #[serde(flatten)]
    run: RunAnswer,
    items: Vec<LineAnswer>,
    /// Leads to the next piece; `null` at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LinesQuery {
    /// Lines at most.
    #[param(value_type = Option<PageLimit>, inline)]
    limit: Option<String>,
    /// `next_cursor` of the piece before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
}

/// Shows a settlement with its lines
#[utoipa::path(
    get, path = "/api/v1/accounting/payouts/{date}", tag = "accounting",
    params(("date" = inline(Day), Path, description = "The business date"), LinesQuery),
    responses((status = 200, body = RunWithLines, description = "The settlement")),
)]
pub(super) async fn show_payout(
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
    let PageOf { items, next, .. } = page.map(line_answer);
    Ok(HttpResponse::Ok().json(RunWithLines {
        run: run_answer(&run.as_run()),
        items,
        next_cursor: next,
    }))
}

fn run_answer(run: &Run) -> RunAnswer {
    RunAnswer {
        business_date: run.business_date,
        status: run.status.as_str(),
        people: run.people,
        total_minor: run.total,
        reason: run.status.reason(),
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
        user: Named {
            uid: line.employee_id,
            name: line.name,
        },
        amount_minor: line.amount,
        transfer_uid: line.transfer_id,
        mail,
    }
}
