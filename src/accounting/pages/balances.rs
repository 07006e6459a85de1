//! Everybody's balance at the close of a date, and the stored earnings against the ledger.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use chrono::NaiveDate;
use serde::Deserialize;

use super::{neighbours_of, read_period};
use crate::accounting::ROLE;
use crate::accounting::period::{Period, parse_past_date};
use crate::accounting::queries;
use crate::accounting::views::{BalancesPage, Neighbours, RecountPage, address};
use crate::auth::{Actor, Viewer};
use crate::platform::config::Config;
use crate::platform::csv::{Cell, Csv};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::text_of;
use crate::platform::web::{DEFAULT_LIMIT, FormErrors, Pieces, attachment_in_pieces, render_with};

/// A date, and which of its balances.
#[derive(Debug, Deserialize)]
pub(super) struct BalancesQuery {
    date: Option<String>,
    only: Option<String>,
    cursor: Option<String>,
}

/// What stands for "only debts" in an address.
const NEGATIVE: &str = "negative";

impl BalancesQuery {
    /// The date that was asked for, today when none was.
    fn date(&self, today: NaiveDate) -> AppResult<NaiveDate> {
        let given = self.date.as_deref().map(str::trim);
        match given.filter(|date| !date.is_empty()) {
            Some(date) => parse_past_date("date", date, today),
            None => Ok(today),
        }
    }

    fn only_negative(&self) -> bool {
        self.only.as_deref() == Some(NEGATIVE)
    }
}

/// `GET /accounting/balances`: what everybody, and so the company, stood at at the close of a date (M20).
pub(super) async fn show_balances(
    viewer: Viewer,
    query: Query<BalancesQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let today = config.zone.date_of(db.clock().now());
    let (date, errors) = match query.date(today) {
        Ok(date) => (date, FormErrors::none()),
        Err(AppError::Invalid(errors)) => (today, FormErrors::new(frame.lang, &errors)),
        Err(error) => return Err(error),
    };
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let (only, cursor) = (query.only_negative(), query.cursor.clone());
    let (sums, company, page) = db
        .read(ROLE, move |conn| {
            let list = queries::list_balances_at;
            Ok((
                queries::sum_balances_at(conn, &actor, date)?,
                queries::show_company_balance(conn, &actor, Some(date))?,
                list(conn, &actor, date, only, cursor.as_deref(), DEFAULT_LIMIT)?,
            ))
        })
        .await?;
    let link = |path: &str, date: NaiveDate, cursor: &str| {
        let only = if only { NEGATIVE } else { "" };
        let pairs = [
            ("date", date.to_string()),
            ("only", only.to_owned()),
            ("cursor", cursor.to_owned()),
        ];
        address(
            path,
            &pairs
                .each_ref()
                .map(|(name, value)| (*name, value.as_str())),
        )
    };
    let (before, after) = neighbours_of(Period::day(date));
    let page = BalancesPage {
        typed: query
            .date
            .clone()
            .filter(|_| !errors.is_empty())
            .unwrap_or_else(|| date.to_string()),
        errors,
        sums,
        company,
        only_negative: only,
        rows: page.items,
        first: if query.cursor.is_some() {
            link("/accounting/balances", date, "")
        } else {
            String::new()
        },
        following: page
            .next
            .map(|next| link("/accounting/balances", date, &next))
            .unwrap_or_default(),
        neighbours: Neighbours {
            earlier: link("/accounting/balances", before.to, ""),
            later: if after.from <= today {
                link("/accounting/balances", after.from, "")
            } else {
                String::new()
            },
        },
        csv: link("/accounting/balances.csv", date, ""),
        date,
        frame,
    };
    render_with(status, &page)
}

/// `GET /accounting/balances.csv`: the same balances as a file.
pub(super) async fn download_balances(
    viewer: Viewer,
    query: Query<BalancesQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let date = query.date(config.zone.date_of(db.clock().now()))?;
    let titles = [
        "column-date",
        "column-employee",
        "column-uid",
        "column-balance",
    ]
    .map(|id| text_of(frame.lang, id, []));
    let file = BalancesFile {
        db: db.into_inner(),
        csv: Csv::new(&titles.each_ref().map(String::as_str)),
        actor,
        date,
        only_negative: query.only_negative(),
        place: Place::First,
    };
    attachment_in_pieces(&format!("balances-{date}.csv"), file).await
}

/// Balances in a piece of the file.
const PIECE: i64 = 5_000;

/// Where the file goes on.
enum Place {
    First,
    At(String),
    End,
}

/// The file on its way.
struct BalancesFile {
    db: Arc<Db>,
    csv: Csv,
    actor: Actor,
    date: NaiveDate,
    only_negative: bool,
    place: Place,
}

impl Pieces for BalancesFile {
    async fn next(&mut self) -> AppResult<Option<Bytes>> {
        let cursor = match std::mem::replace(&mut self.place, Place::End) {
            Place::First => None,
            Place::At(cursor) => Some(cursor),
            Place::End => return Ok(None),
        };
        let (actor, date, only) = (self.actor.clone(), self.date, self.only_negative);
        let page = self
            .db
            .read(ROLE, move |conn| {
                queries::list_balances_at(conn, &actor, date, only, cursor.as_deref(), PIECE)
            })
            .await?;
        for line in &page.items {
            self.csv.row(&[
                Cell::Date(self.date),
                Cell::Text(line.employee.name.clone()),
                Cell::Text(line.employee.uid.to_string()),
                Cell::Amount(line.balance.minor()),
            ]);
        }
        self.place = page.next.map_or(Place::End, Place::At);
        Ok(Some(self.csv.take().into()))
    }
}

/// A span of days.
#[derive(Debug, Deserialize)]
pub(super) struct RecountQuery {
    from: Option<String>,
    to: Option<String>,
}

/// `GET /accounting/recount`: every closed date of a period added up anew and compared with what is stored (M41).
pub(super) async fn show_recount(
    viewer: Viewer,
    query: Query<RecountQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let usual = Period::ending(config.zone.date_of(db.clock().now()), 366);
    let asked = read_period(
        frame.lang,
        query.from.as_deref(),
        query.to.as_deref(),
        usual,
    )?;
    let (period, status) = (asked.period, asked.status());
    let check = db
        .read(ROLE, move |conn| {
            queries::show_recount(conn, &actor, period)
        })
        .await?;
    let page = RecountPage {
        check,
        form: asked.form,
        errors: asked.errors,
        frame,
    };
    render_with(status, &page)
}
