//! Settling a date, and what was settled.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{UserAnswer, list};
use crate::accounting::ROLE;
use crate::accounting::period::{Period, parse_date};
use crate::accounting::queries::{self, PayoutLine};
use crate::accounting::service::{self, Run, RunStatus, Units};
use crate::auth::ApiUser;
use crate::platform::config::Config;
use crate::platform::db::{Answer, Db};
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::web::{PageOf, limit};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PayoutOrder {
    business_date: Option<String>,
}

#[derive(Serialize)]
struct RunAnswer {
    business_date: NaiveDate,
    status: &'static str,
    people: i32,
    total_minor: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) async fn pay_to_workers(
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunsQuery {
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

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
    Ok(list(page.map(|run| run_answer(&run.as_run()))))
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
pub(super) struct LinesQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

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
    let PageOf { items, next } = page.map(line_answer);
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
        user: UserAnswer {
            uid: line.employee_id,
            name: line.name,
        },
        amount_minor: line.amount,
        transfer_uid: line.transfer_id,
        mail,
    }
}
