//! One's own record, address, preferences and password.

mod default_filter;
mod display;
mod password;
mod record;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use i18n_embed_fl::fl;
use serde_json::Value;
use url::form_urlencoded;

use crate::auth::store::{self, UserRow};
use crate::auth::{Operation, ROLE, Viewer};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError};
use crate::platform::i18n::{Lang, text_of};
use crate::platform::web::{FormErrors, Frame, LISTS, render_with};

pub(super) use default_filter::save_default_filter;
pub(super) use display::{save_appearance, save_display, save_language};
pub(super) use password::change_password;
pub(super) use record::{save_address, save_record};

#[derive(Template)]
#[template(path = "auth/profile.html")]
struct ProfilePage {
    frame: Frame,
    errors: FormErrors,
    user: UserRow,
    language: Option<Lang>,
    typed: Typed,
    zones: Vec<ZoneGroup>,
    kept: Vec<KeptFilter>,
}

/// A list that begins with a filter.
struct KeptFilter {
    name: String,
    href: String,
    filter: String,
}

impl KeptFilter {
    fn all(lang: Lang, user: &UserRow) -> Vec<Self> {
        let kept = user.default_filters();
        let lists = LISTS.iter().filter_map(|(path, name)| {
            let query = kept.get(*path)?;
            let words = form_urlencoded::parse(query.as_bytes());
            let words: Vec<String> = words
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            Some(Self {
                name: text_of(lang, name, []),
                href: format!("{path}?{query}"),
                filter: words.join(", "),
            })
        });
        lists.collect()
    }
}

/// The forms as they were sent, or as the record has it.
#[derive(Clone)]
struct Typed {
    name: String,
    surname: String,
    email: String,
    meta: String,
}

impl Typed {
    fn of(user: &UserRow) -> Self {
        Self {
            name: user.name.clone(),
            surname: user.surname.clone(),
            email: user.email.clone(),
            meta: shown(&user.meta),
        }
    }
}

/// Meta information as it is shown to be changed; none: an empty field.
fn shown(meta: &Value) -> String {
    if meta.as_object().is_some_and(serde_json::Map::is_empty) {
        return String::new();
    }
    serde_json::to_string_pretty(meta).unwrap_or_default()
}

/// The zones of a part of the world.
struct ZoneGroup {
    area: &'static str,
    zones: Vec<(&'static str, bool)>,
}

/// Every zone of the places of this world, the chosen one marked.
fn zone_groups(chosen: Option<&str>) -> Vec<ZoneGroup> {
    const AREAS: [&str; 10] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    ];
    AREAS
        .into_iter()
        .map(|area| ZoneGroup {
            area,
            zones: chrono_tz::TZ_VARIANTS
                .iter()
                .map(|zone| zone.name())
                .filter(|name| name.split('/').next() == Some(area))
                .map(|name| (name, chosen == Some(name)))
                .collect(),
        })
        .collect()
}

pub(super) async fn show_profile(viewer: Viewer, db: Data<Db>) -> AppResult<HttpResponse> {
    page(viewer, &db, None, &[]).await
}

/// The page, with what was typed into one of its forms.
async fn page(
    viewer: Viewer,
    db: &Db,
    typed: Option<Typed>,
    errors: &[FieldError],
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::OwnProfile)?;
    let id = viewer.actor.id.0;
    let user = db
        .read(ROLE, move |conn| store::find_user(conn, id))
        .await?
        .ok_or(AppError::NotFound)?;
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let language = user.language.as_deref().and_then(Lang::from_code);
    render_with(
        status,
        &ProfilePage {
            errors: FormErrors::new(viewer.frame.lang, errors),
            typed: typed.unwrap_or_else(|| Typed::of(&user)),
            zones: zone_groups(user.time_zone.as_deref()),
            kept: KeptFilter::all(viewer.frame.lang, &user),
            language,
            user,
            frame: viewer.frame,
        },
    )
}
