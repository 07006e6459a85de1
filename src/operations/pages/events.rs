//! `/admin/events`: the log, and what one click has started.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::Viewer;
use crate::bus::Roster;
use crate::operations::ROLE;
use crate::operations::service::{self, EXPORTED, EventFilter};
use crate::operations::views::{EventsPage, StoryPage, csv_of_events};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{Cursor, DEFAULT_LIMIT, attachment, redirect, render};

#[derive(Deserialize)]
pub(super) struct EventsQuery {
    topic: Option<String>,
    r#type: Option<String>,
    subject: Option<String>,
    correlation: Option<String>,
    cursor: Option<String>,
}

impl EventsQuery {
    fn filter(&self) -> AppResult<EventFilter> {
        EventFilter::parse(
            self.topic.as_deref(),
            self.r#type.as_deref(),
            self.subject.as_deref(),
            self.correlation.as_deref(),
        )
    }
}

/// The log, newest first. Who looks for the id of an event is led to that event.
pub(super) async fn list_events(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<EventsQuery>,
) -> AppResult<HttpResponse> {
    let filter = query.filter()?;
    let before = Cursor::key::<i64>(query.cursor.as_deref())?;
    let (actor, wanted) = (viewer.actor.clone(), filter.clone());
    let (page, event) = db
        .read(ROLE, move |conn| {
            let page = service::list_events(conn, &actor, &wanted, before, DEFAULT_LIMIT)?;
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
    render(&EventsPage::new(
        viewer.frame,
        page,
        &filter,
        before.is_none(),
    ))
}

/// The newest events of the filter as a file.
pub(super) async fn export_events(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<EventsQuery>,
) -> AppResult<HttpResponse> {
    let (filter, actor) = (query.filter()?, viewer.actor.clone());
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
