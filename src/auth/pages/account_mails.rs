//! How the mails about accounts stand, for those who look after users. What a link in them says is known to nobody.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use i18n_embed_fl::fl;

use crate::auth::store::{self, MailRow};
use crate::auth::{Operation, ROLE, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::i18n::text_of;
use crate::platform::web::{Frame, render};

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
        .map(|row| MailView {
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
        })
        .collect();
    render(&AccountMailsPage {
        frame: viewer.frame,
        connected: config.smtp_url.is_some(),
        mails,
    })
}
