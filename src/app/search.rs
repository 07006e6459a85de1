//! Looking for anything by its name, number or key: as a page, and as the rows of the palette. Each module says what it has and who may
//! know of it; nothing is found here that the one who asks could not open.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig, get, resource};
use askama::Template;
use i18n_embed_fl::fl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::places::{self, Place};
use crate::auth::{self, Actor, Operation, Viewer};
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::text::composed;
use crate::platform::web::{Frame, Pace, render};
use crate::tasks::{self, FoundTask};

/// Letters that are looked for at most.
const LETTERS: usize = 100;
/// Tasks and people on the page at most.
const SHOWN: i64 = 50;
/// Tasks, and people, among the rows of the palette at most.
const ROWS: i64 = 6;
/// Rows of the palette at most.
const ALL_ROWS: usize = 20;
/// Among how many of the newest tasks the palette looks for words.
const NEWEST: i64 = 20_000;

/// Mounts the page and the palette's rows.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/search").route(get().to(show_search)))
        .service(resource("/search/palette").route(get().to(show_rows)));
}

/// How often somebody may ask: as often as they type, and a little more.
pub(super) fn pace() -> Pace {
    Pace::new(
        NonZeroU32::MIN.saturating_add(39),
        Duration::from_millis(200),
    )
}

#[derive(Deserialize)]
struct SearchQuery {
    #[serde(default)]
    q: String,
}

impl SearchQuery {
    /// What is looked for: composed, without what cannot be seen, and not too long.
    fn words(&self) -> String {
        let seen: String = self.q.chars().filter(|c| !c.is_control()).collect();
        let words: String = composed(seen.trim()).chars().take(LETTERS).collect();
        words.trim_end().to_owned()
    }
}

/// Somebody who was found, and the page that tells of them.
struct Somebody {
    id: Uuid,
    name: String,
    note: String,
    href: String,
}

/// What was found.
#[derive(Default)]
struct Found {
    tasks: Vec<FoundTask>,
    people: Vec<Somebody>,
}

/// Asks the modules.
async fn find(db: &Db, actor: &Actor, words: &str, newest: i64, limit: i64) -> AppResult<Found> {
    if words.is_empty() {
        return Ok(Found::default());
    }
    let (asking, asked) = (actor.clone(), words.to_owned());
    let (tasks, assignees) = db
        .read(tasks::ROLE, move |conn| {
            let tasks = tasks::search_tasks(conn, &asking, &asked, newest, limit)?;
            let listed = asking.may(Operation::AllTasks) && !asking.may(Operation::ManageUsers);
            let people = if listed {
                tasks::search_people(conn, &asking, &asked, limit)?
            } else {
                Vec::new()
            };
            Ok((tasks, people))
        })
        .await?;
    let mut people: Vec<Somebody> = assignees
        .into_iter()
        .map(|person| Somebody {
            id: person.id,
            href: format!("/tasks/all?assignee={}", person.id),
            name: person.name,
            note: String::new(),
        })
        .collect();
    if actor.may(Operation::ManageUsers) {
        let (asking, asked) = (actor.clone(), words.to_owned());
        let users = db
            .read(auth::ROLE, move |conn| {
                auth::search_users(conn, &asking, &asked, limit)
            })
            .await?;
        people.extend(users.into_iter().map(|user| Somebody {
            id: user.id,
            href: format!("/admin/users/{}", user.id),
            name: user.name,
            note: user.username,
        }));
    }
    Ok(Found { tasks, people })
}

#[derive(Template)]
#[template(path = "app/search.html")]
struct SearchPage {
    frame: Frame,
    words: String,
    places: Vec<Place>,
    tasks: Vec<FoundTask>,
    people: Vec<Somebody>,
    sees_people: bool,
    sees_all: bool,
    /// The whole list with the same words, when there may be more than is shown.
    more: Option<String>,
}

impl SearchPage {
    fn is_empty(&self) -> bool {
        self.places.is_empty() && self.tasks.is_empty() && self.people.is_empty()
    }
}

async fn show_search(
    viewer: Viewer,
    db: Data<Db>,
    pace: Data<Pace>,
    query: Query<SearchQuery>,
) -> AppResult<HttpResponse> {
    pace.count(&viewer.actor.id.to_string())?;
    let (actor, words) = (&viewer.actor, query.words());
    let found = find(&db, actor, &words, tasks::NEWEST, SHOWN).await?;
    let places = if words.is_empty() {
        Vec::new()
    } else {
        places::find(&viewer.frame, actor, &words)
    };
    let sees_all = actor.may(Operation::AllTasks);
    let is_full = i64::try_from(found.tasks.len()).unwrap_or(SHOWN) >= SHOWN;
    let more = (sees_all && is_full).then(|| {
        let words: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
        format!("/tasks/all?q={words}")
    });
    render(&SearchPage {
        sees_people: sees_all || actor.may(Operation::ManageUsers),
        places,
        tasks: found.tasks,
        people: found.people,
        sees_all,
        more,
        words,
        frame: viewer.frame,
    })
}

/// What the palette shows.
#[derive(Serialize)]
struct Rows {
    /// How many, for those who hear it.
    said: String,
    items: Vec<PaletteRow>,
}

/// A row of the palette.
#[derive(Serialize)]
struct PaletteRow {
    href: String,
    label: String,
    /// What it is.
    note: String,
    /// The address of a parrot.
    #[serde(skip_serializing_if = "Option::is_none")]
    bird: Option<String>,
}

async fn show_rows(
    viewer: Viewer,
    db: Data<Db>,
    pace: Data<Pace>,
    query: Query<SearchQuery>,
) -> AppResult<HttpResponse> {
    pace.count(&viewer.actor.id.to_string())?;
    let (frame, actor, words) = (&viewer.frame, &viewer.actor, query.words());
    let found = find(&db, actor, &words, NEWEST, ROWS).await?;
    let tasks = found.tasks.into_iter().map(|task| PaletteRow {
        href: format!("/tasks/{}", task.id),
        note: format!(
            "T-{} · {}",
            task.number,
            tasks::status_word(frame.l, task.status)
        ),
        label: task.title,
        bird: None,
    });
    let people = found.people.into_iter().map(|person| PaletteRow {
        bird: Some(format!("/avatars/{}.svg", person.id)),
        note: fl!(frame.l, "search-person"),
        href: person.href,
        label: person.name,
    });
    let places = places::find(frame, actor, &words)
        .into_iter()
        .map(|place| PaletteRow {
            href: place.href.to_owned(),
            label: place.label,
            note: if place.is_act {
                fl!(frame.l, "search-act")
            } else {
                fl!(frame.l, "search-place")
            },
            bird: None,
        });
    // A number or a key is looked for on purpose: the task stands before the pages that happen to have the same letters.
    let items: Vec<PaletteRow> = tasks.chain(people).chain(places).take(ALL_ROWS).collect();
    let said = fl!(frame.l, "search-count", count = items.len());
    Ok(HttpResponse::Ok().json(Rows { said, items }))
}
