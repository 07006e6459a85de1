//! Where payouts go: the bank account of a person, and the payment file of a date.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use serde::Deserialize;
use uuid::Uuid;

use super::read_user;
use crate::accounting::ROLE;
use crate::accounting::bank::BankAccount;
use crate::accounting::period::parse_date;
use crate::accounting::queries;
use crate::accounting::service;
use crate::accounting::views::{BankAccountPage, address, user_parameter};
use crate::auth::{ConfirmedForm, Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{
    FileType, Flash, FormBody, FormErrors, attachment_of, redirect_with, render, render_with,
};

/// Whose bank account; one's own when nobody is named.
#[derive(Debug, Deserialize)]
pub(super) struct BankAccountQuery {
    user: Option<String>,
}

const PATH: &str = "/account/bank-account";

/// `GET /account/bank-account`: what is known of it, its number masked, and the form to change it.
pub(super) async fn show_bank_account(
    viewer: Viewer,
    query: Query<BankAccountQuery>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let user = read_user(query.user.as_deref())?;
    let page = page_of(viewer, &db, user, FormErrors::none()).await?;
    render(&page)
}

async fn page_of(
    viewer: Viewer,
    db: &Db,
    user: Option<Uuid>,
    errors: FormErrors,
) -> AppResult<BankAccountPage> {
    let Viewer { actor, frame, .. } = viewer;
    let own = actor.id.0;
    let employee = user.unwrap_or(own);
    let account = db
        .read(ROLE, move |conn| {
            queries::show_bank_account(conn, &actor, employee)
        })
        .await?;
    Ok(BankAccountPage {
        frame,
        own: employee == own,
        user: user_parameter(user),
        account,
        iban: String::new(),
        bic: String::new(),
        errors,
    })
}

/// The form; an empty account number forgets it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BankAccountForm {
    #[serde(default)]
    user: String,
    #[serde(default)]
    iban: String,
    #[serde(default)]
    bic: String,
}

/// `POST /account/bank-account`: sets it, or forgets it.
pub(super) async fn set_bank_account(
    mut viewer: Viewer,
    form: ConfirmedForm<BankAccountForm>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner(&mut viewer);
    let user = read_user(Some(&form.user))?;
    let (origin, actor) = (viewer.origin(), viewer.actor.clone());
    let employee = user.unwrap_or(actor.id.0);
    let typed = (form.iban.clone(), form.bic.clone());
    let outcome = db
        .transaction(ROLE, origin, move |tx| {
            let account = match (typed.0.trim(), typed.1.trim()) {
                ("", "") => None,
                (iban, bic) => Some(BankAccount::parse(iban, bic)),
            };
            let account = account.transpose()?;
            service::set_bank_account(tx, &actor, employee, account.as_ref())
        })
        .await;
    match outcome {
        Ok(()) => Ok(redirect_with(
            &address(PATH, &[("user", &user_parameter(user))]),
            Flash::ok("flash-bank-account-saved"),
        )),
        Err(AppError::Invalid(fields)) => {
            let errors = FormErrors::new(viewer.frame.lang, &fields);
            let mut page = page_of(viewer, &db, user, errors).await?;
            (page.iban, page.bic) = (form.iban, form.bic);
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error),
    }
}

/// `POST /accounting/payouts/{date}/bank-file`: makes the payment file, or finds it made, and leads back to the date.
pub(super) async fn make_bank_file(
    viewer: Viewer,
    path: Path<String>,
    _form: FormBody<Nothing>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let date = parse_date("date", &path).map_err(|_| AppError::NotFound)?;
    let (origin, actor, config) = (viewer.origin(), viewer.actor, config.into_inner());
    db.transaction(ROLE, origin, move |tx| {
        actor.allow(Operation::Payouts)?;
        service::make_bank_file(tx, &config, date)
    })
    .await?;
    Ok(redirect_with(
        &format!("/accounting/payouts/{date}"),
        Flash::ok("flash-bank-file-made"),
    ))
}

/// A form without fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Which payment file of the date; the first when none is named.
#[derive(Debug, Deserialize)]
pub(super) struct FileQuery {
    file: Option<i32>,
}

/// `GET /accounting/payouts/{date}.xml`: a payment file that was made.
pub(super) async fn download_bank_file(
    viewer: Viewer,
    path: Path<String>,
    query: Query<FileQuery>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let number = query.file.unwrap_or(1);
    let date = parse_date("date", &path).map_err(|_| AppError::NotFound)?;
    let actor = viewer.actor;
    let bytes = db
        .read(ROLE, move |conn| {
            queries::download_bank_file(conn, &actor, date, number)
        })
        .await?;
    let name = match number {
        1 => format!("pain-001-{date}.xml"),
        _ => format!("pain-001-{date}-{number}.xml"),
    };
    Ok(attachment_of(FileType::Xml, &name, bytes))
}
