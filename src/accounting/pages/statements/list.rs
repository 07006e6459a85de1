//! The list of somebody's statements.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use chrono::NaiveDate;

use super::super::{read_period, read_user};
use super::PeriodQuery;
use crate::accounting::ROLE;
use crate::accounting::period::Period;
use crate::accounting::queries;
use crate::accounting::views::{PeriodForm, StatementRow, StatementsPage, user_parameter};
use crate::auth::Viewer;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::web::{DEFAULT_LIMIT, FiltersOn, ListAddress, Pager, render_with};

/// Every date up to today, which is what is shown unless a period is asked for.
pub(in super::super) fn all_until(today: NaiveDate) -> Period {
    Period {
        from: NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or(today),
        to: today,
    }
}

/// `GET /account/statements`: the statements of settled days, newest first.
pub(in super::super) async fn list_statements(
    viewer: Viewer,
    query: Query<PeriodQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let query = query.into_inner();
    let today = config.zone.date_of(db.clock().now());
    let user = read_user(query.user.as_deref())?.filter(|user| *user != actor.id.0);
    let (from, to) = (query.from.as_deref(), query.to.as_deref());
    let asked = read_period(frame.lang, from, to, all_until(today))?;
    let (period, status) = (asked.period, asked.status());
    let place = query.place.clone();
    let (head, page) = db
        .read(ROLE, move |conn| {
            let head = queries::show_account_head(conn, &actor, user, today)?;
            let after = place.cursor();
            let page = queries::list_statements(conn, &actor, user, period, after, DEFAULT_LIMIT)?
                .with_count(|| queries::count_statements(conn, &actor, user, period))?;
            Ok((head, page))
        })
        .await?;
    let parameter = user_parameter(user);
    let said = |given: Option<&str>| given.unwrap_or_default().to_owned();
    let form = PeriodForm {
        from: said(from),
        to: said(to),
    };
    let whole = ListAddress::new("/account/statements").with("user", &parameter);
    let here = whole.with("from", &form.from).with("to", &form.to);
    let since = Some(frame.date_text(&period.from)).filter(|_| !form.from.is_empty());
    let until = Some(frame.date_text(&period.to)).filter(|_| !form.to.is_empty());
    let on = FiltersOn::new(whole.first())
        .and(since.map(|date| format!("≥ {date}")), &here, &["from"])
        .and(until.map(|date| format!("≤ {date}")), &here, &["to"]);
    let page = StatementsPage {
        own: user.is_none(),
        employee: head.employee,
        today: whole.at(&format!("/account/statements/{today}")),
        pager: Pager::new(&frame, &here, &query.place, DEFAULT_LIMIT, &page),
        csv: here.at("/account/statements.csv"),
        xlsx: here.at("/account/statements.xlsx"),
        sheet: here.at("/account/statement"),
        rows: page
            .items
            .into_iter()
            .map(|line| StatementRow::new(frame.lang, line, &parameter))
            .collect(),
        user: parameter.clone(),
        on,
        errors: asked.errors,
        form,
        frame,
    };
    render_with(status, &page)
}
