//! The page of the company's figures.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query, ServiceConfig, get};
use serde::Deserialize;

use super::service::{self, Wanted};
use super::views::{AnalyticsPage, RangeForm};
use super::{ROLE, api};
use crate::auth::Viewer;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
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

/// The figures of today and of the last days; with a range that cannot be read, the same with the errors at its fields.
async fn show_analytics(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<RangeQuery>,
) -> AppResult<HttpResponse> {
    let today = config.zone.date_of(db.clock().now());
    let RangeQuery { from, to } = query.into_inner();
    let wanted = Wanted {
        period: None,
        from,
        to,
    };
    let (actor, asked) = (viewer.actor.clone(), wanted.clone());
    let (overview, errors) = db
        .read(ROLE, move |conn| {
            match service::overview(conn, &actor, today, &asked) {
                Err(AppError::Invalid(errors)) => {
                    let usual = service::overview(conn, &actor, today, &Wanted::nothing())?;
                    Ok((usual, errors))
                }
                other => Ok((other?, Vec::new())),
            }
        })
        .await?;
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let errors = FormErrors::new(viewer.frame.lang, &errors);
    let form = RangeForm::new(wanted, overview.range.period, errors);
    render_with(status, &AnalyticsPage::new(viewer.frame, overview, form))
}
