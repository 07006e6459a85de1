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
use crate::platform::web::{Cursor, DEFAULT_LIMIT, Frame, PageOf, render};

#[derive(Template)]
#[template(path = "auth/users.html")]
struct UsersPage {
    frame: Frame,
    query: String,
    roles: Vec<RoleChoice>,
    users: Vec<UserView>,
    filtered: bool,
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
    let here = |cursor: Option<&str>| {
        let mut address = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("q", filter.text.as_deref()),
            ("role", filter.role.as_deref()),
            ("cursor", cursor),
        ] {
            if let Some(value) = value {
                address.append_pair(name, value);
            }
        }
        format!("/admin/users?{}", address.finish())
    };
    render(&UsersPage {
        query: filter.text.clone().unwrap_or_default(),
        roles: choices(lang, filter.role.as_slice()),
        users: page
            .items
            .iter()
            .map(|user| UserView::of(lang, user))
            .collect(),
        filtered: filter.text.is_some() || filter.role.is_some(),
        first: if filter.after.is_some() {
            here(None)
        } else {
            String::new()
        },
        older: page
            .next
            .as_deref()
            .map(|next| here(Some(next)))
            .unwrap_or_default(),
        frame: viewer.frame,
    })
}
