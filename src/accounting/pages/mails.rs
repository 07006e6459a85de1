//! The mails: the list with what cannot be delivered, one mail as it is sent, and the button that sends it once more.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::{dates_of, read_period};
use crate::accounting::ROLE;
use crate::accounting::period::Period;
use crate::accounting::queries::{self, MAIL_KINDS, MAIL_STATES, MailFilter, MailView};
use crate::accounting::service::{self, Content, Letters, Notice};
use crate::accounting::store::{GivenUp, Matter};
use crate::accounting::views::{
    MailPage, MailRow, MailsPage, PeriodForm, address, chosen, mail_kind_choices,
    mail_state_choices,
};
use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::web::{
    DEFAULT_LIMIT, FiltersOn, Flash, FormBody, ListAddress, ListPlace, Pager, framed, framing,
    one_of, redirect_with, render, render_with,
};

/// Which mails.
#[derive(Debug, Deserialize)]
pub(super) struct MailsQuery {
    state: Option<String>,
    kind: Option<String>,
    from: Option<String>,
    to: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

/// The state that was asked for.
fn state_of(said: Option<&str>) -> AppResult<Option<&'static str>> {
    one_of("state", said, |word| {
        MAIL_STATES.into_iter().find(|known| *known == word)
    })
}

/// The kind that was asked for.
fn kind_of(said: Option<&str>) -> AppResult<Option<&'static str>> {
    one_of("kind", said, |word| {
        MAIL_KINDS.into_iter().find(|known| *known == word)
    })
}

impl MailsQuery {
    /// State and kind, if any were named.
    pub(super) fn words(&self) -> AppResult<(Option<&'static str>, Option<&'static str>)> {
        Ok((
            state_of(self.state.as_deref())?,
            kind_of(self.kind.as_deref())?,
        ))
    }

    /// The dates, if any were named.
    pub(super) fn period(&self, today: NaiveDate) -> AppResult<Option<Period>> {
        dates_of(self.from.as_deref(), self.to.as_deref(), today)
    }
}

/// `GET /admin/mails`: every mail, newest first, by state, kind and date; and the addresses at which nobody can be reached.
pub(super) async fn list_mails(
    viewer: Viewer,
    query: Query<MailsQuery>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let query = query.into_inner();
    let (state, kind) = query.words()?;
    let today = Period::day(config.zone.date_of(db.clock().now()));
    let (from, to) = (query.from.as_deref(), query.to.as_deref());
    let asked = read_period(frame.lang, from, to, today)?;
    let dated = [from, to]
        .into_iter()
        .flatten()
        .any(|text| !text.is_empty());
    let (status, period) = (asked.status(), dated.then_some(asked.period));
    let place = query.place.clone();
    let may_send = actor.may(Operation::RunPayouts);
    let (page, given_up, undeliverable, trouble) = db
        .read(ROLE, move |conn| {
            let filter = MailFilter {
                state,
                kind,
                period,
                cursor: place.cursor(),
                limit: DEFAULT_LIMIT,
            };
            Ok((
                queries::list_mails(conn, &actor, filter)?
                    .with_count(|| queries::count_listed_mails(conn, &actor, filter))?,
                queries::count_given_up(conn, &actor, filter)?,
                queries::list_undeliverable(conn, &actor, period)?,
                queries::show_trouble(conn, &actor)?,
            ))
        })
        .await?;
    let said = |given: Option<&str>| given.unwrap_or_default().to_owned();
    let form = PeriodForm {
        from: said(from),
        to: said(to),
    };
    let here = ListAddress::new("/admin/mails")
        .with_some("state", state)
        .with_some("kind", kind)
        .with("from", &form.from)
        .with("to", &form.to);
    let states = mail_state_choices(frame.lang, &MAIL_STATES, state);
    let kinds = mail_kind_choices(frame.lang, kind);
    let on = FiltersOn::new("/admin/mails")
        .and(chosen(&states), &here, &["state"])
        .and(chosen(&kinds), &here, &["kind"])
        .and(
            period.map(|period| frame.period_text(&period)),
            &here,
            &["from", "to"],
        );
    let page = MailsPage {
        connected: config.smtp_url.is_some(),
        trouble: trouble.filter(|_| config.smtp_url.is_some()),
        undeliverable,
        given_up: if may_send { given_up } else { 0 },
        kind: kind.unwrap_or_default(),
        states,
        kinds,
        pager: Pager::new(&frame, &here, &query.place, DEFAULT_LIMIT, &page),
        mails: page
            .items
            .into_iter()
            .map(|mail| MailRow::new(frame.lang, mail))
            .collect(),
        on,
        csv: here.at("/admin/mails.csv"),
        xlsx: here.at("/admin/mails.xlsx"),
        errors: asked.errors,
        form,
        frame,
    };
    render_with(status, &page)
}

