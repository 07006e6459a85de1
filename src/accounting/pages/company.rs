//! The company's earnings and balance.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use chrono::{Days, NaiveDate};
use i18n_embed_fl::fl;
use serde::Deserialize;

use super::{neighbours_of, read_period};
use crate::accounting::ROLE;
use crate::accounting::period::Period;
use crate::accounting::queries::{self, CompanyBalance, Earnings};
use crate::accounting::views::{CompanyPage, Neighbours, address};
use crate::auth::{Actor, Operation, Viewer};
use crate::platform::agreement::{self, Agreement};
use crate::platform::config::Config;
use crate::platform::db::{Db, Part, Parts};
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::reports::{Report, Reports};
use crate::platform::web::{FormErrors, Measure, render_with};

/// Days in the table unless said otherwise (M19).
const USUAL_DAYS: u64 = 7;

/// A span of days.
#[derive(Debug, Deserialize)]
pub(super) struct PeriodQuery {
    pub from: Option<String>,
    pub to: Option<String>,
}

/// The days of the table unless others are asked for.
pub(super) fn usual(today: NaiveDate) -> Period {
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
    reports: Data<Reports>,
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
    actor.allow(Operation::CompanyEarnings)?;
    let who = actor.id.0;
    let question = format!("{today} {} {}", period.from, period.to);
    let read = db.read_parts_by_keys(move |parts| read_company(parts, &actor, today, period));
    let found = reports.answer(&db, who, "company", question, read).await?;
    let by_day: Vec<(NaiveDate, i64)> = found
        .earnings
        .get()
        .map(|earnings| &earnings.days)
        .into_iter()
        .flatten()
        .map(|day| (day.business_date, day.earned().minor()))
        .collect();
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
    let now = db.clock().now();
    let badge = found
        .agreement
        .as_ref()
        .map(|agreement| frame.badge(agreement, now));
    let page = CompanyPage {
        badge,
        today,
        earned_today: found.earned_today,
        balance: found.balance,
        earnings: found.earnings.clone(),
        chart: frame.day_chart(
            "chart-earned",
            fl!(frame.l, "company-days"),
            Measure::Money,
            &by_day,
        ),
        neighbours: Neighbours {
            earlier: link("/accounting", before),
            later: if after.from <= today {
                link("/accounting", after)
            } else {
                String::new()
            },
        },
        csv: link("/accounting.csv", period),
        xlsx: link("/accounting.xlsx", period),
        journals: [
            link("/accounting.journal", period),
            link("/accounting.beancount", period),
        ],
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

/// What the page could have of the company's money.
struct Found {
    earned_today: Part<Money>,
    earnings: Part<Earnings>,
    balance: Part<CompanyBalance>,
    agreement: Part<Agreement>,
}

impl Report for Found {
    fn is_whole(&self) -> bool {
        !(self.earned_today.is_missing()
            || self.earnings.is_missing()
            || self.balance.is_missing()
            || self.agreement.is_missing())
    }
}

fn read_company(
    parts: &mut Parts<'_>,
    actor: &Actor,
    today: NaiveDate,
    period: Period,
) -> AppResult<Found> {
    Ok(Found {
        earned_today: parts.read(ROLE, "company.today", |conn| {
            Ok(queries::show_earnings(conn, actor, Period::day(today))?.total())
        })?,
        agreement: parts.read(ROLE, "company.agreement", agreement::find)?,
        earnings: parts.read(ROLE, "company.earnings", |conn| {
            queries::show_earnings(conn, actor, period)
        })?,
        balance: parts.read(ROLE, "company.balance", |conn| {
            queries::show_company_balance(conn, actor, None)
        })?,
    })
}
