//! The tiles of the door: a figure each, green while nobody has to do anything about it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use i18n_embed_fl::fl;

use super::overview::{Found, Payouts};
use crate::accounting::RunStatus;
use crate::auth::{Actor, Operation};
use crate::bus::SubscriberStatus;
use crate::platform::agreement::{Agreement, Standing};
use crate::platform::db::Part;
use crate::platform::stop::Stop;
use crate::platform::turns::Turn;
use crate::platform::web::Frame;

/// How long an event may wait for a consumer that runs (invariant 6).
const EVENT_PATIENCE: TimeDelta = TimeDelta::seconds(60);

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

/// What a tile says of something.
struct Said {
    kind: &'static str,
    figure: String,
    note: String,
}

impl Said {
    fn new(kind: &'static str, figure: impl ToString, note: impl Into<String>) -> Self {
        Self {
            kind,
            figure: figure.to_string(),
            note: note.into(),
        }
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
        .map(|rows| waiting_events(frame, rows, now));
    let parked = found.subscribers.get().map(|rows| parked(frame, rows));
    let paused = found.subscribers.get().map(|rows| paused(frame, rows));
    let stop = found.stop.get().map(|stop| emergency(frame, stop.as_ref()));
    let books = found
        .agreement
        .get()
        .map(|agreement| books(frame, agreement, now));
    let jobs = found.turns.get().map(|turns| jobs(frame, turns, now, bell));
    let payouts = found.payouts.get().map(|payouts| settled(frame, payouts));
    let mails = found
        .mails
        .get()
        .map(|mails| mailed(frame, mails.waiting, mails.failed));
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
            .map(|mails| mailed(frame, mails.waiting, mails.failed));
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

fn waiting_events(frame: &Frame, rows: &[SubscriberStatus], now: DateTime<Utc>) -> Said {
    let most = rows.iter().map(SubscriberStatus::lag).max().unwrap_or(0);
    let running = rows.iter().filter(|row| !row.paused);
    let oldest = running
        .filter(|row| row.lag() > 0)
        .filter_map(|row| row.waiting_since)
        .min();
    match oldest {
        Some(since) if now - since > EVENT_PATIENCE => {
            let note = fl!(frame.l, "tile-events-since", at = frame.time_text(&since));
            Said::new("bad", most, note)
        }
        _ => Said::new("ok", most, fl!(frame.l, "tile-events-fine")),
    }
}

fn parked(frame: &Frame, rows: &[SubscriberStatus]) -> Said {
    let dead: i64 = rows.iter().map(|row| row.dead).sum();
    let retried: i64 = rows.iter().map(|row| row.retrying + row.blocked).sum();
    let kind = match (dead, retried) {
        (0, 0) => "ok",
        (0, _) => "wait",
        _ => "bad",
    };
    let note = fl!(frame.l, "tile-parked-note", count = retried);
    Said::new(kind, dead, note)
}

fn paused(frame: &Frame, rows: &[SubscriberStatus]) -> Said {
    let names: Vec<&str> = rows
        .iter()
        .filter(|row| row.paused && row.retired_at.is_none())
        .map(|row| row.name.as_str())
        .collect();
    if names.is_empty() {
        return Said::new("ok", 0, fl!(frame.l, "tile-modules-fine"));
    }
    Said::new("bad", names.len(), names.join(", "))
}

fn emergency(frame: &Frame, stop: Option<&Stop>) -> Said {
    match stop {
        None => Said::new(
            "ok",
            fl!(frame.l, "tile-stop-off"),
            fl!(frame.l, "tile-stop-fine"),
        ),
        Some(stop) => {
            let note = fl!(frame.l, "tile-since", at = frame.time_text(&stop.since));
            Said::new("bad", fl!(frame.l, "tile-stop-on"), note)
        }
    }
}

fn books(frame: &Frame, agreement: &Agreement, now: DateTime<Utc>) -> Said {
    let badge = frame.badge(agreement, now);
    let figure = agreement.differs.len();
    let kind = match agreement.standing(now) {
        Standing::Agree(_) if agreement.differs.is_empty() => "ok",
        Standing::Agree(_) | Standing::Never | Standing::Stale(_) => "wait",
        Standing::Differ => "bad",
    };
    Said::new(kind, figure, badge.text)
}

fn jobs(frame: &Frame, turns: &[Turn], now: DateTime<Utc>, bell: Duration) -> Said {
    let failed: Vec<&str> = turns
        .iter()
        .filter(|turn| turn.state == "failed" || turn.is_lost(now))
        .map(|turn| turn.job.as_str())
        .collect();
    if !failed.is_empty() {
        return Said::new("bad", failed.len(), failed.join(", "));
    }
    // The bell rings by itself, and without it the worker looks at half the pace.
    let patience = TimeDelta::from_std(bell * 3).unwrap_or(TimeDelta::MAX);
    match turns.iter().map(|turn| turn.started_at).max() {
        Some(last) if now - last <= patience.max(TimeDelta::seconds(60)) => Said::new(
            "ok",
            0,
            fl!(frame.l, "tile-jobs-fine", at = frame.time_text(&last)),
        ),
        Some(last) => Said::new(
            "bad",
            "!",
            fl!(frame.l, "tile-jobs-silent", at = frame.time_text(&last)),
        ),
        None => Said::new("wait", "—", fl!(frame.l, "tile-jobs-never")),
    }
}

fn settled(frame: &Frame, payouts: &Payouts) -> Said {
    let Some(run) = &payouts.last else {
        let kind = if payouts.open == 0 { "ok" } else { "bad" };
        return Said::new(kind, "—", fl!(frame.l, "tile-payouts-none"));
    };
    let date = frame.date_text(&run.business_date);
    let total = frame.money_text(&run.total);
    let kind = match run.status {
        RunStatus::Done if payouts.open == 0 => "ok",
        RunStatus::Running => "wait",
        _ => "bad",
    };
    let note = if payouts.open == 0 {
        fl!(
            frame.l,
            "tile-payouts-note",
            count = run.people,
            total = total.as_str()
        )
    } else {
        fl!(frame.l, "tile-payouts-open", count = payouts.open)
    };
    Said::new(kind, date, note)
}

fn mailed(frame: &Frame, waiting: i64, failed: i64) -> Said {
    let kind = if failed > 0 { "bad" } else { "ok" };
    let note = fl!(frame.l, "tile-mails-note", count = waiting);
    Said::new(kind, failed, note)
}
