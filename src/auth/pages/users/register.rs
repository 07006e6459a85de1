//! Registering somebody.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;
use uuid::Uuid;

use super::{RoleChoice, choices, status_of};
use crate::auth::service::{self, NewAccount};
use crate::auth::{ConfirmedForm, Operation, PasswordGate, ROLE, Role, Viewer};
use crate::platform::db::{Db, once};
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::web::{Flash, FormErrors, Frame, redirect_with, render, render_with};

#[derive(Template)]
#[template(path = "auth/new_user.html")]
struct NewUserPage {
    frame: Frame,
    errors: FormErrors,
    form: RegisterForm,
    roles: Vec<RoleChoice>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::auth::pages) struct RegisterForm {
    key: Uuid,
    username: String,
    email: String,
    name: String,
    surname: String,
    password: String,
    #[serde(default)]
    roles: Vec<String>,
}

impl From<RegisterForm> for NewAccount {
    fn from(form: RegisterForm) -> Self {
        Self {
            username: form.username,
            email: form.email,
            name: form.name,
            surname: form.surname,
            password: form.password,
            roles: form.roles,
        }
    }
}

pub(in crate::auth::pages) async fn new_user(viewer: Viewer) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let roles = choices(viewer.frame.lang, &[Role::Developer.to_string()]);
    render(&NewUserPage {
        frame: viewer.frame,
        errors: FormErrors::none(),
        form: RegisterForm::default(),
        roles,
    })
}

pub(in crate::auth::pages) async fn register_user(
    mut viewer: Viewer,
    db: Data<Db>,
    gate: Data<PasswordGate>,
    form: ConfirmedForm<RegisterForm>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let form = form.into_inner(&mut viewer);
    match register(&viewer, &db, &gate, form.clone()).await {
        Ok(location) => {
            let flash =
                Flash::ok(Message::new("flash-user-registered").with("username", form.username));
            Ok(redirect_with(&location, flash))
        }
        Err(AppError::Invalid(errors)) => {
            let mut frame = viewer.frame;
            frame.key = form.key;
            let roles = choices(frame.lang, &form.roles);
            let status = status_of(&errors);
            let errors = FormErrors::new(frame.lang, &errors);
            render_with(
                status,
                &NewUserPage {
                    frame,
                    errors,
                    form,
                    roles,
                },
            )
        }
        Err(error) => Err(error),
    }
}

async fn register(
    viewer: &Viewer,
    db: &Db,
    gate: &PasswordGate,
    form: RegisterForm,
) -> AppResult<String> {
    let key = form.key;
    let (account, hash) = NewAccount::from(form).check_and_hash(gate).await?;
    let actor = viewer.actor.clone();
    db.transaction(ROLE, viewer.origin(), move |tx| {
        once(tx, actor.id.0, key, |tx| {
            service::register_user(tx, &actor, &account, &hash)
                .map(|id| format!("/admin/users/{id}"))
        })
    })
    .await
}
