//! The list of users.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;
use serde::Deserialize;

use super::{RoleChoice, UserView, choices};
use crate::auth::store::{self, UserFilter};
use crate::auth::{Operation, ROLE, Role, Viewer};
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::text::composed;
use crate::platform::web::{
    Cursor, DEFAULT_LIMIT, FiltersOn, Frame, ListAddress, ListPlace, PIECE, PageOf, Pager,
    attachment_of_list, one_of, render,
};

#[derive(Template)]
#[template(path = "auth/users.html")]
struct UsersPage {
    frame: Frame,
    query: String,
    roles: Vec<RoleChoice>,
    active: Option<bool>,
    users: Vec<UserView>,
    on: FiltersOn,
    csv: String,
    pager: Pager,
}

#[derive(Deserialize)]
pub(in crate::auth::pages) struct UsersQuery {
    q: Option<String>,
    role: Option<String>,
    state: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

impl UsersQuery {
    fn filter(&self) -> AppResult<UserFilter> {
        let filled = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Ok(UserFilter {
            text: filled(&self.q).map(|text| composed(&text)),
            role: one_of("role", self.role.as_deref(), |word| {
                word.parse::<Role>().ok().map(|role| role.to_string())
            })?,
            active: one_of("state", self.state.as_deref(), |word| {
                [true, false]
                    .into_iter()
                    .find(|active| state_code(*active) == word)
            })?,
            after: Cursor::key(self.place.cursor())?,
        })
    }
}

/// The same people as a file.
pub(in crate::auth::pages) async fn export_users(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<UsersQuery>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let (filter, frame) = (query.filter()?, viewer.frame);
    let header = [
        fl!(frame.l, "name"),
        fl!(frame.l, "username"),
        fl!(frame.l, "email"),
        fl!(frame.l, "roles"),
        fl!(frame.l, "state"),
        fl!(frame.l, "users-uid"),
    ];
    attachment_of_list("users.csv", &header, move |cursor| {
        let (db, lang, l) = (db.clone(), frame.lang, frame.l);
        let mut asked = filter.clone();
        async move {
            asked.after = Cursor::key(cursor.as_deref())?;
            let rows = db
                .read(ROLE, move |conn| store::list_users(conn, &asked, PIECE + 1))
                .await?;
            let page = PageOf::from_rows(rows, PIECE, |user| user.username.clone());
            Ok(page.map(|user| row_of(l, UserView::of(lang, &user))))
        }
    })
    .await
}

fn state_code(active: bool) -> &'static str {
    if active { "active" } else { "deactivated" }
}

fn state_word(l: &'static FluentLanguageLoader, active: bool) -> String {
    if active {
        fl!(l, "active")
    } else {
        fl!(l, "deactivated")
    }
}

fn row_of(l: &'static FluentLanguageLoader, user: UserView) -> Vec<Cell> {
    let state = state_word(l, user.active);
    vec![
        Cell::Text(user.name),
        Cell::Text(user.username),
        Cell::Text(user.email),
        Cell::Text(user.roles),
        Cell::Text(state),
        Cell::Text(user.id.to_string()),
    ]
}

pub(in crate::auth::pages) async fn list_users(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<UsersQuery>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let filter = query.filter()?;
    let asked = filter.clone();
    let page = db
        .read(ROLE, move |conn| {
            let rows = store::list_users(conn, &asked, DEFAULT_LIMIT + 1)?;
            PageOf::from_rows(rows, DEFAULT_LIMIT, |user| user.username.clone())
                .with_count(|| store::count_listed_users(conn, &asked))
        })
        .await?;
    let lang = viewer.frame.lang;
    let here = ListAddress::new("/admin/users")
        .with_some("q", filter.text.as_ref())
        .with_some("role", filter.role.as_ref())
        .with_some("state", filter.active.map(state_code));
    let roles = choices(lang, filter.role.as_slice());
    let role = roles.iter().find(|role| role.chosen);
    let on = FiltersOn::new("/admin/users")
        .and(
            filter.text.as_ref().map(|text| format!("«{text}»")),
            &here,
            &["q"],
        )
        .and(role.map(|role| role.name.clone()), &here, &["role"])
        .and(
            filter
                .active
                .map(|active| state_word(viewer.frame.l, active)),
            &here,
            &["state"],
        );
    render(&UsersPage {
        query: filter.text.clone().unwrap_or_default(),
        roles,
        active: filter.active,
        users: page
            .items
            .iter()
            .map(|user| UserView::of(lang, user))
            .collect(),
        on,
        csv: here.at("/admin/users.csv"),
        pager: Pager::new(&viewer.frame, &here, &query.place, DEFAULT_LIMIT, &page),
        frame: viewer.frame,
    })
}
