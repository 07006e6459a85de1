//! Somebody's statements.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use uuid::Uuid;

use super::{About, PIECE, Place, Table, send_csv, send_xlsx};
use crate::accounting::ROLE;
use crate::accounting::pages::read_user;
use crate::accounting::pages::statements::{PeriodQuery, all_until};
use crate::accounting::period::Period;
use crate::accounting::queries;
use crate::auth::{Actor, Viewer};
use crate::platform::config::Config;
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::AppResult;

struct Rows {
    about: About,
    db: Arc<Db>,
    actor: Actor,
    user: Option<Uuid>,
    period: Period,
    place: Place,
}

/// `GET /account/statements.csv`: the statements of the page, all of them.
pub(super) async fn csv(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_csv(open(viewer, query.into_inner(), db, &config).await?).await
}

/// `GET /account/statements.xlsx`: the same as a workbook.
pub(super) async fn xlsx(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_xlsx(open(viewer, query.into_inner(), db, &config).await?).await
}

async fn open(
    viewer: Viewer,
    query: PeriodQuery,
    db: Data<Db>,
    config: &Config,
) -> AppResult<Rows> {
    let Viewer { actor, frame, .. } = viewer;
    let today = config.zone.date_of(db.clock().now());
    let (from, to) = (query.from.as_deref(), query.to.as_deref());
    let period = Period::parse(from, to, all_until(today))?;
    let user = read_user(query.user.as_deref())?;
    let asker = actor.clone();
    let head = db
        .read(ROLE, move |conn| {
            queries::show_account_head(conn, &asker, user, today)
        })
        .await?;
    let columns = [
        "column-date",
        "statement-opening",
        "column-fees",
        "column-rewards",
        "statement-adjustments",
        "statement-payout",
        "statement-closing",
    ];
    let name = "statements".to_owned();
    let about = About::new(frame.lang, name, "statements-title", columns, period.to)
        .only("column-employee", head.employee.name)
        .only("period-from", from.unwrap_or_default())
        .only("period-to", to.unwrap_or_default());
    Ok(Rows {
        about,
        db: db.into_inner(),
        actor,
        user,
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
        let (actor, user, period) = (self.actor.clone(), self.user, self.period);
        let page = self
            .db
            .read(ROLE, move |conn| {
                queries::list_statements(conn, &actor, user, period, cursor.as_deref(), PIECE)
            })
            .await?;
        let rows = page.items.into_iter().map(|line| {
            let figures = &line.figures;
            vec![
                Cell::Date(line.business_date),
                Cell::Amount(figures.opening_minor.minor()),
                Cell::Amount(figures.fees_minor.minor()),
                Cell::Amount(figures.rewards_minor.minor()),
                Cell::Amount(figures.adjustments_minor.minor()),
                Cell::Amount((-figures.payout_minor).minor()),
                Cell::Amount(figures.closing_minor.minor()),
            ]
        });
        self.place = Place::from(page.next);
        Ok(Some(rows.collect()))
    }
}
