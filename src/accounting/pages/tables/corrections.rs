//! The corrections.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};

use super::{About, PIECE, Place, Table, send_csv, send_xlsx};
use crate::accounting::ROLE;
use crate::accounting::correction::CorrectionState;
use crate::accounting::pages::corrections::CorrectionsQuery;
use crate::accounting::queries;
use crate::accounting::views::{CorrectionRow, correction_state_text};
use crate::auth::{Actor, Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::web::one_of;

struct Rows {
    about: About,
    db: Arc<Db>,
    actor: Actor,
    state: Option<CorrectionState>,
    place: Place,
}

/// `GET /accounting/corrections.csv`: the corrections of the page, all of them.
pub(super) async fn csv(
    viewer: Viewer,
    query: Query<CorrectionsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_csv(open(viewer, query.into_inner(), db, &config)?).await
}

/// `GET /accounting/corrections.xlsx`: the same as a workbook.
pub(super) async fn xlsx(
    viewer: Viewer,
    query: Query<CorrectionsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_xlsx(open(viewer, query.into_inner(), db, &config)?).await
}

fn open(viewer: Viewer, query: CorrectionsQuery, db: Data<Db>, config: &Config) -> AppResult<Rows> {
    let Viewer { actor, frame, .. } = viewer;
    actor.allow(Operation::RequestCorrections)?;
    let state = one_of("state", query.state.as_deref(), CorrectionState::parse)?;
    let columns = [
        "column-time",
        "correction-reason",
        "column-employee",
        "column-kind",
        "column-amount",
        "correction-requested-by",
        "column-state",
        "correction-decided-by",
        "correction-booked",
        "column-transfer",
    ];
    let today = config.zone.date_of(db.clock().now());
    let name = "corrections".to_owned();
    let about = About::new(frame.lang, name, "corrections-title", columns, today).only(
        "column-state",
        state
            .map(|state| correction_state_text(frame.lang, state))
            .unwrap_or_default(),
    );
    Ok(Rows {
        about,
        db: db.into_inner(),
        actor,
        state,
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
        let (actor, state, lang) = (self.actor.clone(), self.state, self.about.lang);
        let page = self
            .db
            .read(ROLE, move |conn| {
                queries::list_corrections(conn, &actor, state, cursor.as_deref(), PIECE)
            })
            .await?;
        let text = |text: Option<String>| Cell::Text(text.unwrap_or_default());
        let rows = page.items.into_iter().map(|view| {
            let row = CorrectionRow::new(lang, view);
            let nobody = row.view.decided_by.is_none();
            vec![
                Cell::Instant(row.view.requested_at),
                Cell::Text(row.view.reason),
                text(row.view.employee_id.map(|_| row.view.employee)),
                Cell::Text(row.kind),
                row.view
                    .amount
                    .map_or_else(|| text(None), |amount| Cell::Amount(amount.minor())),
                Cell::Text(row.view.requester),
                Cell::Text(row.state),
                text((!nobody).then_some(row.view.decider)),
                row.view
                    .business_date
                    .map_or_else(|| text(None), Cell::Date),
                text(row.view.transfer_id.map(|id| id.to_string())),
            ]
        });
        self.place = Place::from(page.next);
        Ok(Some(rows.collect()))
    }
}
