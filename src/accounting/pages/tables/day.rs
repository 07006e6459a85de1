//! All transfers of a date; the date of a large shuffle has a hundred thousand rows.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use chrono::NaiveDate;
use uuid::Uuid;

use super::{About, PIECE, Place, Table, send_csv, send_xlsx};
use crate::accounting::ROLE;
use crate::accounting::pages::day::DayQuery;
use crate::accounting::pages::read_user;
use crate::accounting::period::{Period, parse_date};
use crate::accounting::queries::{self, CompanyFilter, MovementKind};
use crate::accounting::views::{description, kind_text};
use crate::auth::{Actor, Viewer};
use crate::events::TransferKind;
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::Frame;

struct Transfers {
    about: About,
    db: Arc<Db>,
    actor: Actor,
    frame: Frame,
    date: NaiveDate,
    user: Option<Uuid>,
    kind: Option<TransferKind>,
    place: Place,
}

/// `GET /accounting/days/{date}.csv`: the same transfers as the page, all of them.
pub(super) async fn csv(
    viewer: Viewer,
    path: Path<String>,
    query: Query<DayQuery>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    send_csv(open(viewer, &path, &query, db).await?).await
}

/// `GET /accounting/days/{date}.xlsx`: the same as a workbook.
pub(super) async fn xlsx(
    viewer: Viewer,
    path: Path<String>,
    query: Query<DayQuery>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    send_xlsx(open(viewer, &path, &query, db).await?).await
}

async fn open(viewer: Viewer, path: &str, query: &DayQuery, db: Data<Db>) -> AppResult<Transfers> {
    let Viewer { actor, frame, .. } = viewer;
    let date = parse_date("date", path).map_err(|_| AppError::NotFound)?;
    let (user, kind) = (read_user(query.user.as_deref())?, query.kind()?);
    let asker = actor.clone();
    let employee = match user {
        Some(_) => {
            db.read(ROLE, move |conn| {
                Ok(queries::show_account_head(conn, &asker, user, date)?
                    .employee
                    .name)
            })
            .await?
        }
        None => String::new(),
    };
    let columns = [
        "column-date",
        "column-time",
        "column-employee",
        "column-kind",
        "column-description",
        "column-amount",
    ];
    let word = |kind| kind_text(frame.lang, MovementKind::Transfer(kind));
    let name = format!("transfers-{date}");
    let about = About::new(frame.lang, name, "day-transfers", columns, date)
        .only("column-date", date)
        .only("column-employee", employee)
        .only("column-kind", kind.map(word).unwrap_or_default());
    Ok(Transfers {
        about,
        db: db.into_inner(),
        actor,
        frame,
        date,
        user,
        kind,
        place: Place::First,
    })
}

impl Table for Transfers {
    fn about(&self) -> &About {
        &self.about
    }

    async fn next(&mut self) -> AppResult<Option<Vec<Vec<Cell>>>> {
        let Some(cursor) = self.place.step() else {
            return Ok(None);
        };
        let (actor, date, user, kind) = (self.actor.clone(), self.date, self.user, self.kind);
        let page = self
            .db
            .read(ROLE, move |conn| {
                let filter = CompanyFilter {
                    period: Period::day(date),
                    user,
                    kind,
                    cursor: cursor.as_deref(),
                    limit: PIECE,
                };
                queries::list_company_transfers(conn, &actor, &filter)
            })
            .await?;
        let (lang, currency) = (self.frame.lang, &self.frame.currency);
        let rows = page.items.iter().map(|transfer| {
            vec![
                Cell::Date(transfer.movement.business_date),
                Cell::Instant(transfer.movement.at),
                Cell::Text(transfer.employee.name.clone()),
                Cell::Text(kind_text(lang, transfer.movement.kind)),
                Cell::Text(description(lang, &transfer.movement, currency)),
                Cell::Amount(transfer.movement.amount.minor()),
            ]
        });
        let rows = rows.collect();
        self.place = Place::from(page.next);
        Ok(Some(rows))
    }
}
