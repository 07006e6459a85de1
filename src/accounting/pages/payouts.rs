//! Payout runs: the list, one run with its lines, and the button that settles an overdue date.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use crate::accounting::ROLE;
use crate::accounting::period::parse_date;
use crate::accounting::queries;
use crate::accounting::service::{self, RunStatus};
use crate::accounting::views::{PayoutRow, PayoutRunPage, PayoutsPage, address};
use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::{Db, once};
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::web::{DEFAULT_LIMIT, Flash, FormBody, redirect_with, render};

/// Where a list goes on.
#[derive(Debug, Deserialize)]
pub(super) struct CursorQuery {
    cursor: Option<String>,
}

const LIST: &str = "/accounting/payouts";

fn pager(path: &str, cursor: Option<&str>, next: Option<String>) -> (String, String) {
    let first = cursor.map(|_| path.to_owned()).unwrap_or_default();
    (
        first,
        next.map(|next| address(path, &[("cursor", &next)]))
            .unwrap_or_default(),
    )
}

/// `GET /accounting/payouts`: the runs, and what is overdue.
pub(super) async fn list_payouts(
    viewer: Viewer,
    query: Query<CursorQuery>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let cursor = query.into_inner().cursor;
    let may_run = actor.may(Operation::RunPayouts);
    let (now, after) = (db.clock().now(), cursor.clone());
    let (open, page) = db
        .read(ROLE, move |conn| {
            let runs =
                queries::list_payout_runs(conn, &actor, None, after.as_deref(), DEFAULT_LIMIT)?;
            Ok((queries::list_open_runs(conn, &actor, now)?, runs))
        })
        .await?;
    let (first, older) = pager(LIST, cursor.as_deref(), page.next);
    render(&PayoutsPage {
        frame,
        open,
        may_run,
        runs: page.items,
        first,
        older,
    })
}

/// The date to settle.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PayoutForm {
    business_date: String,
    key: Uuid,
}

/// `POST /accounting/payouts`: settles an overdue date; sent twice it does so once.
pub(super) async fn pay_to_workers(
    viewer: Viewer,
    form: FormBody<PayoutForm>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let date = parse_date("business_date", &form.business_date)?;
    let (origin, actor, config) = (viewer.origin(), viewer.actor, config.into_inner());
    let location = db
        .transaction(ROLE, origin, move |tx| {
            once(tx, actor.id.0, form.key, |tx| {
                let run = service::pay_to_workers(tx, &config, &actor, Some(date))?;
                Ok(if run.status == RunStatus::Done {
                    format!("{LIST}/{date}")
                } else {
                    LIST.to_owned()
                })
            })
        })
        .await?;
    let flash = if location == LIST {
        Flash::warn(Message::new("payouts-waiting").with("date", date))
    } else {
        Flash::ok(Message::new("payouts-settled").with("date", date))
    };
    Ok(redirect_with(&location, flash))
}

fn read_date(path: &str) -> AppResult<NaiveDate> {
    parse_date("date", path).map_err(|_| AppError::NotFound)
}

/// `GET /accounting/payouts/{date}`: who was paid what, and how each mail stands.
pub(super) async fn show_payout_run(
    viewer: Viewer,
    path: Path<String>,
    query: Query<CursorQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let date = read_date(&path)?;
    let cursor = query.into_inner().cursor;
    let after = cursor.clone();
    let (run, bank, page) = db
        .read(ROLE, move |conn| {
            let run = queries::show_payout_run(conn, &actor, date)?;
            let bank = queries::show_bank_file(conn, &actor, date)?;
            Ok((
                run,
                bank,
                queries::list_payout_lines(conn, &actor, date, after.as_deref(), DEFAULT_LIMIT)?,
            ))
        })
        .await?;
    let (first, older) = pager(&format!("{LIST}/{date}"), cursor.as_deref(), page.next);
    let lines = page
        .items
        .into_iter()
        .map(|line| PayoutRow::new(frame.lang, line))
        .collect();
    render(&PayoutRunPage {
        frame,
        run,
        bank,
        bank_set: config.payout_debtor.is_some(),
        lines,
        first,
        older,
    })
}
