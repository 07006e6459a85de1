//! The lines of a settled date.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use chrono::NaiveDate;

use super::{About, PIECE, Place, Table, send_csv, send_xlsx};
use crate::accounting::ROLE;
use crate::accounting::period::parse_date;
use crate::accounting::queries;
use crate::accounting::views::PayoutRow;
use crate::auth::{Actor, Viewer};
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};

struct Lines {
    about: About,
    db: Arc<Db>,
    actor: Actor,
    date: NaiveDate,
    place: Place,
}

/// `GET /accounting/payouts/{date}.csv`: the lines of the page, all of them.
pub(super) async fn csv(
    viewer: Viewer,
    path: Path<String>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    send_csv(open(viewer, &path, db).await?).await
}

/// `GET /accounting/payouts/{date}.xlsx`: the same as a workbook.
pub(super) async fn xlsx(
    viewer: Viewer,
    path: Path<String>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    send_xlsx(open(viewer, &path, db).await?).await
}

async fn open(viewer: Viewer, path: &str, db: Data<Db>) -> AppResult<Lines> {
    let Viewer { actor, frame, .. } = viewer;
    let date = parse_date("date", path).map_err(|_| AppError::NotFound)?;
    let asker = actor.clone();
    db.read(ROLE, move |conn| {
        queries::show_payout_run(conn, &asker, date)
    })
    .await?;
    let columns = [
        "column-date",
        "column-employee",
        "column-amount",
        "column-mail",
        "column-transfer",
    ];
    let name = format!("payouts-{date}");
    let about =
        About::new(frame.lang, name, "payouts-title", columns, date).only("column-date", date);
    Ok(Lines {
        about,
        db: db.into_inner(),
        actor,
        date,
        place: Place::First,
    })
}

impl Table for Lines {
    fn about(&self) -> &About {
        &self.about
    }

    async fn next(&mut self) -> AppResult<Option<Vec<Vec<Cell>>>> {
        let Some(cursor) = self.place.step() else {
            return Ok(None);
        };
        let (actor, date, lang) = (self.actor.clone(), self.date, self.about.lang);
        let page = self
            .db
            .read(ROLE, move |conn| {
                queries::list_payout_lines(conn, &actor, date, cursor.as_deref(), PIECE)
            })
            .await?;
        let rows = page.items.into_iter().map(|line| {
            let row = PayoutRow::new(lang, line);
            vec![
                Cell::Date(date),
                Cell::Text(row.line.name),
                Cell::Amount(row.line.amount.minor()),
                Cell::Text(row.mail),
                Cell::Text(row.line.transfer_id.to_string()),
            ]
        });
        let rows = rows.collect();
        self.place = Place::from(page.next);
        Ok(Some(rows))
    }
}
