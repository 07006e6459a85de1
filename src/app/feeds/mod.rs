//! Feeds for programs that cannot log in: one's open tasks as Atom, the days of one's payouts as a calendar (S-3). Auth knows whose an
//! address is, the modules tell what is in it.

mod files;

use actix_web::http::header;
use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use crate::auth::{self, ConfirmedForm, FeedDoor, FeedKind, FeedRow, Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{Flash, FormBody, Frame, redirect_with, render};
use crate::{accounting, tasks};

/// Tasks in a feed at most.
const TASKS: i64 = 100;
/// Past payouts in a calendar at most: a year of them.
const PAYOUTS: i64 = 366;

/// Mounts the page of the addresses, and the addresses.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/profile/feeds").route(get().to(show_feeds)))
        .service(resource("/profile/feeds/{kind}").route(post().to(make_feed)))
        .service(resource("/profile/feeds/{kind}/end").route(post().to(end_feed)))
        .service(resource("/feeds/{secret}/tasks.atom").route(get().to(read_tasks)))
        .service(resource("/feeds/{secret}/payouts.ics").route(get().to(read_payouts)));
}

#[derive(Template)]
#[template(path = "app/feeds.html")]
struct FeedsPage {
    frame: Frame,
    feeds: Vec<FeedView>,
    /// An address that was just made, shown this once.
    fresh: Option<String>,
}

struct FeedView {
    kind: &'static str,
    name: String,
    about: String,
    row: Option<FeedRow>,
}

async fn show_feeds(viewer: Viewer, db: Data<Db>) -> AppResult<HttpResponse> {
    page(viewer, &db, None).await
}

async fn page(viewer: Viewer, db: &Db, fresh: Option<String>) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::OwnProfile)?;
    let actor = viewer.actor.clone();
    let rows = db
        .read(auth::ROLE, move |conn| auth::list_feeds(conn, &actor))
        .await?;
    let (actor, frame) = (viewer.actor, viewer.frame);
    let view = |kind: FeedKind| {
        let (name, about) = match kind {
            FeedKind::Tasks => (fl!(frame.l, "feed-tasks"), fl!(frame.l, "feed-tasks-about")),
            FeedKind::Payouts => (
                fl!(frame.l, "feed-payouts"),
                fl!(frame.l, "feed-payouts-about"),
            ),
        };
        FeedView {
            kind: kind.as_str(),
            name,
            about,
            row: rows.iter().find(|row| row.kind == kind.as_str()).cloned(),
        }
    };
    let feeds = FeedKind::ALL
        .into_iter()
        .filter(|kind| actor.may(kind.operation()))
        .map(view)
        .collect();
    render(&FeedsPage {
        feeds,
        fresh,
        frame,
    })
}

/// A form that says nothing but its token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn kind_of(name: &str) -> AppResult<FeedKind> {
    FeedKind::parse(name).ok_or(AppError::NotFound)
}

/// Makes an address and shows it, which is why there is no redirect.
async fn make_feed(
    mut viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    kind: Path<String>,
    form: ConfirmedForm<Nothing>,
) -> AppResult<HttpResponse> {
    let Nothing {} = form.into_inner(&mut viewer);
    let kind = kind_of(&kind)?;
    let actor = viewer.actor.clone();
    let secret = db
        .transaction(auth::ROLE, viewer.origin(), move |tx| {
            auth::make_feed(tx, &actor, kind)
        })
        .await?;
    let file = match kind {
        FeedKind::Tasks => "tasks.atom",
        FeedKind::Payouts => "payouts.ics",
    };
    let address = config
        .base_url
        .join(&format!("/feeds/{secret}/{file}"))
        .map_err(|error| AppError::Internal(Box::new(error)))?;
    page(viewer, &db, Some(address.to_string())).await
}

async fn end_feed(
    viewer: Viewer,
    db: Data<Db>,
    kind: Path<String>,
    _form: FormBody<Nothing>,
) -> AppResult<HttpResponse> {
    let (actor, kind) = (viewer.actor.clone(), kind_of(&kind)?);
    db.transaction(auth::ROLE, viewer.origin(), move |tx| {
        auth::end_feed(tx, &actor, kind)
    })
    .await?;
    Ok(redirect_with(
        "/profile/feeds",
        Flash::ok("flash-feed-ended"),
    ))
}

async fn read_tasks(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    door: Data<FeedDoor>,
    secret: Path<String>,
) -> AppResult<HttpResponse> {
    let reader = door.open(&request, FeedKind::Tasks, &secret).await?;
    let actor = reader.actor.clone();
    let to_do = db
        .read(tasks::ROLE, move |conn| {
            tasks::list_to_do(conn, &actor, TASKS)
        })
        .await?;
    let file = files::atom(&reader, &config.base_url, &to_do, db.clock().now());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/atom+xml; charset=utf-8"))
        .body(file))
}

async fn read_payouts(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    door: Data<FeedDoor>,
    secret: Path<String>,
) -> AppResult<HttpResponse> {
    let reader = door.open(&request, FeedKind::Payouts, &secret).await?;
    let actor = reader.actor.clone();
    let paid = db
        .read(accounting::ROLE, move |conn| {
            accounting::list_paid_days(conn, &actor, PAYOUTS)
        })
        .await?;
    let file = files::calendar(&reader, &config, &paid, db.clock().now());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/calendar; charset=utf-8"))
        .body(file))
}
