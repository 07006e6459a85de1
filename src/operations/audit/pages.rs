//! `/admin/audit`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query, ServiceConfig, get};
use serde::Deserialize;

use super::store::{AuditFilter, count_audit, list_audit};
use super::views::{AuditForm, AuditPage, csv_header, csv_row};
use crate::auth::Viewer;
use crate::platform::config::Config;
use crate::platform::db::{Db, READER};
use crate::platform::error::{AppError, AppResult};
use crate::platform::period::Period;
use crate::platform::web::{
    ByTime, DEFAULT_LIMIT, FormErrors, ListPlace, Order, PIECE, attachment_of_list, render_with,
};

/// Days that the page shows unless said otherwise.
const USUAL_DAYS: u64 = 7;

#[derive(Clone, Deserialize)]
pub(super) struct AuditQuery {
    from: Option<String>,
    to: Option<String>,
    person: Option<String>,
    action: Option<String>,
    sort: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

impl AuditQuery {
    fn order(&self) -> AppResult<Order<ByTime>> {
        Order::parse(self.sort.as_deref(), ByTime::NEWEST)
    }

    fn filter(&self, config: &Config, period: Period) -> AppResult<AuditFilter> {
        let given = |word: &Option<String>| {
            let word = word.as_deref().map(str::trim);
            word.filter(|word| !word.is_empty()).map(ToOwned::to_owned)
        };
        Ok(AuditFilter {
            since: config.zone.start_of(period.from),
            before: config.zone.end_of(period.to),
            person: given(&self.person).map(|person| person.to_lowercase()),
            action: given(&self.action),
            oldest_first: !self.order()?.descending,
        })
    }

    fn period(&self, db: &Db, config: &Config) -> (AppResult<Period>, Period) {
        let usual = Period::ending(config.zone.date_of(db.clock().now()), USUAL_DAYS);
        let asked = Period::parse(self.from.as_deref(), self.to.as_deref(), usual);
        (asked, usual)
    }
}

/// Mounts the page and its file.
pub(in crate::operations) fn configure(app: &mut ServiceConfig) {
    app.route("/admin/audit", get().to(show_audit))
        .route("/admin/audit.csv", get().to(export_audit));
}

/// Who did what, when and from where; the newest first.
async fn show_audit(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<AuditQuery>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let query = query.into_inner();
    let (asked, usual) = query.period(&db, &config);
    let (period, errors) = match asked {
        Ok(period) => (period, FormErrors::none()),
        Err(AppError::Invalid(errors)) => (usual, FormErrors::new(frame.lang, &errors)),
        Err(error) => return Err(error),
    };
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let (asker, filter, place) = (
        actor.clone(),
        query.filter(&config, period)?,
        query.place.clone(),
    );
    let page = db
        .read(READER, move |conn| {
            list_audit(conn, &asker, &filter, place.cursor(), DEFAULT_LIMIT)?
                .with_count(|| count_audit(conn, &asker, &filter))
        })
        .await?;
    let form = AuditForm {
        from: query.from.filter(|_| !errors.is_empty()),
        to: query.to.filter(|_| !errors.is_empty()),
        person: query.person.unwrap_or_default(),
        action: query.action.unwrap_or_default(),
        order: Order::parse(query.sort.as_deref(), ByTime::NEWEST)?,
        place: query.place,
        errors,
    };
    render_with(status, &AuditPage::new(frame, &actor, period, form, page))
}

/// The same rows as a file.
async fn export_audit(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<AuditQuery>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let period = query.period(&db, &config).0?;
    let name = format!("audit-{}-{}.csv", period.from, period.to);
    let filter = query.filter(&config, period)?;
    let header = csv_header(frame.l);
    attachment_of_list(&name, &header, move |cursor| {
        let (db, actor, filter) = (db.clone(), actor.clone(), filter.clone());
        let frame = frame.clone();
        async move {
            let page = db
                .read(READER, move |conn| {
                    list_audit(conn, &actor, &filter, cursor.as_deref(), PIECE)
                })
                .await?;
            Ok(page.map(|row| csv_row(&frame, &row).into()))
        }
    })
    .await
}
