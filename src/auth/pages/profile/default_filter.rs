//! The filter that somebody wants a list to begin with: "make this my default" (S-4).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use crate::auth::service;
use crate::auth::{ROLE, Viewer};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::web::{Flash, FormBody, LocalPath, redirect_with};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::auth::pages) struct DefaultFilterForm {
    /// The list with its filter, as its address is.
    list: String,
    /// `keep` or `forget`.
    act: String,
    /// Where to go back to; the list when it is left out.
    back: Option<String>,
}

/// Keeps the filter of a list, or forgets the one that is kept, and goes back.
pub(in crate::auth::pages) async fn save_default_filter(
    viewer: Viewer,
    db: Data<Db>,
    form: FormBody<DefaultFilterForm>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let keeps = match form.act.as_str() {
        "keep" => true,
        "forget" => false,
        _ => return Err(AppError::field("act", "field-not-understood")),
    };
    let list = LocalPath::parse(&form.list)
        .ok_or_else(|| AppError::field("list", "field-not-understood"))?;
    let back = form.back.as_deref().and_then(LocalPath::parse);
    let (asked, actor) = (list.clone(), viewer.actor.clone());
    db.transaction(ROLE, viewer.origin(), move |tx| {
        let (path, query) = asked
            .as_str()
            .split_once('?')
            .unwrap_or((asked.as_str(), ""));
        service::set_default_filter(tx, &actor, path, keeps.then_some(query))
    })
    .await?;
    let message = if keeps {
        "flash-default-filter-kept"
    } else {
        "flash-default-filter-forgotten"
    };
    let to = back.as_ref().unwrap_or(&list);
    Ok(redirect_with(to.as_str(), Flash::ok(Message::new(message))))
}
