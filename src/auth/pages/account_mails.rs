//! How the mails about accounts stand, for those who look after users. What a link in them says is known to nobody.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use chrono::{DateTime, Utc};
use i18n_embed_fl::fl;
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::service;
use crate::auth::store::{self, MailRow};
use crate::auth::{Operation, ROLE, Viewer};
use crate::platform::config::Config;
use crate::platform::csv::Cell;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::{Lang, text_of};
use crate::platform::mail::Letter;
use crate::platform::web::{
    Cursor, DEFAULT_LIMIT, FiltersOn, Frame, ListAddress, ListPlace, PIECE, PageOf, Pager,
    attachment_of_list, framed, framing, one_of, render,
};

const LIST: &str = "/admin/account-mails";

/// The states of a mail.
const STATES: [&str; 4] = ["new", "waiting", "sent", "failed"];

/// Which mails.
#[derive(Deserialize)]
pub(super) struct AccountMailsQuery {
    state: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

impl AccountMailsQuery {
    /// The state that was asked for.
    fn state(&self) -> AppResult<Option<&'static str>> {
        one_of("state", self.state.as_deref(), |word| {
            STATES.into_iter().find(|state| *state == word)
        })
    }
}

#[derive(Template)]
#[template(path = "auth/account_mails.html")]
struct AccountMailsPage {
    frame: Frame,
    connected: bool,
    states: Vec<(&'static str, String, bool)>,
    on: FiltersOn,
    mails: Vec<MailView>,
    csv: String,
    pager: Pager,
}

fn state_text(lang: Lang, state: &str) -> String {
    text_of(lang, &format!("mail-state-{state}"), [])
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
            state: state_text(lang, &row.state),
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
    query: Query<AccountMailsQuery>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let (lang, state) = (viewer.frame.lang, query.state()?);
    let after = Cursor::key(query.place.cursor())?;
    let page = db
        .read(ROLE, move |conn| {
            let rows = store::list_mails(conn, state, after, DEFAULT_LIMIT + 1)?;
            PageOf::from_rows(rows, DEFAULT_LIMIT, place_of)
                .with_count(|| store::count_listed_mails(conn, state))
        })
        .await?;
    let here = ListAddress::new(LIST).with_some("state", state);
    let chip = state.map(|state| state_text(lang, state));
    render(&AccountMailsPage {
        connected: config.smtp_url.is_some(),
        states: STATES
            .map(|other| (other, state_text(lang, other), state == Some(other)))
            .into(),
        on: FiltersOn::new(LIST).and(chip, &here, &["state"]),
        csv: here.at("/admin/account-mails.csv"),
        pager: Pager::new(&viewer.frame, &here, &query.place, DEFAULT_LIMIT, &page),
        mails: page
            .items
            .into_iter()
            .map(|row| MailView::new(lang, row))
            .collect(),
        frame: viewer.frame,
    })
}

/// Where a mail stands in the list.
fn place_of(row: &MailRow) -> (DateTime<Utc>, Uuid) {
    (row.created_at, row.id)
}

/// Exactly the list of the filter, all pages of it.
pub(super) async fn export_account_mails(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<AccountMailsQuery>,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::ManageUsers)?;
    let (lang, l, state) = (viewer.frame.lang, viewer.frame.l, query.state()?);
    let header = [
        fl!(l, "column-kind"),
        fl!(l, "column-recipient"),
        fl!(l, "account-mails-written"),
        fl!(l, "column-state"),
        fl!(l, "mail-last-error"),
        fl!(l, "account-mails-uid"),
    ];
    attachment_of_list("account-mails.csv", &header, move |cursor| {
        let db = db.clone();
        async move {
            let after = Cursor::key(cursor.as_deref())?;
            let rows = db
                .read(ROLE, move |conn| {
                    store::list_mails(conn, state, after, PIECE + 1)
                })
                .await?;
            let page = PageOf::from_rows(rows, PIECE, place_of);
            Ok(page.map(|row| row_of(MailView::new(lang, row))))
        }
    })
    .await
}

fn row_of(mail: MailView) -> Vec<Cell> {
    vec![
        Cell::Text(mail.kind),
        Cell::Text(mail.row.recipient),
        Cell::Instant(mail.row.created_at),
        Cell::Text(mail.state),
        Cell::Text(mail.row.last_error.unwrap_or_default()),
        Cell::Text(mail.row.id.to_string()),
    ]
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
