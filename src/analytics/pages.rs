//! The page of the company's figures.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query, ServiceConfig, get};
use serde::Deserialize;

use super::api;
use super::service::{self, Wanted};
use super::views::{AnalyticsPage, RangeForm};
use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::reports::Reports;
use crate::platform::web::{FormErrors, render_with};

#[derive(Deserialize)]
struct RangeQuery {
    from: Option<String>,
    to: Option<String>,
}

/// Mounts the page and the API.
pub fn configure(app: &mut ServiceConfig) {
    app.route("/analytics", get().to(show_analytics))
        .configure(api::configure);
}

/// The figures of today and of a range of days; with a range that cannot be read, those of the usual one with the errors at its
/// fields. The figures are kept for a few seconds (G07).
async fn show_analytics(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    reports: Data<Reports>,
    query: Query<RangeQuery>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    actor.allow(Operation::Analytics)?;
    let now = db.clock().now();
    let today = config.zone.date_of(now);
    let RangeQuery { from, to } = query.into_inner();
    let wanted = Wanted {
        period: None,
        from,
        to,
    };
    let (range, errors) = match wanted.range(today) {
        Ok(range) => (range, Vec::new()),
        Err(AppError::Invalid(errors)) => (service::usual_range(today), errors),
        Err(error) => return Err(error),
    };
    let who = actor.id.0;
    let sees_accounts = actor.may(Operation::CompanyTransfers);
    let question = format!("{today} {} {}", range.from, range.to);
    let read = db.read_parts(move |parts| service::overview(parts, &actor, now, today, range));
    let overview = reports
        .answer(&db, who, "analytics", question, read)
        .await?;
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let errors = FormErrors::new(frame.lang, &errors);
    let form = RangeForm::new(wanted, range, errors);
    let page = AnalyticsPage::new(frame, &overview, form, range, now, sees_accounts);
    render_with(status, &page)
}
