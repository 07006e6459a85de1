//! All transfers of a date.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use chrono::NaiveDate;
use serde::Deserialize;

use super::read_user;
use crate::accounting::ROLE;
use crate::accounting::period::{Period, parse_date};
use crate::accounting::queries::{self, CompanyFilter, MovementKind};
use crate::accounting::views::{
    CompanyRow, DayPage, Neighbours, chosen, kind_choices, kind_text, user_parameter,
};
use crate::auth::Viewer;
use crate::events::TransferKind;
use crate::platform::clock::{next_day, previous_day};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{
    DEFAULT_LIMIT, FiltersOn, ListAddress, ListPlace, Pager, one_of, render,
};

/// Which transfers of a date.
#[derive(Debug, Deserialize)]
pub(super) struct DayQuery {
    pub user: Option<String>,
    kind: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

impl DayQuery {
    /// The kind that was asked for.
    pub fn kind(&self) -> AppResult<Option<TransferKind>> {
        one_of("kind", self.kind.as_deref(), TransferKind::parse)
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
    let (user, kind) = (read_user(query.user.as_deref())?, query.kind()?);
    let reader = actor.clone();
    let place = query.place.clone();
    let (summary, employee, page) = db
        .read(ROLE, move |conn| {
            let filter = CompanyFilter {
                period: Period::day(date),
                user,
                kind,
                cursor: place.cursor(),
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
                queries::list_company_transfers(conn, &actor, &filter)?
                    .with_count(|| queries::count_company_transfers(conn, &actor, &filter))?,
            ))
        })
        .await?;
    let user_text = user_parameter(user);
    let kind_word = kind.map_or("", TransferKind::as_str);
    let kinds = kind_choices(frame.lang, &KINDS, kind.map(MovementKind::Transfer));
    let on_date = |date: NaiveDate| {
        ListAddress::new(format!("/accounting/days/{date}"))
            .with("user", &user_text)
            .with("kind", kind_word)
    };
    let here = on_date(date);
    let name = employee.as_ref().map(|employee| employee.name.clone());
    let on = FiltersOn::new(format!("/accounting/days/{date}"))
        .and(name, &here, &["user"])
        .and(chosen(&kinds), &here, &["kind"]);
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
        kinds,
        on,
        rows: page
            .items
            .iter()
            .map(|transfer| CompanyRow::new(&frame, transfer, &reader))
            .collect(),
        pager: Pager::new(&frame, &here, &query.place, DEFAULT_LIMIT, &page),
        neighbours: Neighbours {
            earlier: on_date(previous_day(date)).first(),
            later: if date < today {
                on_date(next_day(date)).first()
            } else {
                String::new()
            },
        },
        csv: here.at(&format!("/accounting/days/{date}.csv")),
        xlsx: here.at(&format!("/accounting/days/{date}.xlsx")),
        user: user_text.clone(),
        date,
        frame,
    };
    render(&page)
}
