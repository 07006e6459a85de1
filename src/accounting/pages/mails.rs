//! The mails about payouts: the list, and one mail as it is sent.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use serde::Deserialize;
use uuid::Uuid;

use crate::accounting::ROLE;
use crate::accounting::queries::{self, MAIL_STATES};
use crate::accounting::service::{self, Letters, Notice};
use crate::accounting::views::{MailPage, MailRow, MailsPage, address, mail_state_choices};
use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{DEFAULT_LIMIT, Flash, FormBody, redirect_with, render};

/// Which mails.
#[derive(Debug, Deserialize)]
pub(super) struct MailsQuery {
    state: Option<String>,
    cursor: Option<String>,
}

/// `GET /admin/mails`: every mail, newest first; of one state when one is chosen.
pub(super) async fn list_mails(
    viewer: Viewer,
    query: Query<MailsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let query = query.into_inner();
    let state = query
        .state
        .as_deref()
        .and_then(|wanted| MAIL_STATES.into_iter().find(|known| *known == wanted));
    let after = query.cursor.clone();
    let page = db
        .read(ROLE, move |conn| {
            queries::list_mails(conn, &actor, state, after.as_deref(), DEFAULT_LIMIT)
        })
        .await?;
    let link = |cursor: &str| {
        address(
            "/admin/mails",
            &[("state", state.unwrap_or_default()), ("cursor", cursor)],
        )
    };
    let page = MailsPage {
        connected: config.smtp_url.is_some(),
        states: mail_state_choices(frame.lang, &MAIL_STATES, state),
        mails: page
            .items
            .into_iter()
            .map(|mail| MailRow::new(frame.lang, mail))
            .collect(),
        filtered: state.is_some(),
        first: query.cursor.as_ref().map(|_| link("")).unwrap_or_default(),
        older: page.next.map(|next| link(&next)).unwrap_or_default(),
        frame,
    };
    render(&page)
}

/// `GET /admin/mails/{id}`: one mail with its text and its HTML.
pub(super) async fn show_mail(
    viewer: Viewer,
    path: Path<Uuid>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let id = path.into_inner();
    let may_retry = actor.may(Operation::RunPayouts);
    let mail = db
        .read(ROLE, move |conn| queries::show_mail(conn, &actor, id))
        .await?;
    let notice = Notice {
        language: &mail.language,
        name: &mail.recipient_name,
        amount: mail.amount,
        date: mail.business_date,
    };
    let content = Letters::new(&config).content(notice)?;
    let row = MailRow::new(frame.lang, mail);
    render(&MailPage {
        may_retry: may_retry && row.mail.state == "failed",
        row,
        content,
        frame,
    })
}

/// A form without fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryForm {}

/// `POST /admin/mails/{id}/attempts`: tries a mail again that was given up.
pub(super) async fn retry_mail(
    viewer: Viewer,
    path: Path<Uuid>,
    form: FormBody<RetryForm>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let RetryForm {} = form.into_inner();
    let id = path.into_inner();
    let (origin, actor) = (viewer.origin(), viewer.actor);
    let back = format!("/admin/mails/{id}");
    match db
        .transaction(ROLE, origin, move |tx| service::retry_mail(tx, &actor, id))
        .await
    {
        Ok(()) => Ok(redirect_with(&back, Flash::ok("mail-retried"))),
        Err(AppError::Conflict(message)) => Ok(redirect_with(&back, Flash::error(message))),
        Err(error) => Err(error),
    }
}
