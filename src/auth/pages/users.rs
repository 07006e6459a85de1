//! The administrator's pages about users (A04, A05, A20, A26).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::service::{self, NewAccount, UserChange};
use crate::auth::store::{self, UserFilter, UserRow};
use crate::auth::web::role_name;
use crate::auth::{Operation, PasswordGate, ROLE, Role, Viewer};
use crate::platform::db::{Db, once};
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::i18n::Lang;
use crate::platform::ids::UserId;
use crate::platform::web::{
    Cursor, DEFAULT_LIMIT, Flash, FormBody, FormErrors, Frame, PageOf, redirect_with, render,
    render_with,
};

/// A role to be ticked.
struct RoleChoice {
    code: &'static str,
    name: String,
    chosen: bool,
}

fn choices(lang: Lang, chosen: &[String]) -> Vec<RoleChoice> {
    Role::ALL
        .iter()
        .map(|role| RoleChoice {
            code: role.as_str(),
            name: role_name(lang, role.as_str()),
            chosen: chosen.iter().any(|name| name == role.as_str()),
        })
        .collect()
}

/// A row of the list.
struct UserView {
    id: Uuid,
    name: String,
    username: String,
    email: String,
    roles: String,
    active: bool,
}

impl UserView {
    fn of(lang: Lang, user: &UserRow) -> Self {
        let roles: Vec<String> = user
            .roles
            .iter()
            .map(|role| role_name(lang, role))
            .collect();
        Self {
            id: user.id,
            name: user.full_name(),
            username: user.username.clone(),
            email: user.email.clone(),
            roles: roles.join(", "),
            active: user.deactivated_at.is_none(),
        }
    }
}

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
pub(super) struct UsersQuery {
    q: Option<String>,
    role: Option<String>,
    cursor: Option<String>,
}

pub(super) async fn list_users(
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
        text: filled(&query.q),
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
pub(super) struct RegisterForm {
    key: Uuid,
    username: String,
    email: String,
    name: String,
    surname: String,
    password: String,
    #[serde(default)]
    roles: Vec<String>,
}

pub(super) async fn new_user(viewer: Viewer) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let roles = choices(viewer.frame.lang, &[Role::Developer.to_string()]);
    render(&NewUserPage {
        frame: viewer.frame,
        errors: FormErrors::none(),
        form: RegisterForm::default(),
        roles,
    })
}

pub(super) async fn register_user(
    viewer: Viewer,
    db: Data<Db>,
    gate: Data<PasswordGate>,
    form: FormBody<RegisterForm>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let form = form.into_inner();
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
    let RegisterForm {
        key,
        username,
        email,
        name,
        surname,
        password,
        roles,
    } = form;
    let account = NewAccount {
        username,
        email,
        name,
        surname,
        password: password.clone(),
        roles,
    }
    .check()?;
    let hash = gate.hash(password).await?;
    let actor = viewer.actor.clone();
    db.transaction(ROLE, viewer.origin(), move |tx| {
        once(tx, actor.id.0, key, |tx| {
            service::register_user(tx, &actor, &account, &hash)
                .map(|id| format!("/admin/users/{id}"))
        })
    })
    .await
}

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
pub(super) struct UpdateForm {
    email: String,
    name: String,
    surname: String,
    #[serde(default)]
    roles: Vec<String>,
}

pub(super) async fn show_user(
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

/// The status of a form that comes back.
fn status_of(errors: &[FieldError]) -> StatusCode {
    if errors.is_empty() {
        StatusCode::OK
    } else if service::is_only_taken(errors) {
        StatusCode::CONFLICT
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

pub(super) async fn update_user(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<UserId>,
    form: FormBody<UpdateForm>,
) -> AppResult<HttpResponse> {
    let (id, form, actor) = (uid.into_inner(), form.into_inner(), viewer.actor.clone());
    let change = UserChange {
        email: Some(form.email.clone()),
        name: Some(form.name.clone()),
        surname: Some(form.surname.clone()),
        roles: Some(form.roles.clone()),
    };
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

pub(super) async fn deactivate_user(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<UserId>,
    _form: FormBody<super::login::Nothing>,
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
