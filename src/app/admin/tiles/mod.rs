//! The tiles of the door: a figure each, green while nobody has to do anything about it.

mod said;

use std::time::Duration;

use chrono::{DateTime, Utc};
use i18n_embed_fl::fl;

use super::overview::Found;
use crate::auth::{Actor, Operation};
use crate::platform::db::Part;
use crate::platform::web::Frame;
use said::Said;

/// A tile.
pub(super) struct Tile {
    pub id: &'static str,
    pub title: String,
    /// `ok`, `wait` or `bad`.
    pub kind: &'static str,
    pub figure: String,
    pub note: String,
    /// The place to look at; empty for those who may not go there.
    pub href: &'static str,
}

impl Tile {
    /// Its state in a word.
    pub fn state(&self, frame: &Frame) -> String {
        match self.kind {
            "ok" => fl!(frame.l, "tile-ok"),
            "bad" => fl!(frame.l, "tile-bad"),
            _ => fl!(frame.l, "tile-wait"),
        }
    }

    /// What a screen reader hears when this is not what it was: figures only of what somebody has to look at, since the others
    /// change all the time.
    pub fn aloud(&self, frame: &Frame) -> String {
        let state = self.state(frame);
        if self.kind == "ok" {
            return format!("{}: {state}", self.title);
        }
        format!("{}: {state}, {}", self.title, self.figure)
    }
}

/// All tiles that somebody sees, in the order of the page.
pub(super) fn of(
    frame: &Frame,
    actor: &Actor,
    found: &Found,
    now: DateTime<Utc>,
    bell: Duration,
) -> Vec<Tile> {
    let l = frame.l;
    let place = |href: &'static str, operation| {
        if actor.may(operation) { href } else { "" }
    };
    let tile = |id, title: String, href, said: Option<Said>| {
        let said =
            said.unwrap_or_else(|| Said::new("wait", "—", fl!(l, "part-figure-unavailable")));
        Tile {
            id,
            title,
            kind: said.kind,
            figure: said.figure,
            note: said.note,
            href,
        }
    };
    let events = found
        .subscribers
        .get()
        .map(|rows| said::waiting_events(frame, rows, now));
    let parked = found
        .subscribers
        .get()
        .map(|rows| said::parked(frame, rows));
    let paused = found
        .subscribers
        .get()
        .map(|rows| said::paused(frame, rows));
    let stop = found
        .stop
        .get()
        .map(|stop| said::emergency(frame, stop.as_ref()));
    let books = found
        .agreement
        .get()
        .map(|agreement| said::books(frame, agreement, now));
    let jobs = found
        .turns
        .get()
        .map(|turns| said::jobs(frame, turns, now, bell));
    let payouts = found
        .payouts
        .get()
        .map(|payouts| said::settled(frame, payouts));
    let mails = found
        .mails
        .get()
        .map(|mails| said::mailed(frame, mails.waiting, mails.failed));
    let mut tiles = vec![
        tile(
            "tile-stop",
            fl!(l, "tile-stop"),
            place("/admin/emergency-stop", Operation::Checks),
            stop,
        ),
        tile(
            "tile-books",
            fl!(l, "tile-books"),
            place("/admin/checks", Operation::Checks),
            books,
        ),
        tile(
            "tile-events",
            fl!(l, "tile-events"),
            place("/admin/modules", Operation::Operate),
            events,
        ),
        tile(
            "tile-parked",
            fl!(l, "tile-parked"),
            place("/admin/dead-letters", Operation::Operate),
            parked,
        ),
        tile(
            "tile-modules",
            fl!(l, "tile-modules"),
            place("/admin/modules", Operation::Operate),
            paused,
        ),
        tile(
            "tile-payouts",
            fl!(l, "tile-payouts"),
            place("/accounting/payouts", Operation::Payouts),
            payouts,
        ),
        tile(
            "tile-mails",
            fl!(l, "tile-mails"),
            place("/admin/mails", Operation::Payouts),
            mails,
        ),
    ];
    if let Some(mails) = &found.account_mails {
        let said = mails
            .get()
            .map(|mails| said::mailed(frame, mails.waiting, mails.failed));
        tiles.push(tile(
            "tile-account-mails",
            fl!(l, "nav-account-mails"),
            "/admin/account-mails",
            said,
        ));
    }
    tiles.push(tile(
        "tile-jobs",
        fl!(l, "tile-jobs"),
        place("/admin/schedule", Operation::Operate),
        jobs,
    ));
    tiles
}

/// What waits for a person behind each place.
pub(super) fn counts(found: &Found) -> Vec<(&'static str, i64)> {
    let rows = found
        .subscribers
        .get()
        .map(Vec::as_slice)
        .unwrap_or_default();
    vec![
        ("/admin/dead-letters", rows.iter().map(|row| row.dead).sum()),
        (
            "/admin/modules",
            rows.iter().filter(|row| row.paused).count() as i64,
        ),
        (
            "/admin/mails",
            found.mails.get().map_or(0, |mails| mails.failed),
        ),
        (
            "/admin/account-mails",
            found
                .account_mails
                .as_ref()
                .and_then(Part::get)
                .map_or(0, |mails| mails.failed),
        ),
        (
            "/admin/scenarios",
            found.alerts.get().copied().unwrap_or_default(),
        ),
        (
            "/accounting/payouts",
            found.payouts.get().map_or(0, |payouts| payouts.open as i64),
        ),
    ]
}
