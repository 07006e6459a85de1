//! One user: the record, its change, and the deactivation.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use super::{RoleChoice, UserView, choices, status_of};
use crate::auth::pages::login::Nothing;
use crate::auth::service::{self, UserChange};
use crate::auth::store;
use crate::auth::{Operation, ROLE, Viewer};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::ids::UserId;
use crate::platform::web::{Flash, FormBody, FormErrors, Frame, redirect_with, render_with};

#[derive(Template)]
#[template(path = "auth/user.html")]
struct UserPage {
    frame: Frame,
    errors: FormErrors,
    user: UserView,
    form: UpdateForm,
    roles: Vec<RoleChoice>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::auth::pages) struct UpdateForm {
    email: String,
    name: String,
    surname: String,
    #[serde(default)]
    roles: Vec<String>,
}

impl From<UpdateForm> for UserChange {
    fn from(form: UpdateForm) -> Self {
        Self {
            email: Some(form.email),
            name: Some(form.name),
            surname: Some(form.surname),
            roles: Some(form.roles),
        }
    }
}

pub(in crate::auth::pages) async fn show_user(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<UserId>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    user_page(viewer, &db, uid.into_inner(), None, &[]).await
}

async fn user_page(
    viewer: Viewer,
    db: &Db,
    id: UserId,
    form: Option<UpdateForm>,
    errors: &[FieldError],
) -> AppResult<HttpResponse> {
    let user = db
        .read(ROLE, move |conn| store::find_user(conn, id.0))
        .await?
        .ok_or(AppError::NotFound)?;
    let lang = viewer.frame.lang;
    let view = UserView::of(lang, &user);
    let form = form.unwrap_or_else(|| UpdateForm {
        email: user.email.clone(),
        name: user.name.clone(),
        surname: user.surname.clone(),
        roles: user.roles.clone(),
    });
    let status = status_of(errors);
    let (roles, errors) = (choices(lang, &form.roles), FormErrors::new(lang, errors));
    render_with(
        status,
        &UserPage {
            frame: viewer.frame,
            errors,
            user: view,
            form,
            roles,
        },
    )
}

pub(in crate::auth::pages) async fn update_user(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<UserId>,
    form: FormBody<UpdateForm>,
) -> AppResult<HttpResponse> {
    let (id, form, actor) = (uid.into_inner(), form.into_inner(), viewer.actor.clone());
    let change = UserChange::from(form.clone());
    let outcome = db
        .transaction(ROLE, viewer.origin(), move |tx| {
            service::update_user(tx, &actor, id, &change)
        })
        .await;
    match outcome {
        Ok(()) => Ok(redirect_with(
            &format!("/admin/users/{id}"),
            Flash::ok(Message::new("flash-user-saved")),
        )),
        Err(AppError::Invalid(errors)) => user_page(viewer, &db, id, Some(form), &errors).await,
        Err(error) => Err(error),
    }
}

pub(in crate::auth::pages) async fn deactivate_user(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<UserId>,
    _form: FormBody<Nothing>,
) -> AppResult<HttpResponse> {
    let (id, actor) = (uid.into_inner(), viewer.actor.clone());
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::deactivate_user(tx, &actor, id)
    })
    .await?;
    Ok(redirect_with(
        &format!("/admin/users/{id}"),
        Flash::ok(Message::new("flash-user-deactivated")),
    ))
}
