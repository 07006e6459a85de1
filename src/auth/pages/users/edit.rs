//! One user: the record, its change, and the deactivation.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use i18n_embed_fl::fl;
use serde::Deserialize;

use super::{RoleChoice, UserView, choices, status_of};
use crate::auth::pages::access::{TokenForm, TokensView};
use crate::auth::policy::opens_something;
use crate::auth::service::{self, UserChange, actor_from};
use crate::auth::store::{self, AccountAct, SessionRow};
use crate::auth::{ConfirmedForm, Operation, Permission, ROLE, RoleSet, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::i18n::{Lang, text_of};
use crate::platform::ids::UserId;
use crate::platform::web::{Flash, FormErrors, Frame, redirect_with, render_with};

/// Things that were done to an account which its page shows.
const ACTS: i64 = 10;
/// How far back they go.
const ACTS_SINCE: TimeDelta = TimeDelta::days(30);

#[derive(Template)]
#[template(path = "auth/user.html")]
struct UserPage {
    frame: Frame,
    errors: FormErrors,
    user: UserView,
    form: UpdateForm,
    roles: Vec<RoleChoice>,
    permissions: Vec<PermissionChoice>,
    sessions: Vec<SessionRow>,
    /// What was done to the account; none for those who do not read the audit.
    acts: Option<Vec<AccountAct>>,
    /// The audit of a year.
    audit: String,
    /// Of a service, which has no page to make its own.
    tokens: Option<TokensView>,
    /// Whether a link can be mailed.
    mails: bool,
    action: String,
}

/// A permission to be ticked, on top of what the roles bring along.
struct PermissionChoice {
    code: &'static str,
    name: String,
    chosen: bool,
}

fn permission_choices(lang: Lang, roles: &RoleSet, chosen: &[String]) -> Vec<PermissionChoice> {
    Permission::ALL
        .into_iter()
        .filter(|permission| {
            opens_something(*permission, roles)
                || chosen.iter().any(|name| name == permission.as_str())
        })
        .map(|permission| PermissionChoice {
            code: permission.as_str(),
            name: text_of(
                lang,
                &format!("permission-{}", permission.as_str().replace('_', "-")),
                [],
            ),
            chosen: chosen.iter().any(|name| name == permission.as_str()),
        })
        .collect()
}

/// The form for a service's token as it was sent, with what came of it.
pub(super) struct TokenAttempt {
    pub form: TokenForm,
    pub made: Result<String, Vec<FieldError>>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::auth::pages) struct UpdateForm {
    email: String,
    name: String,
    surname: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    permissions: Vec<String>,
}

impl From<UpdateForm> for UserChange {
    fn from(form: UpdateForm) -> Self {
        Self {
            email: Some(form.email),
            name: Some(form.name),
            surname: Some(form.surname),
            roles: Some(form.roles),
            permissions: Some(form.permissions),
        }
    }
}

pub(in crate::auth::pages) async fn show_user(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    uid: Path<UserId>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    user_page(viewer, &db, &config, uid.into_inner(), None, &[], None).await
}

pub(super) async fn user_page(
    viewer: Viewer,
    db: &Db,
    config: &Config,
    id: UserId,
    form: Option<UpdateForm>,
    errors: &[FieldError],
    attempt: Option<TokenAttempt>,
) -> AppResult<HttpResponse> {
    let now = db.clock().now();
    let reads_audit = viewer.actor.may(Operation::SecurityAudit);
    let (user, sessions, tokens, acts) = db
        .read(ROLE, move |conn| {
            Ok((
                store::find_user(conn, id.0)?.ok_or(AppError::NotFound)?,
                store::list_sessions(conn, id.0, None, DateTime::UNIX_EPOCH, now)?,
                store::list_api_tokens(conn, id.0, now)?,
                reads_audit
                    .then(|| store::list_account_acts(conn, id.0, now - ACTS_SINCE, ACTS))
                    .transpose()?,
            ))
        })
        .await?;
    let mut frame = viewer.frame;
    let lang = frame.lang;
    let owner = actor_from(&user)?;
    let mut errors = errors.to_vec();
    let (token_form, fresh) = match attempt {
        Some(TokenAttempt {
            form,
            made: Err(wrong),
        }) => {
            frame.key = form.key;
            errors.extend(wrong);
            (Some(form), None)
        }
        Some(TokenAttempt {
            made: Ok(secret), ..
        }) => (None, Some(secret)),
        None => (None, None),
    };
    let tokens = owner
        .is_service()
        .then(|| TokensView::new(lang, &owner, tokens, token_form, fresh));
    let view = UserView::of(lang, &user);
    let form = form.unwrap_or_else(|| UpdateForm {
        email: user.email.clone(),
        name: user.name.clone(),
        surname: user.surname.clone(),
        roles: user.roles.clone(),
        permissions: user.permissions.clone(),
    });
    let status = status_of(&errors);
    render_with(
        status,
        &UserPage {
            errors: FormErrors::new(lang, &errors),
            roles: choices(lang, &form.roles),
            permissions: permission_choices(lang, &owner.roles, &form.permissions),
            action: format!("/admin/users/{id}/tokens"),
            user: view,
            form,
            sessions,
            acts,
            audit: format!("/admin/audit?person={id}&from={}", year_before(now)),
            tokens,
            mails: config.smtp_url.is_some(),
            frame,
        },
    )
}

/// The date a year ago.
fn year_before(now: DateTime<Utc>) -> NaiveDate {
    (now - TimeDelta::days(365)).date_naive()
}

pub(in crate::auth::pages) async fn update_user(
    mut viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    uid: Path<UserId>,
    form: ConfirmedForm<UpdateForm>,
) -> AppResult<HttpResponse> {
    let (id, form, actor) = (
        uid.into_inner(),
        form.into_inner(&mut viewer),
        viewer.actor.clone(),
    );
    let (change, settings) = (UserChange::from(form.clone()), config.clone());
    let outcome = db
        .transaction(ROLE, viewer.origin(), move |tx| {
            service::update_user(tx, &settings, &actor, id, &change)
        })
        .await;
    match outcome {
        Ok(()) => Ok(redirect_with(
            &format!("/admin/users/{id}"),
            Flash::ok(Message::new("flash-user-saved")),
        )),
        Err(AppError::Invalid(errors)) => {
            user_page(viewer, &db, &config, id, Some(form), &errors, None).await
        }
        Err(error) => Err(error),
    }
}
