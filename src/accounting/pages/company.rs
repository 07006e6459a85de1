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
use crate::platform::agreement;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{FormErrors, render_with};

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
    let (earned_today, earnings, balance, agreement) = db
        .read(ROLE, move |conn| {
            let today = queries::show_earnings(conn, &actor, Period::day(today))?.total();
            Ok((
                today,
                queries::show_earnings(conn, &actor, period)?,
                queries::show_company_balance(conn, &actor, None)?,
                agreement::find(conn)?,
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
    let badge = frame.badge(&agreement, db.clock().now());
    let page = CompanyPage {
        badge,
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
