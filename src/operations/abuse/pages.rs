//! `/admin/abuse` and its four files.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query, ServiceConfig, get};
use serde::Deserialize;

use super::store::{self, CREATOR_ORDERS, PRESSER_ORDERS};
use super::views::{self, AbuseForm, AbusePage, Reports};
use crate::auth::Viewer;
use crate::platform::clock::BusinessZone;
use crate::platform::config::Config;
use crate::platform::db::{Db, READER};
use crate::platform::error::{AppError, AppResult};
use crate::platform::period::Period;
use crate::platform::web::{FormErrors, Pieces, attachment_in_pieces, one_of, render_with};

/// Days that are looked at unless said otherwise.
const USUAL_DAYS: u64 = 30;

/// Rows of each report on the page.
const SHOWN: i64 = 50;

/// Rows of each file at most: more than pairs of five thousand people who ever met.
const EXPORTED: i64 = 1_000_000;

#[derive(Deserialize)]
pub(super) struct AbuseQuery {
    from: Option<String>,
    to: Option<String>,
    creators: Option<String>,
    pressers: Option<String>,
}

impl AbuseQuery {
    fn period(&self, today: chrono::NaiveDate) -> (AppResult<Period>, Period) {
        let usual = Period::ending(today, USUAL_DAYS);
        let asked = Period::parse(self.from.as_deref(), self.to.as_deref(), usual);
        (asked.and_then(Period::as_table), usual)
    }

    fn creators(&self) -> AppResult<&'static str> {
        let words = CREATOR_ORDERS.map(|order| order.0);
        order_of("creators", &words, self.creators.as_deref())
    }

    fn pressers(&self) -> AppResult<&'static str> {
        let words = PRESSER_ORDERS.map(|order| order.0);
        order_of("pressers", &words, self.pressers.as_deref())
    }
}

/// The order that is said, the first of the words when none is.
fn order_of(
    field: &'static str,
    words: &[&'static str],
    said: Option<&str>,
) -> AppResult<&'static str> {
    let found = one_of(field, said, |said| {
        words.iter().copied().find(|word| *word == said)
    })?;
    Ok(found.unwrap_or(words[0]))
}

/// Mounts the page and the files.
pub(in crate::operations) fn configure(app: &mut ServiceConfig) {
    app.route("/admin/abuse", get().to(show_abuse))
        .route("/admin/abuse/creators.csv", get().to(export_creators))
        .route("/admin/abuse/pairs.csv", get().to(export_pairs))
        .route("/admin/abuse/pressers.csv", get().to(export_pressers))
        .route("/admin/abuse/effects.csv", get().to(export_effects));
}

/// All four reports, the most conspicuous rows of each.
async fn show_abuse(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<AbuseQuery>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let query = query.into_inner();
    let (asked, usual) = query.period(config.zone.date_of(db.clock().now()));
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
    let (when, asker) = ((period, config.zone), actor.clone());
    let (creators, pressers) = (query.creators()?, query.pressers()?);
    let reports = db
        .read(READER, move |conn| {
            Ok(Reports {
                creators: store::list_creators(conn, &asker, when, creators, SHOWN)?,
                pairs: store::list_pairs(conn, &asker, when, SHOWN)?,
                pressers: store::list_pressers(conn, &asker, when, pressers, SHOWN)?,
                effects: store::list_effects(conn, &asker, when, SHOWN)?,
            })
        })
        .await?;
    let form = AbuseForm {
        from: query.from.filter(|_| !errors.is_empty()),
        to: query.to.filter(|_| !errors.is_empty()),
        creators,
        pressers,
        errors,
    };
    let limits = config.abuse_limits;
    render_with(
        status,
        &AbusePage::new(frame, period, form, reports, limits),
    )
}

/// What a file is asked for.
struct Asked {
    viewer: Viewer,
    db: Data<Db>,
    when: (Period, BusinessZone),
    query: AbuseQuery,
}

impl Asked {
    fn new(
        viewer: Viewer,
        db: Data<Db>,
        config: &Config,
        query: Query<AbuseQuery>,
    ) -> AppResult<Self> {
        let period = query.period(config.zone.date_of(db.clock().now())).0?;
        Ok(Self {
            viewer,
            db,
            when: (period, config.zone),
            query: query.into_inner(),
        })
    }

    async fn file(&self, report: &str, rows: impl Pieces) -> AppResult<HttpResponse> {
        let Period { from, to } = self.when.0;
        attachment_in_pieces(&format!("{report}-{from}-{to}.csv"), rows).await
    }
}

async fn export_creators(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<AbuseQuery>,
) -> AppResult<HttpResponse> {
    let asked = Asked::new(viewer, db, &config, query)?;
    let (actor, when, order) = (
        asked.viewer.actor.clone(),
        asked.when,
        asked.query.creators()?,
    );
    let rows = asked
        .db
        .read(READER, move |conn| {
            store::list_creators(conn, &actor, when, order, EXPORTED)
        })
        .await?;
    let rows = views::csv_of_creators(asked.viewer.frame.l, rows);
    asked.file("creators", rows).await
}

async fn export_pairs(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<AbuseQuery>,
) -> AppResult<HttpResponse> {
    let asked = Asked::new(viewer, db, &config, query)?;
    let (actor, when) = (asked.viewer.actor.clone(), asked.when);
    let rows = asked
        .db
        .read(READER, move |conn| {
            store::list_pairs(conn, &actor, when, EXPORTED)
        })
        .await?;
    let rows = views::csv_of_pairs(asked.viewer.frame.l, rows);
    asked.file("pairs", rows).await
}

async fn export_pressers(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<AbuseQuery>,
) -> AppResult<HttpResponse> {
    let asked = Asked::new(viewer, db, &config, query)?;
    let (actor, when, order) = (
        asked.viewer.actor.clone(),
        asked.when,
        asked.query.pressers()?,
    );
    let rows = asked
        .db
        .read(READER, move |conn| {
            store::list_pressers(conn, &actor, when, order, EXPORTED)
        })
        .await?;
    let rows = views::csv_of_pressers(asked.viewer.frame.l, rows);
    asked.file("pressers", rows).await
}

async fn export_effects(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<AbuseQuery>,
) -> AppResult<HttpResponse> {
    let asked = Asked::new(viewer, db, &config, query)?;
    let (actor, when) = (asked.viewer.actor.clone(), asked.when);
    let rows = asked
        .db
        .read(READER, move |conn| {
            store::list_effects(conn, &actor, when, EXPORTED)
        })
        .await?;
    let rows = views::csv_of_effects(asked.viewer.frame.l, rows);
    asked.file("effects", rows).await
}
