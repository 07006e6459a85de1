//! Everybody's balance at the close of a date, and the stored earnings against the ledger.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use chrono::NaiveDate;
use serde::Deserialize;

use super::{neighbours_of, read_period};
use crate::accounting::ROLE;
use crate::accounting::period::{Period, parse_past_date};
use crate::accounting::queries;
use crate::accounting::views::{BalancesPage, Neighbours, RecountPage, address};
use crate::auth::Viewer;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{DEFAULT_LIMIT, FormErrors, render_with};

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
    pub(super) fn date(&self, today: NaiveDate) -> AppResult<NaiveDate> {
        let given = self.date.as_deref().map(str::trim);
        match given.filter(|date| !date.is_empty()) {
            Some(date) => parse_past_date("date", date, today),
            None => Ok(today),
        }
    }

    /// Whether only debts were asked for.
    pub(super) fn only_negative(&self) -> bool {
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
        xlsx: link("/accounting/balances.xlsx", date, ""),
        date,
        frame,
    };
    render_with(status, &page)
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
