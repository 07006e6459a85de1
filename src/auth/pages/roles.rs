//! The roles page: descriptions, default permissions and the access table, all from the sources that decide.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use i18n_embed_fl::fl;

use crate::auth::store;
use crate::auth::web::role_name;
use crate::auth::{Cell, Column, Operation, ROLE, Role, Viewer, access_table};
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::i18n::Lang;
use crate::platform::web::{Frame, render};

#[derive(Template)]
#[template(path = "auth/roles.html")]
struct RolesPage {
    frame: Frame,
    roles: Vec<RoleView>,
    columns: Vec<String>,
    rows: Vec<RightView>,
}

struct RoleView {
    name: String,
    description: String,
    permissions: Vec<String>,
}

struct RightView {
    name: String,
    cells: Vec<&'static str>,
}

pub(super) async fn show_roles(viewer: Viewer, db: Data<Db>) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let lang = viewer.frame.lang;
    let described = db.read(ROLE, store::list_roles).await?;
    let roles = described
        .into_iter()
        .map(|row| RoleView {
            name: role_name(lang, &row.name),
            description: if lang == Lang::Ru {
                row.description_ru
            } else {
                row.description_en
            },
            permissions: row
                .name
                .parse::<Role>()
                .map(|role| {
                    role.default_permissions()
                        .iter()
                        .map(|permission| permission.to_string())
                        .collect()
                })
                .unwrap_or_default(),
        })
        .collect();
    let rows = access_table()
        .iter()
        .map(|row| RightView {
            name: crate::platform::i18n::text_of(
                lang,
                &format!("operation-{}", row.operation.as_str().replace('_', "-")),
                [],
            ),
            cells: Role::ALL
                .iter()
                .map(|role| sign(row.cell(Column::Role(*role))))
                .collect(),
        })
        .collect();
    let columns = Role::ALL
        .iter()
        .map(|role| role_name(lang, role.as_str()))
        .collect();
    render(&RolesPage {
        frame: viewer.frame,
        roles,
        columns,
        rows,
    })
}

/// A cell of the table as a sign that the page explains.
fn sign(cell: Cell) -> &'static str {
    match cell {
        Cell::Yes => "✓",
        Cell::Own => "○",
        Cell::With(_) => "+",
        Cell::No => "–",
    }
}
