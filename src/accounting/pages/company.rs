//! The company's money: earnings by day, and all transfers of a date.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::{neighbours_of, read_period, read_user};
use crate::accounting::ROLE;
use crate::accounting::period::{Period, parse_date};
use crate::accounting::queries::{self, CSV_ROWS, CompanyFilter, MovementKind};
use crate::accounting::views::{
    CompanyPage, CompanyRow, DayPage, Neighbours, address, description, kind_choices, kind_text,
    user_parameter,
};
use crate::auth::{Operation, Viewer};
use crate::events::TransferKind;
use crate::platform::clock::{next_day, previous_day};
use crate::platform::config::Config;
use crate::platform::csv::{Cell, Csv};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::text_of;
use crate::platform::web::{DEFAULT_LIMIT, FormErrors, attachment, render, render_with};

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
    let (earned_today, earnings, balance) = db
        .read(ROLE, move |conn| {
            let today = queries::show_earnings(conn, &actor, Period::day(today))?.total();
            Ok((
                today,
                queries::show_earnings(conn, &actor, period)?,
                queries::show_company_balance(conn, &actor)?,
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

/// Which transfers of a date.
#[derive(Debug, Deserialize)]
pub(super) struct DayQuery {
    user: Option<String>,
    kind: Option<String>,
    cursor: Option<String>,
}

impl DayQuery {
    fn kind(&self) -> Option<TransferKind> {
        self.kind.as_deref().and_then(TransferKind::parse)
    }
}

/// The kinds that a transfer can have.
const KINDS: [MovementKind; 4] = [
    MovementKind::Transfer(TransferKind::AssignmentFee),
    MovementKind::Transfer(TransferKind::CompletionReward),
    MovementKind::Transfer(TransferKind::Payout),
    MovementKind::Transfer(TransferKind::Adjustment),
];

/// `GET /accounting/days/{date}`: sums by kind and every transfer (M17, M21). A date in the future is not there.
pub(super) async fn show_day(
    viewer: Viewer,
    path: Path<String>,
    query: Query<DayQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let query = query.into_inner();
    let today = config.zone.date_of(db.clock().now());
    let date = parse_date("date", &path)
        .ok()
        .filter(|date| *date <= today)
        .ok_or(AppError::NotFound)?;
    let (user, kind) = (read_user(query.user.as_deref())?, query.kind());
    let sees_tasks = actor.may(Operation::AllTasks);
    let cursor = query.cursor.clone();
    let (summary, employee, page) = db
        .read(ROLE, move |conn| {
            let filter = CompanyFilter {
                period: Period::day(date),
                user,
                kind,
                cursor: cursor.as_deref(),
                limit: DEFAULT_LIMIT,
            };
            let summary = queries::show_day_summary(conn, &actor, date)?;
            let employee = match user {
                Some(_) => Some(queries::show_account_head(conn, &actor, user, date)?.employee),
                None => None,
            };
            Ok((
                summary,
                employee,
                queries::list_company_transfers(conn, &actor, &filter)?,
            ))
        })
        .await?;
    let user_text = user_parameter(user);
    let kind_word = kind.map_or("", TransferKind::as_str);
    let link = |date: NaiveDate, suffix: &str, cursor: &str| {
        let parameters = [
            ("user", user_text.as_str()),
            ("kind", kind_word),
            ("cursor", cursor),
        ];
        address(&format!("/accounting/days/{date}{suffix}"), &parameters)
    };
    let page = DayPage {
        sums: summary
            .sums
            .iter()
            .map(|(kind, count, sum)| {
                (
                    kind_text(frame.lang, MovementKind::Transfer(*kind)),
                    *count,
                    *sum,
                )
            })
            .collect(),
        summary,
        kinds: kind_choices(frame.lang, &KINDS, kind.map(MovementKind::Transfer)),
        rows: page
            .items
            .iter()
            .map(|transfer| CompanyRow::new(&frame, transfer, sees_tasks))
            .collect(),
        first: if query.cursor.is_some() {
            link(date, "", "")
        } else {
            String::new()
        },
        older: page
            .next
            .map(|next| link(date, "", &next))
            .unwrap_or_default(),
        neighbours: Neighbours {
            earlier: link(previous_day(date), "", ""),
            later: if date < today {
                link(next_day(date), "", "")
            } else {
                String::new()
            },
        },
        csv: link(date, ".csv", ""),
        user: user_text.clone(),
        employee,
        date,
        frame,
    };
    render(&page)
}

/// `GET /accounting/days/{date}.csv`: the same transfers as a file.
pub(super) async fn download_day(
    viewer: Viewer,
    path: Path<String>,
    query: Query<DayQuery>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let date = parse_date("date", &path).map_err(|_| AppError::NotFound)?;
    let (user, kind) = (read_user(query.user.as_deref())?, query.kind());
    let page = db
        .read(ROLE, move |conn| {
            let filter = CompanyFilter {
                period: Period::day(date),
                user,
                kind,
                cursor: None,
                limit: CSV_ROWS,
            };
            queries::list_company_transfers(conn, &actor, &filter)
        })
        .await?;
    let ids = [
        "column-date",
        "column-time",
        "column-employee",
        "column-kind",
        "column-description",
        "column-amount",
    ];
    let titles = ids.map(|id| text_of(frame.lang, id, []));
    let mut csv = Csv::new(&titles.each_ref().map(String::as_str));
    for transfer in &page.items {
        csv.row(&[
            Cell::Date(transfer.movement.business_date),
            Cell::Instant(transfer.movement.at),
            Cell::Text(transfer.employee.name.clone()),
            Cell::Text(kind_text(frame.lang, transfer.movement.kind)),
            Cell::Text(description(frame.lang, &transfer.movement, &frame.currency)),
            Cell::Amount(transfer.movement.amount.minor()),
        ]);
    }
    Ok(attachment(&format!("transfers-{date}.csv"), csv.finish()))
}
