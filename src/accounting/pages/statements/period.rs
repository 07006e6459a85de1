//! Several days of one person on one sheet.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use chrono::{Datelike, NaiveDate};

use super::super::{neighbours_of, read_period, read_user};
use super::{PeriodQuery, letterhead};
use crate::accounting::ROLE;
use crate::accounting::period::Period;
use crate::accounting::queries;
use crate::accounting::views::{
    Neighbours, PeriodStatementPage, StatementRow, address, reference_of, user_parameter,
};
use crate::auth::Viewer;
use crate::platform::config::Config;
use crate::platform::csv::{Cell, Csv};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::text_of;
use crate::platform::web::{FormErrors, attachment, render_with};

/// The month so far.
fn month_of(today: NaiveDate) -> Period {
    Period {
        from: today.with_day(1).unwrap_or(today),
        to: today,
    }
}

/// `GET /account/statement`: opening of the first day, movements by day, closing of the last; the month so far unless asked otherwise.
pub(in super::super) async fn show_period_statement(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let query = query.into_inner();
    let now = db.clock().now();
    let today = config.zone.date_of(now);
    let user = read_user(query.user.as_deref())?.filter(|user| *user != actor.id.0);
    let (from, to) = (query.from.as_deref(), query.to.as_deref());
    let mut asked = read_period(frame.lang, from, to, month_of(today))?;
    if let Err(AppError::Invalid(errors)) = asked.period.as_table() {
        asked.period = month_of(today);
        asked.errors = FormErrors::new(frame.lang, &errors);
    }
    let (period, status) = (asked.period, asked.status());
    let statement = db
        .read_by_keys(ROLE, move |conn| {
            queries::show_period_statement(conn, &actor, user, period)
        })
        .await?;
    let parameter = user_parameter(user);
    let link = |path: &str, period: Period| {
        let (from, to) = (period.from.to_string(), period.to.to_string());
        let parameters = [("user", parameter.as_str()), ("from", &from), ("to", &to)];
        address(path, &parameters)
    };
    let (before, after) = neighbours_of(period);
    let reference = format!(
        "{}-{}",
        reference_of(period.from, statement.employee.uid),
        period.to.format("%Y%m%d")
    );
    let page = PeriodStatementPage {
        own: user.is_none(),
        rows: statement
            .days
            .iter()
            .map(|line| StatementRow::new(frame.lang, line.clone(), &parameter))
            .collect(),
        neighbours: Neighbours {
            earlier: link("/account/statement", before),
            later: if after.from <= today {
                link("/account/statement", after)
            } else {
                String::new()
            },
        },
        csv: link("/account/statement.csv", period),
        list: address("/account/statements", &[("user", parameter.as_str())]),
        letterhead: letterhead(&config, &frame, reference, now),
        user: parameter.clone(),
        is_final: statement.is_final() && period.to < today,
        statement,
        period,
        form: asked.form,
        errors: asked.errors,
        frame,
    };
    render_with(status, &page)
}

/// `GET /account/statement.csv`: the same days as a file.
pub(in super::super) async fn download_period_statement(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let today = config.zone.date_of(db.clock().now());
    let period = Period::parse(query.from.as_deref(), query.to.as_deref(), month_of(today))?;
    let user = read_user(query.user.as_deref())?;
    let statement = db
        .read_by_keys(ROLE, move |conn| {
            queries::show_period_statement(conn, &actor, user, period)
        })
        .await?;
    let titles = [
        "column-date",
        "statement-opening",
        "column-fees",
        "column-rewards",
        "statement-adjustments",
        "statement-payout",
        "statement-closing",
        "column-state",
    ]
    .map(|id| text_of(frame.lang, id, []));
    let mut csv = Csv::new(&titles.each_ref().map(String::as_str));
    for day in &statement.days {
        let figures = &day.figures;
        let state = if day.is_final {
            "day-closed"
        } else {
            "day-open"
        };
        csv.row(&[
            Cell::Date(day.business_date),
            Cell::Amount(figures.opening_minor.minor()),
            Cell::Amount(figures.fees_minor.minor()),
            Cell::Amount(figures.rewards_minor.minor()),
            Cell::Amount(figures.adjustments_minor.minor()),
            Cell::Amount((-figures.payout_minor).minor()),
            Cell::Amount(figures.closing_minor.minor()),
            Cell::Text(text_of(frame.lang, state, [])),
        ]);
    }
    let name = format!("statement-{}-{}.csv", period.from, period.to);
    Ok(attachment(&name, csv.finish()))
}
