//! Everybody's balance at the close of a date, and the stored earnings against the ledger.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use chrono::NaiveDate;
use i18n_embed_fl::fl;
use serde::Deserialize;

use super::{neighbours_of, read_period};
use crate::accounting::ROLE;
use crate::accounting::period::{Period, parse_past_date};
use crate::accounting::queries::{self, BalanceColumn, BalancesFilter, USUAL_ORDER};
use crate::accounting::views::{BalancesPage, Neighbours, RecountPage};
use crate::auth::Viewer;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{
    DEFAULT_LIMIT, FiltersOn, FormErrors, ListAddress, ListPlace, Order, Pager, one_of, render_with,
};

/// A date, and which of its balances.
#[derive(Debug, Deserialize)]
pub(super) struct BalancesQuery {
    date: Option<String>,
    only: Option<String>,
    sort: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

/// What stands for "only debts" in an address.
const NEGATIVE: &str = "negative";

/// Days that are counted again unless said otherwise.
const USUAL_DAYS: u64 = 31;

impl BalancesQuery {
    /// The date that was asked for, today when none was.
    pub(super) fn date(&self, today: NaiveDate) -> AppResult<NaiveDate> {
        let given = self.date.as_deref().map(str::trim);
        match given.filter(|date| !date.is_empty()) {
            Some(date) => parse_past_date("date", date, today),
            None => Ok(today),
        }
    }

    /// The order that was asked for.
    pub(super) fn order(&self) -> AppResult<Order<BalanceColumn>> {
        Order::parse(self.sort.as_deref(), USUAL_ORDER)
    }

    /// Whether only debts were asked for.
    pub(super) fn only_negative(&self) -> AppResult<bool> {
        let only = one_of("only", self.only.as_deref(), |word| {
            (word == NEGATIVE).then_some(())
        })?;
        Ok(only.is_some())
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
    let (only, order, place) = (query.only_negative()?, query.order()?, query.place.clone());
    let (sums, company, page) = db
        .read_by_keys(ROLE, move |conn| {
            let filter = BalancesFilter {
                date,
                only_negative: only,
                order,
                cursor: place.cursor(),
                limit: DEFAULT_LIMIT,
            };
            let sums = queries::sum_balances_at(conn, &actor, date)?;
            Ok((
                sums,
                queries::show_company_balance(conn, &actor, Some((date, &sums)))?,
                queries::list_balances_at(conn, &actor, &filter)?
                    .with_count(|| Ok(sums.listed(only)))?,
            ))
        })
        .await?;
    let on_date = |date: NaiveDate| {
        ListAddress::new("/accounting/balances")
            .with("date", date)
            .with_some("only", Some(NEGATIVE).filter(|_| only))
            .with("sort", order.word(USUAL_ORDER))
    };
    let here = on_date(date);
    let negative = Some(fl!(frame.l, "balances-negative")).filter(|_| only);
    let on = FiltersOn::new(here.without("only").first()).and(negative, &here, &["only"]);
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
        pager: Pager::new(&frame, &here, &query.place, DEFAULT_LIMIT, &page),
        rows: page.items,
        head: order.head(BalanceColumn::Balance, &here, USUAL_ORDER),
        descending: order.descending,
        on,
        neighbours: Neighbours {
            earlier: on_date(before.to).first(),
            later: if after.from <= today {
                on_date(after.from).first()
            } else {
                String::new()
            },
        },
        csv: here.at("/accounting/balances.csv"),
        xlsx: here.at("/accounting/balances.xlsx"),
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
    let usual = Period::ending(config.zone.date_of(db.clock().now()), USUAL_DAYS);
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
