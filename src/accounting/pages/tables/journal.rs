//! The books of a period in plain-text accounting, a date at a time.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};

use crate::accounting::ROLE;
use crate::accounting::pages::company::{PeriodQuery, usual};
use crate::accounting::period::Period;
use crate::accounting::queries::{JournalFormat, JournalPieces};
use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::web::{FileType, Pieces, attachment_in_pieces_of};

struct File {
    db: Arc<Db>,
    pieces: Option<JournalPieces>,
}

/// `GET /accounting.journal`: the period of the page as hledger reads it.
pub(super) async fn hledger(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send(viewer, &query, db, &config, JournalFormat::Hledger).await
}

/// `GET /accounting.beancount`: the same as beancount reads it.
pub(super) async fn beancount(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send(viewer, &query, db, &config, JournalFormat::Beancount).await
}

async fn send(
    viewer: Viewer,
    query: &PeriodQuery,
    db: Data<Db>,
    config: &Config,
    format: JournalFormat,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::CompanyTransfers)?;
    let today = config.zone.date_of(db.clock().now());
    let period = Period::parse(query.from.as_deref(), query.to.as_deref(), usual(today))?;
    let (from, to, currency) = (Some(period.from), Some(period.to), config.currency.clone());
    let pieces = db
        .read(ROLE, move |conn| {
            JournalPieces::begin(conn, &currency, format, from, to)
        })
        .await?;
    let ending = match format {
        JournalFormat::Hledger => "journal",
        JournalFormat::Beancount => "beancount",
    };
    let name = format!("ates-{}-{}.{ending}", period.from, period.to);
    let file = File {
        db: db.into_inner(),
        pieces: Some(pieces),
    };
    attachment_in_pieces_of(FileType::Text, &name, file).await
}

impl Pieces for File {
    async fn next(&mut self) -> AppResult<Option<Bytes>> {
        let Some(mut pieces) = self.pieces.take() else {
            return Ok(None);
        };
        let (piece, pieces) = self
            .db
            .read(ROLE, move |conn| Ok((pieces.next(conn)?, pieces)))
            .await?;
        self.pieces = piece.is_some().then_some(pieces);
        Ok(piece.map(Bytes::from))
    }
}
