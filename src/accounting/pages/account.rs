//! One's own account, and anybody's for those who see the company's money.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use chrono::NaiveDate;
use serde::Deserialize;

use super::{neighbours_of, read_period, read_user};
use crate::accounting::ROLE;
use crate::accounting::period::Period;
use crate::accounting::queries::{
    self, AccountFilter, AccountHead, Movement, MovementKind, Undeliverable,
};
use crate::accounting::views::{
    AccountPage, LogColumns, MovementRow, Neighbours, address, chosen, kind_choices, user_parameter,
};
use crate::auth::{Actor, Operation, Viewer};
use crate::platform::clock::next_day;
use crate::platform::config::Config;
use crate::platform::db::{Db, Part, Parts};
use crate::platform::error::AppResult;
use crate::platform::money::Money;
use crate::platform::web::{
    DEFAULT_LIMIT, FiltersOn, ListAddress, ListPlace, PageOf, Pager, one_of, render_with,
};

/// Whose log, and which part of it.
#[derive(Debug, Deserialize)]
pub(super) struct AccountQuery {
    pub user: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub kind: Option<String>,
    #[serde(flatten)]
    columns: ColumnWords,
    #[serde(flatten)]
    place: ListPlace,
}

/// What an address says of the columns of the log: those that are not wanted are `off`.
#[derive(Debug, Default, Deserialize)]
struct ColumnWords {
    time: Option<String>,
    kinds: Option<String>,
    balance: Option<String>,
}

impl ColumnWords {
    fn columns(&self) -> LogColumns {
        let wanted = |word: &Option<String>| word.as_deref() != Some(LogColumns::OFF);
        LogColumns {
            time: wanted(&self.time),
            kind: wanted(&self.kinds),
            balance: wanted(&self.balance),
        }
    }
}

/// `GET /account`: balance, today's earnings, the next payout, and the log of a period with running balance.
pub(super) async fn show_account(
    viewer: Viewer,
    query: Query<AccountQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let query = query.into_inner();
    let Viewer { actor, frame, .. } = viewer;
    let now = db.clock().now();
    let today = config.zone.date_of(now);
    let asked = read_period(
        frame.lang,
        query.from.as_deref(),
        query.to.as_deref(),
        Period::day(today),
    )?;
    let (period, status) = (asked.period, asked.status());
    let user = read_user(query.user.as_deref())?.filter(|user| *user != actor.id.0);
    let kind = one_of("kind", query.kind.as_deref(), MovementKind::parse)?;
    let (asker, place) = (actor.clone(), query.place.clone());
    let found = db
        .read_parts_by_keys(move |parts| {
            let filter = AccountFilter {
                user,
                period,
                kind,
                cursor: place.cursor(),
                limit: DEFAULT_LIMIT,
            };
            read_account(parts, &asker, &filter, today)
        })
        .await?;
    let (page, log_missing) = match found.log {
        Part::Ready(page) => (page, false),
        Part::Missing => (PageOf::default(), true),
    };
    let user_text = user_parameter(user);
    let owner = user.unwrap_or(actor.id.0);
    let columns = query.columns.columns();
    let kinds = kind_choices(frame.lang, &MovementKind::ALL, kind);
    let over = |period: Period| {
        ListAddress::new("/account")
            .with("user", &user_text)
            .with("from", period.from)
            .with("to", period.to)
            .with_some("kind", kind.map(MovementKind::as_str))
            .with_some("time", columns.word(columns.time))
            .with_some("kinds", columns.word(columns.kind))
            .with_some("balance", columns.word(columns.balance))
    };
    let here = over(period);
    let on = FiltersOn::new(here.without("kind").first()).and(chosen(&kinds), &here, &["kind"]);
    let (before, after) = neighbours_of(period);
    let page = AccountPage {
        own: user.is_none(),
        next_payout: found.head.get().map(|head| head.balance.max(Money::ZERO)),
        next_payout_at: config.zone.instant_of(next_day(today), config.payout_at),
        name: match found.head.get() {
            Some(head) => head.employee.name.clone(),
            None => user_text.clone(),
        },
        head: found.head,
        closing: found.closing,
        log_missing,
        titles_missing: found.titles.is_missing(),
        kinds,
        columns,
        on,
        rows: page
            .items
            .iter()
            .map(|movement| {
                MovementRow::new(&frame, movement, &actor, owner).or_statement(movement, &user_text)
            })
            .collect(),
        corrects: actor.may(Operation::RequestCorrections),
        statements: address("/account/statements", &[("user", &user_text)]),
        unreachable: found.unreachable,
        pager: Pager::new(&frame, &here, &query.place, DEFAULT_LIMIT, &page),
        neighbours: Neighbours {
            earlier: over(before).first(),
            later: if after.from <= today {
                over(after).first()
            } else {
                String::new()
            },
        },
        csv: here.at("/account.csv"),
        xlsx: here.at("/account.xlsx"),
        user: user_text.clone(),
        period,
        form: asked.form,
        errors: asked.errors,
        frame,
    };
    render_with(status, &page)
}

/// What the page could have of an account.
struct Found {
    head: Part<AccountHead>,
    closing: Option<Part<Money>>,
    unreachable: Option<Undeliverable>,
    log: Part<PageOf<Movement>>,
    titles: Part<()>,
}

/// The account in its parts; the titles of the tasks come last and into the log, which does without them (G05, G06).
fn read_account(
    parts: &mut Parts<'_>,
    asker: &Actor,
    filter: &AccountFilter<'_>,
    today: NaiveDate,
) -> AppResult<Found> {
    let (user, last) = (filter.user, filter.period.to);
    let head = parts.read(ROLE, "account.head", |conn| {
        queries::show_account_head(conn, asker, user, today)
    })?;
    let mut log = parts.read(ROLE, "account.log", |conn| {
        queries::list_unnamed_movements(conn, asker, filter)?
            .with_count(|| queries::count_movements(conn, asker, filter))
    })?;
    let closing = (last < today)
        .then(|| {
            parts.read(ROLE, "account.closing", |conn| {
                queries::show_balance_at(conn, asker, user, last)
            })
        })
        .transpose()?;
    let unreachable = match user {
        Some(_) => None,
        None => parts
            .read(ROLE, "account.unreachable", |conn| {
                queries::own_undeliverable(conn, asker)
            })?
            .or_default(),
    };
    let titles = match &mut log {
        Part::Ready(page) => parts.read(ROLE, "account.titles", |conn| {
            if user.is_none() {
                queries::tell_newest_assignments(conn, &mut page.items, today)?;
            }
            queries::name_tasks(conn, &mut page.items)
        })?,
        Part::Missing => Part::Ready(()),
    };
    Ok(Found {
        head,
        closing,
        unreachable,
        log,
        titles,
    })
}
