//! The door of the admin section: how the house is, what was done last, and every place that somebody may enter.

mod overview;
mod tiles;

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get, resource};
use askama::Template;
use i18n_embed_fl::fl;

use crate::auth::{NavEntry, Operation, Viewer};
use crate::operations::LatestAct;
use crate::platform::config::Config;
use crate::platform::db::{Db, Part};
use crate::platform::error::{AppResult, Message};
use crate::platform::web::{Badge, Frame, render};
use crate::{accounting, auth, operations, tasks};
use tiles::Tile;

/// The section's place in the navigation.
pub(super) const NAV: &[NavEntry] = &[NavEntry {
    href: "/admin",
    label: "nav-admin",
    operation: Operation::Checks,
}];

/// The places that the app itself adds to the section.
const PLACES: &[NavEntry] = &[
    NavEntry {
        href: "/admin/schedule",
        label: "nav-schedule",
        operation: Operation::Operate,
    },
    NavEntry {
        href: "/admin/system",
        label: "nav-system",
        operation: Operation::Operate,
    },
];

#[derive(Template)]
#[template(path = "app/admin.html")]
struct AdminPage {
    frame: Frame,
    places: Vec<Place>,
    /// Planned steps that did not follow, and have not since.
    alerts: i64,
    badge: Part<Badge>,
    tiles: Vec<Tile>,
    /// Whether every tile is there and green.
    is_quiet: bool,
    acts: Part<Vec<LatestAct>>,
}

struct Place {
    href: &'static str,
    name: String,
    about: String,
    /// What waits there for a person, if anything does.
    count: i64,
}

/// Every place of the section, in order.
pub(super) fn places() -> Vec<NavEntry> {
    let parts = [
        operations::ADMIN,
        PLACES,
        auth::ADMIN,
        tasks::ADMIN,
        accounting::ADMIN,
    ];
    parts.concat()
}

/// Mounts the door.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/admin").route(get().to(show_admin)));
}

async fn show_admin(viewer: Viewer, db: Data<Db>, config: Data<Config>) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    actor.allow(Operation::Checks)?;
    let (now, asker, bell) = (db.clock().now(), actor.clone(), config.bell_every);
    let found = db
        .read_parts(move |parts| overview::read(parts, &asker, now))
        .await?;
    let tiles = tiles::of(&frame, &actor, &found, now, bell);
    let counts = tiles::counts(&found);
    let places = places()
        .into_iter()
        .filter(|entry| actor.may(entry.operation))
        .map(|entry| Place {
            href: entry.href,
            name: frame.text(&Message::new(entry.label)),
            about: frame.text(&Message::new(about(entry.label))),
            count: counts
                .iter()
                .find(|(href, _)| *href == entry.href)
                .map_or(0, |(_, count)| *count),
        })
        .collect();
    let badge = found
        .agreement
        .as_ref()
        .map(|agreement| frame.badge(agreement, now));
    render(&AdminPage {
        places,
        alerts: found.alerts.or_default(),
        badge,
        is_quiet: tiles.iter().all(|tile| tile.kind == "ok"),
        tiles,
        acts: found.acts,
        frame,
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
        "nav-schedule" => "admin-about-schedule",
        "nav-system" => "admin-about-system",
        "nav-users" => "admin-about-users",
        "nav-roles" => "admin-about-roles",
        "nav-account-mails" => "admin-about-account-mails",
        "nav-shuffles" => "admin-about-shuffles",
        "nav-corrections" => "admin-about-corrections",
        "nav-payouts" => "admin-about-payouts",
        _ => "admin-about-mails",
    }
}
