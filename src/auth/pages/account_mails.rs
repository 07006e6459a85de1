//! How the mails about accounts stand, for those who look after users. What a link in them says is known to nobody.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use i18n_embed_fl::fl;
use uuid::Uuid;

use crate::auth::service;
use crate::auth::store::{self, MailRow};
use crate::auth::{Operation, ROLE, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::{Lang, text_of};
use crate::platform::mail::Letter;
use crate::platform::web::{Frame, framed, framing, render};

/// Mails that are shown: the newest.
const SHOWN: i64 = 100;

#[derive(Template)]
#[template(path = "auth/account_mails.html")]
struct AccountMailsPage {
    frame: Frame,
    connected: bool,
    mails: Vec<MailView>,
}

struct MailView {
    row: MailRow,
    kind: String,
    state: String,
    chip: &'static str,
}

impl MailView {
    fn new(lang: Lang, row: MailRow) -> Self {
        Self {
            kind: text_of(
                lang,
                &format!("account-mail-{}", row.kind.replace('_', "-")),
                [],
            ),
            state: text_of(lang, &format!("mail-state-{}", row.state), []),
            chip: match row.state.as_str() {
                "sent" => "ok",
                "failed" => "bad",
                _ => "wait",
            },
            row,
        }
    }
}

#[derive(Template)]
#[template(path = "auth/account_mail_page.html")]
struct AccountMailPage {
    frame: Frame,
    mail: MailView,
    language: String,
    letter: Letter,
}

pub(super) async fn list_account_mails(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let lang = viewer.frame.lang;
    let rows = db.read(ROLE, |conn| store::list_mails(conn, SHOWN)).await?;
    let mails = rows
        .into_iter()
        .map(|row| MailView::new(lang, row))
        .collect();
    render(&AccountMailsPage {
        frame: viewer.frame,
        connected: config.smtp_url.is_some(),
        mails,
    })
}

/// `GET /admin/account-mails/{id}`: a mail as its receiver gets it, as text and as HTML, the secret of its link hidden.
pub(super) async fn show_account_mail(
    viewer: Viewer,
    path: Path<Uuid>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let id = path.into_inner();
    let (row, mail) = db
        .read(ROLE, move |conn| {
            let row = store::find_mail_row(conn, id)?.ok_or(AppError::NotFound)?;
            let mail = store::find_mail(conn, id)?.ok_or(AppError::NotFound)?;
            Ok((row, mail))
        })
        .await?;
    let letter = service::preview_mail(&config, &mail)?;
    let page = render(&AccountMailPage {
        mail: MailView::new(viewer.frame.lang, row),
        language: mail.language,
        letter,
        frame: viewer.frame,
    })?;
    Ok(framing(page))
}

/// `GET /admin/account-mails/{id}/preview`: the HTML of a mail, for the frame on its page.
pub(super) async fn preview_account_mail(
    viewer: Viewer,
    path: Path<Uuid>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let id = path.into_inner();
    let mail = db
        .read(ROLE, move |conn| {
            store::find_mail(conn, id)?.ok_or(AppError::NotFound)
        })
        .await?;
    Ok(framed(service::preview_mail(&config, &mail)?.html))
}
