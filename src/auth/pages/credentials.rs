//! What one logs in with beside the password: an authenticator app and recovery codes.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use super::confirmation::ConfirmedForm;
use super::login::Nothing;
use super::qr::Qr;
use crate::auth::service::{self, PendingTotp};
use crate::auth::store::{self, BeakRow, FactorsRow, PasskeyRow};
use crate::auth::{Operation, ROLE, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::web::{
    Flash, FormBody, FormErrors, Frame, redirect, redirect_with, render_with,
};

pub(super) const HERE: &str = "/profile/credentials";

#[derive(Template)]
#[template(path = "auth/credentials.html")]
struct CredentialsPage {
    frame: Frame,
    errors: FormErrors,
    factors: FactorsRow,
    pending: Option<Pending>,
    /// Whether there can be passkeys at this address, and those of this person.
    passkeys_work: bool,
    passkeys: Vec<PasskeyRow>,
    /// Whether people may log in with their beak, and the shape of this person's.
    beaks: bool,
    beak: Option<BeakRow>,
    /// Recovery codes that were just made, shown this once.
    fresh: Vec<String>,
}

/// A secret that waits for its first code, as it is shown.
struct Pending {
    /// In groups of four.
    secret: String,
    url: String,
    qr: Qr,
}

impl Pending {
    fn of(totp: PendingTotp) -> AppResult<Self> {
        let signs: Vec<char> = totp.secret.chars().collect();
        let groups: Vec<String> = signs.chunks(4).map(|four| four.iter().collect()).collect();
        Ok(Self {
            secret: groups.join(" "),
            qr: Qr::of(&totp.url)?,
            url: totp.url,
        })
    }
}

pub(super) async fn show_credentials(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    page(viewer, &db, &config, Vec::new(), &[], StatusCode::OK).await
}

pub(super) async fn page(
    viewer: Viewer,
    db: &Db,
    config: &Config,
    fresh: Vec<String>,
    errors: &[FieldError],
    status: StatusCode,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::OwnProfile)?;
    let id = viewer.actor.id.0;
    let (factors, pending, beak, passkeys) = db
        .look_up(ROLE, viewer.origin(), move |tx| {
            let user = store::find_user(tx.conn(), id)?.ok_or(AppError::NotFound)?;
            let factors = store::find_factors(tx.conn(), id)?;
            let pending = service::pending_totp(tx, id, &user.username)?;
            let beak = store::find_beak(tx.conn(), id)?;
            Ok((factors, pending, beak, store::list_passkeys(tx.conn(), id)?))
        })
        .await?;
    let errors = FormErrors::new(viewer.frame.lang, errors);
    render_with(
        status,
        &CredentialsPage {
            frame: viewer.frame,
            errors,
            factors,
            pending: pending.map(Pending::of).transpose()?,
            passkeys_work: service::passkeys_work(config),
            passkeys,
            beaks: config.beak_log_in,
            beak,
            fresh,
        },
    )
}

/// The page with what was wrong with a form of it.
pub(super) async fn refused(
    viewer: Viewer,
    db: &Db,
    config: &Config,
    error: AppError,
) -> AppResult<HttpResponse> {
    match error {
        AppError::Invalid(errors) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            page(viewer, db, config, Vec::new(), &errors, status).await
        }
        error => Err(error),
    }
}

pub(super) async fn begin_totp(
    mut viewer: Viewer,
    db: Data<Db>,
    form: ConfirmedForm<Nothing>,
) -> AppResult<HttpResponse> {
    let Nothing {} = form.into_inner(&mut viewer);
    let actor = viewer.actor.clone();
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::begin_totp(tx, &actor)
    })
    .await?;
    Ok(redirect(HERE))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeForm {
    code: String,
}

pub(super) async fn confirm_totp(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    form: FormBody<CodeForm>,
) -> AppResult<HttpResponse> {
    let (actor, code) = (viewer.actor.clone(), form.into_inner().code);
    let made = db
        .transaction(ROLE, viewer.origin(), move |tx| {
            service::confirm_totp(tx, &actor, &code)
        })
        .await;
    match made {
        Ok(fresh) if fresh.is_empty() => Ok(redirect(HERE)),
        Ok(fresh) => page(viewer, &db, &config, fresh, &[], StatusCode::OK).await,
        Err(error) => refused(viewer, &db, &config, error).await,
    }
}

pub(super) async fn remove_totp(
    mut viewer: Viewer,
    db: Data<Db>,
    form: ConfirmedForm<Nothing>,
) -> AppResult<HttpResponse> {
    let Nothing {} = form.into_inner(&mut viewer);
    let actor = viewer.actor.clone();
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::remove_totp(tx, &actor)
    })
    .await?;
    Ok(redirect_with(
        HERE,
        Flash::ok(Message::new("flash-totp-removed")),
    ))
}

pub(super) async fn renew_recovery_codes(
    mut viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    form: ConfirmedForm<Nothing>,
) -> AppResult<HttpResponse> {
    let Nothing {} = form.into_inner(&mut viewer);
    let actor = viewer.actor.clone();
    let fresh = db
        .transaction(ROLE, viewer.origin(), move |tx| {
            service::renew_recovery_codes(tx, &actor)
        })
        .await?;
    page(viewer, &db, &config, fresh, &[], StatusCode::OK).await
}
