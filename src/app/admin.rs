//! The door of the admin section: every place in it that somebody may enter.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get, resource};
use askama::Template;
use i18n_embed_fl::fl;

use crate::auth::{NavEntry, Operation, Viewer};
use crate::platform::agreement;
use crate::platform::db::Db;
use crate::platform::error::{AppResult, Message};
use crate::platform::web::{Badge, Frame, render};
use crate::{accounting, auth, operations, tasks};

/// The section's place in the navigation.
pub(super) const NAV: &[NavEntry] = &[NavEntry {
    href: "/admin",
    label: "nav-admin",
    operation: Operation::Checks,
}];

#[derive(Template)]
#[template(path = "app/admin.html")]
struct AdminPage {
    frame: Frame,
    places: Vec<Place>,
    /// Planned steps that did not follow, and have not since.
    alerts: i64,
    badge: Badge,
}

struct Place {
    href: &'static str,
    name: String,
    about: String,
}

/// Mounts the door.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/admin").route(get().to(show_admin)));
}

async fn show_admin(viewer: Viewer, db: Data<Db>) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::Checks)?;
    let (alerts, agreement) = db
        .read(operations::ROLE, |conn| {
            Ok((operations::count_open_alerts(conn)?, agreement::find(conn)?))
        })
        .await?;
    let frame = viewer.frame;
    let badge = frame.badge(&agreement, db.clock().now());
    let parts = [
        operations::ADMIN,
        auth::ADMIN,
        tasks::ADMIN,
        accounting::ADMIN,
    ];
    let places = parts
        .concat()
        .into_iter()
        .filter(|entry| viewer.actor.may(entry.operation))
        .map(|entry| Place {
            href: entry.href,
            name: frame.text(&Message::new(entry.label)),
            about: frame.text(&Message::new(about(entry.label))),
        })
        .collect();
    render(&AdminPage {
        frame,
        places,
        alerts,
        badge,
    })
}

/// The line that says what a place is for.
fn about(label: &str) -> &'static str {
    match label {
        "nav-modules" => "admin-about-modules",
        "nav-letters" => "admin-about-letters",
        "nav-runs" => "admin-about-runs",
        "nav-events" => "admin-about-events",
        "nav-stop" => "admin-about-stop",
        "nav-checks" => "admin-about-checks",
        "nav-scenarios" => "admin-about-scenarios",
        "nav-audit" => "admin-about-audit",
        "nav-abuse" => "admin-about-abuse",
        "nav-users" => "admin-about-users",
        "nav-roles" => "admin-about-roles",
        "nav-account-mails" => "admin-about-account-mails",
        "nav-shuffles" => "admin-about-shuffles",
        "nav-corrections" => "admin-about-corrections",
        "nav-payouts" => "admin-about-payouts",
        _ => "admin-about-mails",
    }
}
