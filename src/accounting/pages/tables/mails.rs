//! The mails.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use chrono::NaiveDate;

use super::{About, PIECE, Place, Table, send_csv, send_xlsx};
use crate::accounting::ROLE;
use crate::accounting::pages::mails::MailsQuery;
use crate::accounting::period::Period;
use crate::accounting::queries::{self, MailFilter};
use crate::accounting::views::{MailRow, mail_kind_text, mail_state_text};
use crate::auth::{Actor, Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::AppResult;

struct Rows {
    about: About,
    db: Arc<Db>,
    actor: Actor,
    state: Option<&'static str>,
    kind: Option<&'static str>,
    period: Option<Period>,
    place: Place,
}

/// `GET /admin/mails.csv`: the mails of the page, all of them.
pub(super) async fn csv(
    viewer: Viewer,
    query: Query<MailsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_csv(open(viewer, query.into_inner(), db, &config)?).await
}

/// `GET /admin/mails.xlsx`: the same as a workbook.
pub(super) async fn xlsx(
    viewer: Viewer,
    query: Query<MailsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    send_xlsx(open(viewer, query.into_inner(), db, &config)?).await
}

fn open(viewer: Viewer, query: MailsQuery, db: Data<Db>, config: &Config) -> AppResult<Rows> {
    let Viewer { actor, frame, .. } = viewer;
    actor.allow(Operation::Payouts)?;
    let today = config.zone.date_of(db.clock().now());
    let (state, kind) = query.words()?;
    let period = query.period(today)?;
    let columns = [
        "column-date",
        "column-kind",
        "column-employee",
        "column-recipient",
        "column-amount",
        "column-state",
        "column-attempts",
        "mail-last-error",
    ];
    let lang = frame.lang;
    let said = |date: Option<NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
    let about = About::new(lang, "mails".to_owned(), "mails-title", columns, today)
        .only(
            "column-state",
            state
                .map(|word| mail_state_text(lang, word))
                .unwrap_or_default(),
        )
        .only(
            "column-kind",
            kind.map(|word| mail_kind_text(lang, word))
                .unwrap_or_default(),
        )
        .only("period-from", said(period.map(|period| period.from)))
        .only("period-to", said(period.map(|period| period.to)));
    Ok(Rows {
        about,
        db: db.into_inner(),
        actor,
        state,
        kind,
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
        let (actor, lang) = (self.actor.clone(), self.about.lang);
        let (state, kind, period) = (self.state, self.kind, self.period);
        let page = self
            .db
            .read(ROLE, move |conn| {
                let filter = MailFilter {
                    state,
                    kind,
                    period,
                    cursor: cursor.as_deref(),
                    limit: PIECE,
                };
                queries::list_mails(conn, &actor, filter)
            })
            .await?;
        let rows = page.items.into_iter().map(|mail| {
            let row = MailRow::new(lang, mail);
            vec![
                Cell::Date(row.mail.business_date),
                Cell::Text(row.kind),
                Cell::Text(row.mail.recipient_name),
                Cell::Text(row.mail.recipient),
                Cell::Amount(row.mail.amount.minor()),
                Cell::Text(row.state),
                Cell::Int(row.mail.attempts.into()),
                Cell::Text(row.mail.last_error.unwrap_or_default()),
            ]
        });
        self.place = Place::from(page.next);
        Ok(Some(rows.collect()))
    }
}
