//! The list of users.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use super::{RoleChoice, UserView, choices};
use crate::auth::store::{self, UserFilter};
use crate::auth::{Operation, ROLE, Viewer};
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::text::composed;
use crate::platform::web::{Cursor, DEFAULT_LIMIT, FiltersOn, Frame, ListAddress, PageOf, render};

#[derive(Template)]
#[template(path = "auth/users.html")]
struct UsersPage {
    frame: Frame,
    query: String,
    roles: Vec<RoleChoice>,
    users: Vec<UserView>,
    on: FiltersOn,
    first: String,
    older: String,
}

#[derive(Deserialize)]
pub(in crate::auth::pages) struct UsersQuery {
    q: Option<String>,
    role: Option<String>,
    cursor: Option<String>,
}

pub(in crate::auth::pages) async fn list_users(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<UsersQuery>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let filled = |text: &Option<String>| {
        text.as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let filter = UserFilter {
        text: filled(&query.q).map(|text| composed(&text)),
        role: filled(&query.role),
        after: Cursor::key(query.cursor.as_deref())?,
    };
    let asked = filter.clone();
    let rows = db
        .read(ROLE, move |conn| {
            store::list_users(conn, &asked, DEFAULT_LIMIT + 1)
        })
        .await?;
    let page = PageOf::from_rows(rows, DEFAULT_LIMIT, |user| user.username.clone());
    let lang = viewer.frame.lang;
    let here = ListAddress::new("/admin/users")
        .with_some("q", filter.text.as_ref())
        .with_some("role", filter.role.as_ref());
    let roles = choices(lang, filter.role.as_slice());
    let role = roles.iter().find(|role| role.chosen);
    let on = FiltersOn::new("/admin/users")
        .and(
            filter.text.as_ref().map(|text| format!("«{text}»")),
            &here,
            &["q"],
        )
        .and(role.map(|role| role.name.clone()), &here, &["role"]);
    render(&UsersPage {
        query: filter.text.clone().unwrap_or_default(),
        roles,
        users: page
            .items
            .iter()
            .map(|user| UserView::of(lang, user))
            .collect(),
        on,
        first: here.back_to_first(filter.after.is_none()),
        older: here.after(page.next),
        frame: viewer.frame,
    })
}
