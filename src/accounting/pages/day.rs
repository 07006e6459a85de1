//! All transfers of a date.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path, Query};
use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::read_user;
use crate::accounting::ROLE;
use crate::accounting::period::{Period, parse_date};
use crate::accounting::queries::{self, CompanyFilter, MovementKind};
use crate::accounting::views::{
    CompanyRow, DayPage, Neighbours, address, description, kind_choices, kind_text, user_parameter,
};
use crate::auth::{Actor, Viewer};
use crate::events::TransferKind;
use crate::platform::clock::{next_day, previous_day};
use crate::platform::config::Config;
use crate::platform::csv::{Cell, Csv};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::text_of;
use crate::platform::web::{DEFAULT_LIMIT, Frame, Pieces, attachment_in_pieces, render};

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
    let reader = actor.clone();
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
            .map(|transfer| CompanyRow::new(&frame, transfer, &reader))
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
    let ids = [
        "column-date",
        "column-time",
        "column-employee",
        "column-kind",
        "column-description",
        "column-amount",
    ];
    let titles = ids.map(|id| text_of(frame.lang, id, []));
    let name = format!("transfers-{date}.csv");
    let file = DayFile {
        db: db.into_inner(),
        csv: Csv::new(&titles.each_ref().map(String::as_str)),
        actor,
        frame,
        date,
        user,
        kind,
        place: Place::First,
    };
    attachment_in_pieces(&name, file).await
}

/// Transfers in a piece of a file.
const PIECE: i64 = 1_000;

/// Where a file goes on.
enum Place {
    First,
    At(String),
    End,
}

/// The file of a date on its way; the date of a large shuffle has a hundred thousand lines.
struct DayFile {
    db: Arc<Db>,
    csv: Csv,
    actor: Actor,
    frame: Frame,
    date: NaiveDate,
    user: Option<Uuid>,
    kind: Option<TransferKind>,
    place: Place,
}

impl Pieces for DayFile {
    async fn next(&mut self) -> AppResult<Option<Bytes>> {
        let cursor = match std::mem::replace(&mut self.place, Place::End) {
            Place::First => None,
            Place::At(cursor) => Some(cursor),
            Place::End => return Ok(None),
        };
        let (actor, date, user, kind) = (self.actor.clone(), self.date, self.user, self.kind);
        let page = self
            .db
            .read(ROLE, move |conn| {
                let filter = CompanyFilter {
                    period: Period::day(date),
                    user,
                    kind,
                    cursor: cursor.as_deref(),
                    limit: PIECE,
                };
                queries::list_company_transfers(conn, &actor, &filter)
            })
            .await?;
        let (lang, currency) = (self.frame.lang, &self.frame.currency);
        for transfer in &page.items {
            self.csv.row(&[
                Cell::Date(transfer.movement.business_date),
                Cell::Instant(transfer.movement.at),
                Cell::Text(transfer.employee.name.clone()),
                Cell::Text(kind_text(lang, transfer.movement.kind)),
                Cell::Text(description(lang, &transfer.movement, currency)),
                Cell::Amount(transfer.movement.amount.minor()),
            ]);
        }
        self.place = page.next.map_or(Place::End, Place::At);
        Ok(Some(self.csv.take().into()))
    }
}
