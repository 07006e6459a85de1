//! The log of an account.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use uuid::Uuid;

use super::{About, PIECE, Place, Table, send_csv, send_xlsx};
use crate::accounting::ROLE;
use crate::accounting::pages::account::AccountQuery;
use crate::accounting::pages::read_user;
use crate::accounting::period::Period;
use crate::accounting::queries::{self, AccountFilter, MovementKind};
use crate::accounting::views::{description, kind_text};
use crate::auth::{Actor, Viewer};
use crate::platform::config::Config;
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::web::{Frame, one_of};

struct Log {
    about: About,
    db: Arc<Db>,
    actor: Actor,
    frame: Frame,
    user: Option<Uuid>,
    period: Period,
    kind: Option<MovementKind>,
    place: Place,
}

/// `GET /account.csv`: the same rows as the page, all of them.
pub(super) async fn csv(
    viewer: Viewer,
    query: Query<AccountQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_csv(open(viewer, &query, db, &config).await?).await
}

/// `GET /account.xlsx`: the same as a workbook.
pub(super) async fn xlsx(
    viewer: Viewer,
    query: Query<AccountQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_xlsx(open(viewer, &query, db, &config).await?).await
}

async fn open(
    viewer: Viewer,
    query: &AccountQuery,
    db: Data<Db>,
    config: &Config,
) -> AppResult<Log> {
    let Viewer { actor, frame, .. } = viewer;
    let today = config.zone.date_of(db.clock().now());
    let period = Period::parse(
        query.from.as_deref(),
        query.to.as_deref(),
        Period::day(today),
    )?;
    let user = read_user(query.user.as_deref())?;
    let kind = one_of("kind", query.kind.as_deref(), MovementKind::parse)?;
    let asker = actor.clone();
    let head = db
        .read(ROLE, move |conn| {
            queries::show_account_head(conn, &asker, user, today)
        })
        .await?;
    let columns = [
        "column-date",
        "column-time",
        "column-kind",
        "column-description",
        "column-amount",
        "column-balance",
    ];
    let name = format!("account-{}-{}", period.from, period.to);
    let about = About::new(frame.lang, name, "account-log", columns, period.to)
        .only("column-employee", head.employee.name)
        .only("period-from", period.from)
        .only("period-to", period.to)
        .only(
            "column-kind",
            kind.map(|kind| kind_text(frame.lang, kind))
                .unwrap_or_default(),
        );
    Ok(Log {
        about,
        db: db.into_inner(),
        actor,
        frame,
        user,
        period,
        kind,
        place: Place::First,
    })
}

impl Table for Log {
    fn about(&self) -> &About {
        &self.about
    }

    async fn next(&mut self) -> AppResult<Option<Vec<Vec<Cell>>>> {
        let Some(cursor) = self.place.step() else {
            return Ok(None);
        };
        let (actor, user, period, kind) = (self.actor.clone(), self.user, self.period, self.kind);
        let page = self
            .db
            .read(ROLE, move |conn| {
                let filter = AccountFilter {
                    user,
                    period,
                    kind,
                    cursor: cursor.as_deref(),
                    limit: PIECE * 5,
                };
                queries::list_movements(conn, &actor, &filter)
            })
            .await?;
        let (lang, currency) = (self.frame.lang, &self.frame.currency);
        let rows = page.items.iter().map(|movement| {
            vec![
                Cell::Date(movement.business_date),
                Cell::Instant(movement.at),
                Cell::Text(kind_text(lang, movement.kind)),
                Cell::Text(description(lang, movement, currency)),
                Cell::Amount(movement.amount.minor()),
                Cell::Amount(movement.balance.minor()),
            ]
        });
        let rows = rows.collect();
        self.place = Place::from(page.next);
        Ok(Some(rows))
    }
}
