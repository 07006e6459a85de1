//! The frame of every page and of every answer: layout, languages, forms, flash messages, error pages and security headers.
//!
//! The app mounts it so (the last `wrap` is the outermost):
//!
//! ```text
//! App::new()
//!     .app_data(web::Data::new(WebSettings::new(&config, demo)))
//!     .configure(platform::web::configure)
//!     .wrap(from_fn(platform::web::request_key))
//!     .wrap(from_fn(session_middleware))      // auth's own: inserts a `Visitor` into the request's extensions
//!     .wrap(from_fn(platform::web::fetch_guard))
//!     .wrap(from_fn(platform::web::errors))
//!     .wrap(from_fn(platform::web::security_headers))
//!     .wrap(TracingLogger::default())
//! ```
//!
//! A middleware inside these refuses with `Ok(request.error_response(AppError::..))` rather than with `Err`, so that the error
//! page knows who is asking.

pub mod api;
mod badge;
mod body;
mod chart;
pub mod cookies;
pub mod csrf;
mod door;
mod download;
mod errors;
mod extractors;
mod fetch_guard;
mod flash;
mod form;
mod form_errors;
mod form_values;
mod frame;
mod headers;
mod https;
mod lines;
mod list;
mod live;
mod local_path;
mod pace;
mod page;
pub mod parrot;
mod preferences;
mod render;
mod request_key;
mod settings;
mod span;
mod standby;
pub mod static_files;
mod tags;
#[cfg(test)]
mod tests;

pub use badge::Badge;
pub use chart::{ChartTag, Measure};
pub use door::{Door, admission};
pub use download::{
    FileType, PIECE, Pieces, attachment, attachment_in_pieces, attachment_in_pieces_of,
    attachment_of, attachment_of_list,
};
pub use errors::{Drawn, Face, Problem, errors, request_id};
pub use fetch_guard::fetch_guard;
pub use flash::{Flash, FlashKind, FlashView, redirect, redirect_with};
pub use form::{FORM_LIMIT, FormBody, LONG_FORM_LIMIT, fit, read_pairs};
pub use form_errors::FormErrors;
pub use frame::{AccountLanguage, Frame, NavItem, NavLink, Person, Theme, Visitor, lang_of};
pub use headers::{framed, framing, security_headers};
pub use https::https_only;
pub use lines::{Lines, line_in_use};
pub use list::{
    ByTime, DEFAULT_OFF, DefaultFilter, FilterChip, FiltersOn, LISTS, ListAddress, ListPlace,
    Order, Pager, SizeChoice, SortColumn, SortHead, address, kept_part, one_of, rows_per,
};
pub use live::{LiveEvent, Streams, event_stream};
pub use local_path::LocalPath;
pub use pace::Pace;
pub use page::{Cursor, DEFAULT_LIMIT, MAX_LIMIT, PageOf, limit};
pub use preferences::Preferences;
pub use render::{render, render_with};
pub use request_key::request_key;
pub use settings::WebSettings;
pub use span::{RequestSpan, without_secret};
pub use standby::{read_own_writes, refuse_changes};
pub use tags::{DateTag, MoneyTag, TimeTag};

use actix_web::web::{ServiceConfig, get, post};

/// Mounts what every page needs: style sheet, script and icon, avatars, the switches of language and theme, and the limits of bodies.
pub fn configure(app: &mut ServiceConfig) {
    extractors::configure(app);
    app.route(
        "/static/{hash}/{name}",
        get().to(static_files::show_static_file),
    )
    .route("/avatars/{uid}.svg", get().to(parrot::show_avatar))
    .route("/preferences", post().to(preferences::save_preferences));
}
