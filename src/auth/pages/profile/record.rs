//! One's own name, meta information and address (A05, A09).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Typed, page};
use crate::auth::service::{self, OwnChange};
use crate::auth::store;
use crate::auth::{ConfirmedForm, ROLE, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::web::{Flash, FormBody, redirect_with};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::auth::pages) struct RecordForm {
    name: String,
    surname: String,
    #[serde(default)]
    meta: String,
}

pub(in crate::auth::pages) async fn save_record(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    form: FormBody<RecordForm>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let change = OwnChange {
        name: Some(form.name.clone()),
        surname: Some(form.surname.clone()),
        ..OwnChange::default()
    };
    let outcome = match meta_of(&form.meta) {
        Ok(meta) => {
            let change = OwnChange {
                meta: Some(meta),
                ..change
            };
            save(&viewer, &db, &config, change).await
        }
        Err(error) => Err(error),
    };
    answer(viewer, &db, outcome, "flash-record-saved", |typed| Typed {
        name: form.name,
        surname: form.surname,
        meta: form.meta,
        ..typed
    })
    .await
}

/// An empty field is an empty object.
fn meta_of(text: &str) -> AppResult<Map<String, Value>> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text).map_err(|_| AppError::field("meta", "field-meta"))
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::auth::pages) struct AddressForm {
    email: String,
}

/// Another address, which links to a new password go to from now on.
pub(in crate::auth::pages) async fn save_address(
    mut viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    form: ConfirmedForm<AddressForm>,
) -> AppResult<HttpResponse> {
    let email = form.into_inner(&mut viewer).email;
    let change = OwnChange {
        email: Some(email.clone()),
        ..OwnChange::default()
    };
    let outcome = save(&viewer, &db, &config, change).await;
    answer(viewer, &db, outcome, "flash-address-saved", |typed| Typed {
        email,
        ..typed
    })
    .await
}

async fn save(viewer: &Viewer, db: &Db, config: &Config, change: OwnChange) -> AppResult<()> {
    let (actor, config) = (viewer.actor.clone(), config.clone());
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::update_me(tx, &config, &actor, &change)
    })
    .await
}

/// On, or the page once more with what was typed.
async fn answer(
    viewer: Viewer,
    db: &Db,
    outcome: AppResult<()>,
    flash: &'static str,
    typed: impl FnOnce(Typed) -> Typed,
) -> AppResult<HttpResponse> {
    match outcome {
        Ok(()) => Ok(redirect_with("/profile", Flash::ok(Message::new(flash)))),
        Err(AppError::Invalid(errors)) => {
            let id = viewer.actor.id.0;
            let user = db
                .read(ROLE, move |conn| store::find_user(conn, id))
                .await?;
            let user = user.ok_or(AppError::NotFound)?;
            page(viewer, db, Some(typed(Typed::of(&user))), &errors).await
        }
        Err(error) => Err(error),
    }
}
