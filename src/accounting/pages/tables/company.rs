//! What the company earned, a row a date.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};

use super::{About, Table, send_csv, send_xlsx};
use crate::accounting::ROLE;
use crate::accounting::pages::company::{PeriodQuery, usual};
use crate::accounting::period::Period;
use crate::accounting::queries;
use crate::auth::Viewer;
use crate::platform::config::Config;
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::AppResult;

struct Dates {
    about: About,
    rows: Option<Vec<Vec<Cell>>>,
}

/// `GET /accounting.csv`: the dates of the page.
pub(super) async fn csv(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_csv(open(viewer, &query, &db, &config).await?).await
}

/// `GET /accounting.xlsx`: the same as a workbook.
pub(super) async fn xlsx(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_xlsx(open(viewer, &query, &db, &config).await?).await
}

async fn open(viewer: Viewer, query: &PeriodQuery, db: &Db, config: &Config) -> AppResult<Dates> {
    let Viewer { actor, frame, .. } = viewer;
    let today = config.zone.date_of(db.clock().now());
    let period = Period::parse(query.from.as_deref(), query.to.as_deref(), usual(today))?;
    let earnings = db
        .read(ROLE, move |conn| {
            queries::show_earnings(conn, &actor, period)
        })
        .await?;
    let columns = [
        "column-date",
        "column-fees",
        "column-rewards",
        "column-earned",
    ];
    let name = format!("company-{}-{}", period.from, period.to);
    let about = About::new(frame.lang, name, "company-days", columns, period.to)
        .only("period-from", period.from)
        .only("period-to", period.to);
    let rows = earnings.days.iter().rev().map(|day| {
        vec![
            Cell::Date(day.business_date),
            Cell::Amount(day.fees.minor()),
            Cell::Amount(day.rewards.minor()),
            Cell::Amount(day.earned().minor()),
        ]
    });
    let rows = Some(rows.collect());
    Ok(Dates { about, rows })
}

impl Table for Dates {
    fn about(&self) -> &About {
        &self.about
    }

    async fn next(&mut self) -> AppResult<Option<Vec<Vec<Cell>>>> {
        Ok(self.rows.take())
    }
}
