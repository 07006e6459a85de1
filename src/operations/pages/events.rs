//! `/admin/events`: the log, and what one click has started.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::Viewer;
use crate::bus::Roster;
use crate::operations::ROLE;
use crate::operations::service::{self, EXPORTED, EventFilter, EventWords};
use crate::operations::views::{Asked, EventsPage, StoryPage, csv_of_events};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{
    Cursor, DEFAULT_LIMIT, FormErrors, ListPlace, attachment, redirect, render, render_with,
};

#[derive(Deserialize)]
pub(super) struct EventsQuery {
    #[serde(flatten)]
    words: EventWords,
    #[serde(flatten)]
    place: ListPlace,
}

/// The log, newest first unless asked otherwise. Who looks for the id of an event is led to that event.
pub(super) async fn list_events(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<EventsQuery>,
) -> AppResult<HttpResponse> {
    let EventsQuery { words, place } = query.into_inner();
    let (filter, errors) = match EventFilter::parse(&words, viewer.frame.zone) {
        Ok(filter) => (filter, FormErrors::none()),
        Err(AppError::Invalid(errors)) => (
            EventFilter::default(),
            FormErrors::new(viewer.frame.lang, &errors),
        ),
        Err(error) => return Err(error),
    };
    let (status, seen) = (errors.status(), Cursor::key::<i64>(place.cursor())?);
    let (actor, wanted) = (viewer.actor.clone(), filter.clone());
    let (page, event) = db
        .read(ROLE, move |conn| {
            let page = service::list_events(conn, &actor, &wanted, seen, DEFAULT_LIMIT)?
                .with_count(|| service::count_events(conn, &actor, &wanted))?;
            let event = match wanted.subject {
                Some(id) if service::is_event(conn, &actor, id)? => Some(id),
                _ => None,
            };
            Ok((page, event))
        })
        .await?;
    if let Some(event) = event {
        return Ok(redirect(&format!("/admin/events/{event}")));
    }
    let asked = Asked {
        filter,
        words,
        errors,
        place,
    };
    render_with(status, &EventsPage::new(viewer.frame, page, asked))
}

/// The first events of the filter as a file, in its order.
pub(super) async fn export_events(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<EventsQuery>,
) -> AppResult<HttpResponse> {
    let filter = EventFilter::parse(&query.words, viewer.frame.zone)?;
    let actor = viewer.actor.clone();
    let page = db
        .read(ROLE, move |conn| {
            service::list_events(conn, &actor, &filter, None, EXPORTED)
        })
        .await?;
    Ok(attachment(
        "events.csv",
        csv_of_events(viewer.frame.l, &page.items),
    ))
}

/// An event, or everything about a click, a task, a run or a person, as a tree.
pub(super) async fn show_event(
    viewer: Viewer,
    db: Data<Db>,
    roster: Data<Roster>,
    uid: Path<String>,
) -> AppResult<HttpResponse> {
    let id: Uuid = uid.parse().map_err(|_| AppError::NotFound)?;
    let actor = viewer.actor.clone();
    let story = db
        .read(ROLE, move |conn| {
            service::show_story(conn, &actor, &roster, id)
        })
        .await?;
    render(&StoryPage::new(viewer.frame, id, story))
}
