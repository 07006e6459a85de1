//! `/admin/dead-letters`: what waits for repair, and what a person decides about it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use uuid::Uuid;

use super::aside;
use crate::auth::{ConfirmedForm, Operation, Viewer};
use crate::bus::Roster;
use crate::operations::ROLE;
use crate::operations::service::{self, LetterFilter, Verb};
use crate::operations::views::{ChoicePage, ChoiceWords, LetterPage, LettersPage, csv_of_letters};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::web::{
    Cursor, DEFAULT_LIMIT, Flash, FormBody, FormErrors, ListPlace, attachment, redirect_with,
    render, render_with,
};

#[derive(Deserialize)]
pub(super) struct LettersQuery {
    #[serde(flatten)]
    filter: LetterFilter,
    #[serde(flatten)]
    place: ListPlace,
}

/// A decision about items: those named, else all that the filter meets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionForm {
    #[serde(default)]
    item: Vec<String>,
    state: Option<String>,
    consumer: Option<String>,
    class: Option<String>,
    key: Option<String>,
    r#type: Option<String>,
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    reason: String,
}

impl DecisionForm {
    fn filter(&self) -> LetterFilter {
        LetterFilter {
            state: self.state.clone(),
            consumer: self.consumer.clone(),
            class: self.class.clone(),
            key: self.key.clone(),
            r#type: self.r#type.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
        }
    }
}

/// The list with its filter.
pub(super) async fn list_letters(
    viewer: Viewer,
    db: Data<Db>,
    roster: Data<Roster>,
    query: Query<LettersQuery>,
) -> AppResult<HttpResponse> {
    let LettersQuery { filter, place } = query.into_inner();
    let wanted = filter.parse(viewer.frame.zone)?;
    let after = Cursor::key(place.cursor())?;
    let actor = viewer.actor.clone();
    let letters = db
        .read(ROLE, move |conn| {
            service::list_letters(conn, &actor, &wanted, after, DEFAULT_LIMIT)
        })
        .await?;
    let names: Vec<&str> = roster.all().map(|listener| listener.name).collect();
    let frame = viewer.frame;
    render(&LettersPage::new(frame, &filter, &names, letters, &place))
}

/// The list as a file.
pub(super) async fn export_letters(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<LettersQuery>,
) -> AppResult<HttpResponse> {
    let filter = query.into_inner().filter.parse(viewer.frame.zone)?;
    let actor = viewer.actor.clone();
    let items = db
        .read(ROLE, move |conn| {
            service::export_letters(conn, &actor, &filter)
        })
        .await?;
    Ok(attachment(
        "dead-letters.csv",
        csv_of_letters(viewer.frame.l, &items),
    ))
}

/// One item with its event.
pub(super) async fn show_letter(
    viewer: Viewer,
    db: Data<Db>,
    roster: Data<Roster>,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let (name, item) = path.into_inner();
    let item: Uuid = item.parse().map_err(|_| AppError::NotFound)?;
    let actor = viewer.actor.clone();
    let letter = db
        .read(ROLE, move |conn| {
            service::show_letter(conn, &actor, &roster, &name, item)
        })
        .await?;
    render(&LetterPage::new(viewer.frame, letter))
}

/// What would be done, and with how many items: `act` is `retry` or `skip`, and `all` stands for the whole filter.
pub(super) async fn choose(
    viewer: Viewer,
    db: Data<Db>,
    roster: Data<Roster>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::Operate)?;
    let (mut form, mut verb, mut all) = (DecisionForm::default(), Verb::Retry, false);
    for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        let value = value.into_owned();
        match (name.as_ref(), value.as_str()) {
            ("act", "skip") => verb = Verb::Skip,
            ("act", "retry-all") => all = true,
            ("act", "skip-all") => (verb, all) = (Verb::Skip, true),
            ("item", _) => form.item.push(value),
            ("state", _) => form.state = Some(value),
            ("consumer", _) => form.consumer = Some(value),
            ("class", _) => form.class = Some(value),
            ("key", _) => form.key = Some(value),
            ("type", _) => form.r#type = Some(value),
            ("from", _) => form.from = Some(value),
            ("to", _) => form.to = Some(value),
            _ => {}
        }
    }
    if all {
        form.item.clear();
    } else if form.item.is_empty() {
        let back = back_to(&form.filter());
        return Ok(redirect_with(&back, Flash::error("letters-none-chosen")));
    }
    confirm(viewer, db, roster, verb, form, FormErrors::none()).await
}

/// The list with the filter.
fn back_to(filter: &LetterFilter) -> String {
    filter.address("/admin/dead-letters").first()
}

async fn confirm(
    viewer: Viewer,
    db: Data<Db>,
    roster: Data<Roster>,
    verb: Verb,
    form: DecisionForm,
    errors: FormErrors,
) -> AppResult<HttpResponse> {
    let filter = form.filter();
    let (wanted, actor) = (filter.parse(viewer.frame.zone)?, viewer.actor.clone());
    let choice = db
        .read(ROLE, move |conn| {
            service::choose(conn, &actor, &roster, &form.item, &wanted)
        })
        .await?;
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let words = ChoiceWords {
        reason: form.reason,
        errors,
    };
    let page = ChoicePage::new(viewer.frame, verb, choice, &filter, words);
    render_with(status, &page)
}

/// Tries items again.
pub(super) async fn retry_letters(
    viewer: Viewer,
    db: Data<Db>,
    form: FormBody<DecisionForm>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let (actor, origin, filter) = (viewer.actor.clone(), viewer.origin(), form.filter());
    let wanted = filter.parse(viewer.frame.zone)?;
    let count = aside(move || service::replay(&db, &actor, origin, &form.item, &wanted)).await?;
    let flash = Flash::ok(Message::new("letters-retried-flash").with("count", count));
    Ok(redirect_with(&back_to(&filter), flash))
}

/// Does without items, for a reason.
pub(super) async fn skip_letters(
    mut viewer: Viewer,
    db: Data<Db>,
    roster: Data<Roster>,
    form: ConfirmedForm<DecisionForm>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner(&mut viewer);
    let (actor, origin, filter) = (viewer.actor.clone(), viewer.origin(), form.filter());
    let wanted = filter.parse(viewer.frame.zone)?;
    let (own_db, own) = (db.clone(), form.clone());
    let outcome =
        aside(move || service::skip(&own_db, &actor, origin, &own.item, &wanted, &own.reason))
            .await;
    match outcome {
        Ok(count) => {
            let flash = Flash::warn(Message::new("letters-skipped-flash").with("count", count));
            Ok(redirect_with(&back_to(&filter), flash))
        }
        Err(AppError::Invalid(fields)) if fields.iter().any(|error| error.field == "reason") => {
            let errors = FormErrors::new(viewer.frame.lang, &fields);
            confirm(viewer, db, roster, Verb::Skip, form, errors).await
        }
        Err(error) => Err(error),
    }
}
