//! `/admin/scenarios`: what should have followed and did not, and what did so late.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get};

use super::store;
use super::views::{AlertRow, ScenariosPage};
use crate::auth::{Operation, Viewer};
use crate::operations::ROLE;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::web::render;

/// Alerts of each list that the page shows.
const SHOWN: i64 = 200;

/// Mounts the page.
pub(in crate::operations) fn configure(app: &mut ServiceConfig) {
    app.route("/admin/scenarios", get().to(show_scenarios));
}

async fn show_scenarios(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let asker = actor.clone();
    let (open, cleared, count) = db
        .read_by_keys(ROLE, move |conn| {
            asker.allow(Operation::Checks)?;
            Ok((
                store::list_alerts(conn, false, SHOWN)?,
                store::list_alerts(conn, true, SHOWN / 4)?,
                store::count_open(conn)?,
            ))
        })
        .await?;
    let row = |alert| AlertRow::new(&frame, alert, &actor);
    render(&ScenariosPage {
        open: open.into_iter().map(row).collect(),
        cleared: cleared.into_iter().map(row).collect(),
        count,
        limit: config.scenario_limit.as_secs(),
        frame,
    })
}
