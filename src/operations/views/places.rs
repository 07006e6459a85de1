//! The places of the operator, side by side above each of their pages.

use crate::auth::Actor;
use crate::operations::ADMIN;
use crate::platform::error::Message;
use crate::platform::web::Frame;

/// A place beside the present one.
pub(in crate::operations) struct Place {
    pub href: &'static str,
    pub label: String,
    pub current: bool,
}

/// The places that somebody may enter; the present one is known by its path.
pub(in crate::operations) fn places(frame: &Frame, actor: &Actor) -> Vec<Place> {
    ADMIN
        .iter()
        .filter(|entry| actor.may(entry.operation))
        .map(|entry| Place {
            href: entry.href,
            label: frame.text(&Message::new(entry.label)),
            current: frame.path.starts_with(entry.href),
        })
        .collect()
}
