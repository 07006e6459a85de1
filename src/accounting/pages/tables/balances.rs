//! Everybody's balance at the close of a date.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use chrono::NaiveDate;

use super::{About, PIECE, Place, Table, send_csv, send_xlsx};
use crate::accounting::ROLE;
use crate::accounting::pages::balances::BalancesQuery;
use crate::accounting::queries::{self, BalanceColumn, BalancesFilter};
use crate::auth::{Actor, Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::i18n::text_of;
use crate::platform::web::Order;

struct Rows {
    about: About,
    db: Arc<Db>,
    actor: Actor,
    date: NaiveDate,
    only_negative: bool,
    order: Order<BalanceColumn>,
    place: Place,
}

/// `GET /accounting/balances.csv`: the balances of the page, all of them.
pub(super) async fn csv(
    viewer: Viewer,
    query: Query<BalancesQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_csv(open(viewer, query.into_inner(), db, &config)?).await
}

/// `GET /accounting/balances.xlsx`: the same as a workbook.
pub(super) async fn xlsx(
    viewer: Viewer,
    query: Query<BalancesQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_xlsx(open(viewer, query.into_inner(), db, &config)?).await
}

fn open(viewer: Viewer, query: BalancesQuery, db: Data<Db>, config: &Config) -> AppResult<Rows> {
    let Viewer { actor, frame, .. } = viewer;
    actor.allow(Operation::CompanyTransfers)?;
    let date = query.date(config.zone.date_of(db.clock().now()))?;
    let columns = [
        "column-date",
        "column-employee",
        "column-uid",
        "column-balance",
    ];
    let (only_negative, order) = (query.only_negative()?, query.order()?);
    let which = if only_negative {
        text_of(frame.lang, "balances-negative", [])
    } else {
        String::new()
    };
    let name = format!("balances-{date}");
    let about = About::new(frame.lang, name, "balances-title", columns, date)
        .only("column-date", date)
        .only("balances-which", which);
    Ok(Rows {
        about,
        db: db.into_inner(),
        actor,
        date,
        only_negative,
        order,
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
        let (actor, date) = (self.actor.clone(), self.date);
        let (only_negative, order) = (self.only_negative, self.order);
        let page = self
            .db
            .read(ROLE, move |conn| {
                let filter = BalancesFilter {
                    date,
                    only_negative,
                    order,
                    cursor: cursor.as_deref(),
                    limit: PIECE,
                };
                queries::list_balances_at(conn, &actor, &filter)
            })
            .await?;
        let rows = page.items.into_iter().map(|line| {
            vec![
                Cell::Date(date),
                Cell::Text(line.employee.name),
                Cell::Text(line.employee.uid.to_string()),
                Cell::Amount(line.balance.minor()),
            ]
        });
        self.place = Place::from(page.next);
        Ok(Some(rows.collect()))
    }
}
