//! The sessions of somebody, and the tokens of a service, as an administrator looks after them.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use uuid::Uuid;

use super::edit::{TokenAttempt, user_page};
use crate::auth::pages::access::{TokenForm, make};
use crate::auth::pages::login::Nothing;
use crate::auth::service::{self, actor_of};
use crate::auth::{Actor, ConfirmedForm, Operation, ROLE, Viewer};
use crate::platform::config::Config;
use crate::platform::db::{Db, Tx};
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::ids::UserId;
use crate::platform::web::{Flash, FormBody, redirect_with};

fn page_of(id: UserId) -> String {
    format!("/admin/users/{id}")
}

/// Does something to somebody that needs the administrator's password, and shows their page with a word about it.
async fn confirmed<Act>(
    mut viewer: Viewer,
    db: &Db,
    uid: Path<UserId>,
    form: ConfirmedForm<Nothing>,
    done: &'static str,
    act: Act,
) -> AppResult<HttpResponse>
where
    Act: FnOnce(&mut Tx<'_>, &Actor, UserId) -> AppResult<()> + Send + 'static,
{
    form.into_inner(&mut viewer);
    let (id, actor) = (uid.into_inner(), viewer.actor.clone());
    db.transaction(ROLE, viewer.origin(), move |tx| act(tx, &actor, id))
        .await?;
    Ok(redirect_with(&page_of(id), Flash::ok(Message::new(done))))
}

/// Ends all sessions and tokens of somebody.
pub(in crate::auth::pages) async fn end_sessions(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<UserId>,
    form: ConfirmedForm<Nothing>,
) -> AppResult<HttpResponse> {
    let done = "flash-sessions-ended";
    confirmed(viewer, &db, uid, form, done, service::end_all_sessions).await
}

/// Removes the second factors of somebody who has lost them.
pub(in crate::auth::pages) async fn remove_factors(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<UserId>,
    form: ConfirmedForm<Nothing>,
) -> AppResult<HttpResponse> {
    let done = "flash-factors-removed";
    confirmed(viewer, &db, uid, form, done, service::remove_factors_of).await
}

/// Mails somebody a link to a new password.
pub(in crate::auth::pages) async fn mail_reset_link(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    uid: Path<UserId>,
    form: ConfirmedForm<Nothing>,
) -> AppResult<HttpResponse> {
    let done = "flash-reset-link-mailed";
    confirmed(viewer, &db, uid, form, done, move |tx, actor, id| {
        service::mail_link_to(tx, &config, actor, id)
    })
    .await
}

/// Lets somebody in no more.
pub(in crate::auth::pages) async fn deactivate_user(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<UserId>,
    form: ConfirmedForm<Nothing>,
) -> AppResult<HttpResponse> {
    let done = "flash-user-deactivated";
    confirmed(viewer, &db, uid, form, done, service::deactivate_user).await
}

/// Makes a credential of a service and shows it this once (A22).
pub(in crate::auth::pages) async fn make_token(
    mut viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    uid: Path<UserId>,
    form: ConfirmedForm<TokenForm>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let (id, form) = (uid.into_inner(), form.into_inner(&mut viewer));
    let owner = db.read(ROLE, move |conn| actor_of(conn, id)).await?;
    let made = match make(&viewer, &db, &owner, form.clone()).await {
        Ok(Some(secret)) => Ok(secret),
        Ok(None) => {
            let flash = Flash::ok(Message::new("flash-token-made-before"));
            return Ok(redirect_with(&page_of(id), flash));
        }
        Err(AppError::Invalid(errors)) => Err(errors),
        Err(error) => return Err(error),
    };
    user_page(
        viewer,
        &db,
        &config,
        id,
        None,
        &[],
        Some(TokenAttempt { form, made }),
    )
    .await
}

/// Ends a credential of a service.
pub(in crate::auth::pages) async fn revoke_token(
    viewer: Viewer,
    db: Data<Db>,
    path: Path<(UserId, Uuid)>,
    _form: FormBody<Nothing>,
) -> AppResult<HttpResponse> {
    let ((owner, id), actor) = (path.into_inner(), viewer.actor.clone());
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::revoke_api_token(tx, &actor, owner, id)
    })
    .await?;
    Ok(redirect_with(
        &page_of(owner),
        Flash::ok(Message::new("flash-token-revoked")),
    ))
}
