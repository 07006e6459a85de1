//! The company's day.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use chrono::NaiveDate;

use super::{letterhead, read_date};
use crate::accounting::ROLE;
use crate::accounting::queries;
use crate::accounting::views::{CompanyStatementPage, Neighbours, company_side, people_side};
use crate::auth::Viewer;
use crate::platform::clock::{next_day, previous_day};
use crate::platform::config::Config;
use crate::platform::csv::{Cell, Csv};
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::i18n::text_of;
use crate::platform::web::{attachment, render};

/// `GET /accounting/days/{date}/statement`: fees, rewards, payouts and the balance, from both sides (M20).
pub(in super::super) async fn show_company_statement(
    viewer: Viewer,
    path: Path<String>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let date = read_date(&path)?;
    let now = db.clock().now();
    let today = config.zone.date_of(now);
    let statement = db
        .read_by_keys(ROLE, move |conn| {
            queries::show_company_statement(conn, &actor, date, today)
        })
        .await?;
    let link = |date: NaiveDate| format!("/accounting/days/{date}/statement");
    let reference = format!("C-{}", date.format("%Y%m%d"));
    render(&CompanyStatementPage {
        neighbours: Neighbours {
            earlier: if statement.is_first {
                String::new()
            } else {
                link(previous_day(date))
            },
            later: if date < today {
                link(next_day(date))
            } else {
                String::new()
            },
        },
        csv: format!("/accounting/days/{date}/statement.csv"),
        letterhead: letterhead(&config, &frame, reference, now),
        company: company_side(&frame, &statement),
        people: people_side(&frame, &statement),
        statement,
        frame,
    })
}

/// `GET /accounting/days/{date}/statement.csv`: the same lines as a file.
pub(in super::super) async fn download_company_statement(
    viewer: Viewer,
    path: Path<String>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let date = read_date(&path)?;
    let today = config.zone.date_of(db.clock().now());
    let statement = db
        .read_by_keys(ROLE, move |conn| {
            queries::show_company_statement(conn, &actor, date, today)
        })
        .await?;
    let titles = ["column-description", "column-amount"].map(|id| text_of(frame.lang, id, []));
    let mut csv = Csv::new(&titles.each_ref().map(String::as_str));
    let sides = [
        company_side(&frame, &statement),
        people_side(&frame, &statement),
    ];
    for line in sides.concat() {
        csv.row(&[Cell::Text(line.text), Cell::Amount(line.amount.minor())]);
    }
    let name = format!("company-statement-{date}.csv");
    Ok(attachment(&name, csv.finish()))
}
