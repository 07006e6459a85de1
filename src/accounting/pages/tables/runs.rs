//! The payout runs.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use chrono::NaiveDate;

use super::{About, PIECE, Place, Table, send_csv, send_xlsx};
use crate::accounting::ROLE;
use crate::accounting::pages::payouts::RunsQuery;
use crate::accounting::period::Period;
use crate::accounting::queries;
use crate::auth::{Actor, Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::AppResult;

struct Rows {
    about: About,
    db: Arc<Db>,
    actor: Actor,
    period: Option<Period>,
    place: Place,
}

/// `GET /accounting/payouts.csv`: the runs of the page, all of them.
pub(super) async fn csv(
    viewer: Viewer,
    query: Query<RunsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_csv(open(viewer, query.into_inner(), db, &config)?).await
}

/// `GET /accounting/payouts.xlsx`: the same as a workbook.
pub(super) async fn xlsx(
    viewer: Viewer,
    query: Query<RunsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_xlsx(open(viewer, query.into_inner(), db, &config)?).await
}

fn open(viewer: Viewer, query: RunsQuery, db: Data<Db>, config: &Config) -> AppResult<Rows> {
    let Viewer { actor, frame, .. } = viewer;
    actor.allow(Operation::Payouts)?;
    let today = config.zone.date_of(db.clock().now());
    let period = query.period(today)?;
    let columns = [
        "column-date",
        "column-settled-at",
        "column-people",
        "column-paid",
        "column-debtors",
    ];
    let said = |date: Option<NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
    let about = About::new(
        frame.lang,
        "payouts".to_owned(),
        "payouts-title",
        columns,
        today,
    )
    .only("period-from", said(period.map(|period| period.from)))
    .only("period-to", said(period.map(|period| period.to)));
    Ok(Rows {
        about,
        db: db.into_inner(),
        actor,
        period,
        place: Place::First,
    })
}

impl Table for Rows {
    fn about(&self) -> &About {
        &self.about
    }

    async fn next(&mut self) -> AppResult<Option<Vec<Vec<Cell>>>> {
        let Some(cursor) = self.place.step() else {
            return Ok(None);
        };
        let (actor, period) = (self.actor.clone(), self.period);
        let page = self
            .db
            .read(ROLE, move |conn| {
                queries::list_payout_runs(conn, &actor, period, cursor.as_deref(), PIECE)
            })
            .await?;
        let rows = page.items.into_iter().map(|run| {
            let unsettled = || Cell::Text(String::new());
            vec![
                Cell::Date(run.business_date),
                run.finished_at.map_or_else(unsettled, Cell::Instant),
                Cell::Int(run.people.into()),
                Cell::Amount(run.total.minor()),
                Cell::Int(run.negative_balances.into()),
            ]
        });
        self.place = Place::from(page.next);
        Ok(Some(rows.collect()))
    }
}
