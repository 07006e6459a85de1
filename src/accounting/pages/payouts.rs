//! Payout runs: the list, one run with its lines, and the button that settles an overdue date.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use chrono::NaiveDate;
use serde::Deserialize;

use super::{dates_of, read_period};
use crate::accounting::ROLE;
use crate::accounting::period::{Period, parse_date};
use crate::accounting::queries;
use crate::accounting::service::{self, RunStatus, Units};
use crate::accounting::views::{PayoutRow, PayoutRunPage, PayoutsPage, PeriodForm};
use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::web::{
    DEFAULT_LIMIT, FiltersOn, Flash, FormBody, ListAddress, ListPlace, Pager, redirect_with,
    render, render_with,
};

const LIST: &str = "/accounting/payouts";

/// Which runs of the list.
#[derive(Debug, Deserialize)]
pub(super) struct RunsQuery {
    from: Option<String>,
    to: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

impl RunsQuery {
    /// The dates, if any were named.
    pub(super) fn period(&self, today: NaiveDate) -> AppResult<Option<Period>> {
        dates_of(self.from.as_deref(), self.to.as_deref(), today)
    }
}

/// `GET /accounting/payouts`: the runs, of all time or of a period, and what is overdue.
pub(super) async fn list_payouts(
    viewer: Viewer,
    query: Query<RunsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let RunsQuery { from, to, place } = query.into_inner();
    let may_run = actor.may(Operation::RunPayouts);
    let may_operate = actor.may(Operation::Operate);
    let now = db.clock().now();
    let today = Period::day(config.zone.date_of(now));
    let asked = read_period(frame.lang, from.as_deref(), to.as_deref(), today)?;
    let said = |given: &Option<String>| given.clone().unwrap_or_default();
    let form = PeriodForm {
        from: said(&from),
        to: said(&to),
    };
    let dated = !form.from.is_empty() || !form.to.is_empty();
    let (status, period) = (asked.status(), dated.then_some(asked.period));
    let after = place.clone();
    let (open, page) = db
        .read(ROLE, move |conn| {
            let runs =
                queries::list_payout_runs(conn, &actor, period, after.cursor(), DEFAULT_LIMIT)?
                    .with_count(|| queries::count_payout_runs(conn, &actor, period))?;
            let open = queries::list_open_runs(conn, &actor, now)?
                .into_iter()
                .map(|run| {
                    let held = queries::list_held_accounts(conn, &actor, run.business_date)?;
                    Ok((run, held))
                })
                .collect::<AppResult<Vec<_>>>()?;
            Ok((open, runs))
        })
        .await?;
    let here = ListAddress::new(LIST)
        .with("from", &form.from)
        .with("to", &form.to);
    let on = FiltersOn::new(LIST).and(
        period.map(|period| frame.period_text(&period)),
        &here,
        &["from", "to"],
    );
    let page = PayoutsPage {
        open,
        may_run,
        may_operate,
        pager: Pager::new(&frame, &here, &place, DEFAULT_LIMIT, &page),
        runs: page.items,
        csv: here.at("/accounting/payouts.csv"),
        xlsx: here.at("/accounting/payouts.xlsx"),
        on,
        form,
        errors: asked.errors,
        frame,
    };
    render_with(status, &page)
}

/// The date to settle. It needs no one-time key: a date is settled once, however often it is asked for (M29).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PayoutForm {
    business_date: String,
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
    let run = db
        .transactions(move |db| {
            let units = Units::of_a_request(db, origin);
            service::pay_to_workers(&units, &config, &actor, Some(date))
        })
        .await?;
    let page = format!("{LIST}/{date}");
    Ok(match run.status {
        RunStatus::Done => redirect_with(
            &page,
            Flash::ok(Message::new("payouts-settled").with("date", date)),
        ),
        RunStatus::Running => redirect_with(
            &page,
            Flash::ok(Message::new("payouts-running").with("date", date)),
        ),
        RunStatus::Held(held) => redirect_with(
            &page,
            Flash::warn(Message::new("payouts-held").with("count", held)),
        ),
        RunStatus::Waiting(_) => redirect_with(
            LIST,
            Flash::warn(Message::new("payouts-waiting").with("date", date)),
        ),
    })
}

fn read_date(path: &str) -> AppResult<NaiveDate> {
    parse_date("date", path).map_err(|_| AppError::NotFound)
}

/// `GET /accounting/payouts/{date}`: who was paid what, and how each mail stands.
pub(super) async fn show_payout_run(
    viewer: Viewer,
    path: Path<String>,
    place: Query<ListPlace>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let date = read_date(&path)?;
    let after = place.clone();
    let may_operate = actor.may(Operation::Operate);
    let (run, held, bank, page) = db
        .read(ROLE, move |conn| {
            let run = queries::show_payout_run(conn, &actor, date)?;
            let bank = queries::show_bank_file(conn, &actor, date)?;
            Ok((
                run,
                queries::list_held_accounts(conn, &actor, date)?,
                bank,
                queries::list_payout_lines(conn, &actor, date, after.cursor(), DEFAULT_LIMIT)?
                    .with_count(|| queries::count_payout_lines(conn, &actor, date))?,
            ))
        })
        .await?;
    let here = ListAddress::new(format!("{LIST}/{date}"));
    let pager = Pager::new(&frame, &here, &place, DEFAULT_LIMIT, &page);
    let lines = page
        .items
        .into_iter()
        .map(|line| PayoutRow::new(frame.lang, line))
        .collect();
    render(&PayoutRunPage {
        frame,
        run,
        held,
        may_operate,
        bank,
        bank_set: config.payout_debtor.is_some(),
        lines,
        pager,
    })
}
