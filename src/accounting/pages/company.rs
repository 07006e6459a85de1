//! The company's earnings and balance.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::{neighbours_of, read_period};
use crate::accounting::ROLE;
use crate::accounting::period::Period;
use crate::accounting::queries;
use crate::accounting::views::{CompanyPage, Neighbours, address};
use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::csv::{Cell, Csv};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::text_of;
use crate::platform::web::{FormErrors, attachment, render_with};

/// Days in the table unless said otherwise (M19).
const USUAL_DAYS: u64 = 7;

/// A span of days.
#[derive(Debug, Deserialize)]
pub(super) struct PeriodQuery {
    from: Option<String>,
    to: Option<String>,
}

fn usual(today: NaiveDate) -> Period {
    Period {
        from: today
            .checked_sub_days(Days::new(USUAL_DAYS - 1))
            .unwrap_or(today),
        to: today,
    }
}

/// `GET /accounting`: earned today, the company's balance, and a line for each day (M18 to M20).
pub(super) async fn show_company(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let today = config.zone.date_of(db.clock().now());
    let mut asked = read_period(
        frame.lang,
        query.from.as_deref(),
        query.to.as_deref(),
        usual(today),
    )?;
    if let Err(AppError::Invalid(errors)) = asked.period.as_table() {
        asked.period = usual(today);
        asked.errors = FormErrors::new(frame.lang, &errors);
    }
    let (period, status) = (asked.period, asked.status());
    let sees_days = actor.may(Operation::CompanyTransfers);
    let sees_payouts = actor.may(Operation::Payouts);
    let corrects = actor.may(Operation::RequestCorrections);
    let (earned_today, earnings, balance) = db
        .read(ROLE, move |conn| {
            let today = queries::show_earnings(conn, &actor, Period::day(today))?.total();
            Ok((
                today,
                queries::show_earnings(conn, &actor, period)?,
                queries::show_company_balance(conn, &actor, None)?,
            ))
        })
        .await?;
    let link = |path: &str, period: Period| {
        address(
            path,
            &[
                ("from", &period.from.to_string()),
                ("to", &period.to.to_string()),
            ],
        )
    };
    let (before, after) = neighbours_of(period);
    let page = CompanyPage {
        today,
        earned_today,
        balance,
        total: earnings.total(),
        days: earnings.days.into_iter().rev().collect(),
        neighbours: Neighbours {
            earlier: link("/accounting", before),
            later: if after.from <= today {
                link("/accounting", after)
            } else {
                String::new()
            },
        },
        csv: link("/accounting.csv", period),
        sees_days,
        sees_payouts,
        corrects,
        period,
        form: asked.form,
        errors: asked.errors,
        frame,
    };
    render_with(status, &page)
}

/// `GET /accounting.csv`: the days as a file.
pub(super) async fn download_company(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let today = config.zone.date_of(db.clock().now());
    let period = Period::parse(query.from.as_deref(), query.to.as_deref(), usual(today))?;
    let earnings = db
        .read(ROLE, move |conn| {
            queries::show_earnings(conn, &actor, period)
        })
        .await?;
    let titles = [
        "column-date",
        "column-fees",
        "column-rewards",
        "column-earned",
    ]
    .map(|id| text_of(frame.lang, id, []));
    let mut csv = Csv::new(&titles.each_ref().map(String::as_str));
    for day in earnings.days.iter().rev() {
        csv.row(&[
            Cell::Date(day.business_date),
            Cell::Amount(day.fees.minor()),
            Cell::Amount(day.rewards.minor()),
            Cell::Amount(day.earned().minor()),
        ]);
    }
    Ok(attachment(
        &format!("company-{}-{}.csv", period.from, period.to),
        csv.finish(),
    ))
}
