//! One person's day.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use chrono::NaiveDate;

use super::super::read_user;
use super::CSV_ROWS;
use super::{UserQuery, letterhead, read_date};
use crate::accounting::ROLE;
use crate::accounting::queries::{self, Statement};
use crate::accounting::views::{
    MovementRow, Neighbours, StatementPage, address, description, kind_text, reference_of,
    user_parameter,
};
use crate::auth::{Operation, Viewer};
use crate::platform::clock::{next_day, previous_day};
use crate::platform::config::Config;
use crate::platform::csv::{Cell, Csv};
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::i18n::text_of;
use crate::platform::web::{Frame, attachment, render};

/// Movements on a page at most; the file has all of them.
const LINES: i64 = 1_000;

/// `GET /account/statements/{date}`: the statement of a day (M33).
pub(in super::super) async fn show_statement(
    viewer: Viewer,
    path: Path<String>,
    query: Query<UserQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let date = read_date(&path)?;
    let now = db.clock().now();
    let today = config.zone.date_of(now);
    let user = read_user(query.user.as_deref())?.filter(|user| *user != actor.id.0);
    let asker = actor.clone();
    let statement = db
        .read(ROLE, move |conn| {
            let mut found = queries::show_statement(conn, &asker, user, date, today, LINES)?;
            queries::tell_newest_assignments(conn, &mut found.lines, today)?;
            Ok(found)
        })
        .await?;
    let parameter = user_parameter(user);
    let link = |date: NaiveDate, suffix: &str| {
        let path = format!("/account/statements/{date}{suffix}");
        address(&path, &[("user", parameter.as_str())])
    };
    let reference = reference_of(date, statement.employee.uid);
    let page = StatementPage {
        own: user.is_none(),
        rows: statement
            .lines
            .iter()
            .map(|line| MovementRow::new(&frame, line, &actor, statement.employee.uid))
            .collect(),
        neighbours: Neighbours {
            earlier: link(previous_day(date), ""),
            later: if date < today {
                link(next_day(date), "")
            } else {
                String::new()
            },
        },
        csv: link(date, ".csv"),
        list: address("/account/statements", &[("user", parameter.as_str())]),
        sees_company: actor.may(Operation::CompanyTransfers),
        letterhead: letterhead(&config, &frame, reference, now),
        statement,
        frame,
    };
    render(&page)
}

/// `GET /account/statements/{date}.csv`: the same as a file; the sum of its amounts is what the day changed.
pub(in super::super) async fn download_statement(
    viewer: Viewer,
    path: Path<String>,
    query: Query<UserQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let date = read_date(&path)?;
    let today = config.zone.date_of(db.clock().now());
    let user = read_user(query.user.as_deref())?;
    let statement = db
        .read(ROLE, move |conn| {
            queries::show_statement(conn, &actor, user, date, today, CSV_ROWS)
        })
        .await?;
    let name = format!(
        "statement-{}.csv",
        reference_of(date, statement.employee.uid)
    );
    Ok(attachment(&name, file_of(&frame, &statement)))
}

fn file_of(frame: &Frame, statement: &Statement) -> Vec<u8> {
    let column = |id: &str| text_of(frame.lang, id, []);
    let titles = [
        "column-date",
        "column-time",
        "column-kind",
        "column-description",
        "column-amount",
        "column-balance",
    ]
    .map(column);
    let mut csv = Csv::new(&titles.each_ref().map(String::as_str));
    let empty = || Cell::Text(String::new());
    let balance = |id: &str, amount: i64| {
        [
            Cell::Date(statement.business_date),
            empty(),
            Cell::Text(column(id)),
            empty(),
            empty(),
            Cell::Amount(amount),
        ]
    };
    let figures = &statement.figures;
    csv.row(&balance("statement-opening", figures.opening_minor.minor()));
    for line in &statement.lines {
        csv.row(&[
            Cell::Date(line.business_date),
            Cell::Instant(line.at),
            Cell::Text(kind_text(frame.lang, line.kind)),
            Cell::Text(description(frame.lang, line, &frame.currency)),
            Cell::Amount(line.amount.minor()),
            Cell::Amount(line.balance.minor()),
        ]);
    }
    let closing = if statement.is_final {
        "statement-closing"
    } else {
        "statement-so-far"
    };
    csv.row(&balance(closing, figures.closing_minor.minor()));
    csv.finish()
}