fn content_of(config: &Config, mail: &MailView, matter: &Matter) -> AppResult<Content> {
    Letters::new(config).content(Notice {
        language: &mail.language,
        name: &mail.recipient_name,
        amount: mail.amount,
        date: mail.business_date,
        matter,
    })
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
    let may_send = actor.may(Operation::RunPayouts);
    let (mail, matter) = db
        .read(ROLE, move |conn| queries::show_mail(conn, &actor, id))
        .await?;
    let content = content_of(&config, &mail, &matter)?;
    let row = MailRow::new(frame.lang, mail);
    let page = render(&MailPage {
        may_retry: may_send && row.mail.state == "failed",
        may_repeat: may_send && row.mail.state == "sent",
        row,
        content,
        frame,
    })?;
    Ok(framing(page))
}

/// `GET /admin/mails/{id}/preview`: the HTML of a mail, for the frame on its page.
pub(super) async fn preview_mail(
    viewer: Viewer,
    path: Path<Uuid>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let (actor, id) = (viewer.actor, path.into_inner());
    let (mail, matter) = db
        .read(ROLE, move |conn| queries::show_mail(conn, &actor, id))
        .await?;
    Ok(framed(content_of(&config, &mail, &matter)?.html))
}

/// Whether a mail that was sent already shall be sent once more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SendForm {
    confirmed: Option<String>,
}

/// `POST /admin/mails/{id}/attempts`: sends a mail once more under its Message-ID; one that was sent, only when that is confirmed.
pub(super) async fn send_mail_again(
    viewer: Viewer,
    path: Path<Uuid>,
    form: FormBody<SendForm>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let confirmed = form.into_inner().confirmed.as_deref() == Some("yes");
    let id = path.into_inner();
    let (origin, actor) = (viewer.origin(), viewer.actor);
    let back = format!("/admin/mails/{id}");
    match db
        .transaction(ROLE, origin, move |tx| {
            service::send_again(tx, &actor, id, confirmed)
        })
        .await
    {
        Ok(()) => Ok(redirect_with(&back, Flash::ok("mail-retried"))),
        Err(AppError::Conflict(message)) => Ok(redirect_with(&back, Flash::error(message))),
        Err(error) => Err(error),
    }
}

/// Which of the mails that were given up shall be sent again: those of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SendAllForm {
    kind: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// `POST /admin/mails/attempts`: sends all mails of the list once more that were given up.
pub(super) async fn send_given_up_again(
    viewer: Viewer,
    form: FormBody<SendAllForm>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let (from, to) = (form.from.as_deref(), form.to.as_deref());
    let wanted = GivenUp {
        kind: kind_of(form.kind.as_deref())?,
        period: dates_of(from, to, config.zone.date_of(db.clock().now()))?,
    };
    let back = address(
        "/admin/mails",
        &[
            ("kind", wanted.kind.unwrap_or_default()),
            ("from", from.unwrap_or_default()),
            ("to", to.unwrap_or_default()),
        ],
    );
    let (origin, actor) = (viewer.origin(), viewer.actor);
    let sent = db
        .transaction(ROLE, origin, move |tx| {
            service::send_given_up_again(tx, &actor, wanted)
        })
        .await;
    match sent {
        Ok(mails) => {
            let message = Message::new("mails-retried").with("count", mails);
            Ok(redirect_with(&back, Flash::ok(message)))
        }
        Err(AppError::Conflict(message)) => Ok(redirect_with(&back, Flash::error(message))),
        Err(error) => Err(error),
    }
}
