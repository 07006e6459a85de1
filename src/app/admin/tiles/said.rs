//! What each tile says of what was found.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use i18n_embed_fl::fl;

use crate::accounting::RunStatus;
use crate::app::admin::overview::Payouts;
use crate::bus::SubscriberStatus;
use crate::platform::agreement::{Agreement, Standing};
use crate::platform::stop::Stop;
use crate::platform::turns::Turn;
use crate::platform::web::Frame;

/// How long an event may wait for a consumer that runs (invariant 6).
const EVENT_PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// What a tile says of something.
pub(super) struct Said {
    pub kind: &'static str,
    pub figure: String,
    pub note: String,
}

impl Said {
    pub fn new(kind: &'static str, figure: impl ToString, note: impl Into<String>) -> Self {
        Self {
            kind,
            figure: figure.to_string(),
            note: note.into(),
        }
    }
}

pub(super) fn waiting_events(frame: &Frame, rows: &[SubscriberStatus], now: DateTime<Utc>) -> Said {
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

pub(super) fn parked(frame: &Frame, rows: &[SubscriberStatus]) -> Said {
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

pub(super) fn paused(frame: &Frame, rows: &[SubscriberStatus]) -> Said {
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

pub(super) fn emergency(frame: &Frame, stop: Option<&Stop>) -> Said {
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

pub(super) fn books(frame: &Frame, agreement: &Agreement, now: DateTime<Utc>) -> Said {
    let badge = frame.badge(agreement, now);
    let figure = agreement.differs.len();
    let kind = match agreement.standing(now) {
        Standing::Agree(_) if agreement.differs.is_empty() => "ok",
        Standing::Agree(_) | Standing::Never | Standing::Stale(_) => "wait",
        Standing::Differ => "bad",
    };
    Said::new(kind, figure, badge.text)
}

pub(super) fn jobs(frame: &Frame, turns: &[Turn], now: DateTime<Utc>, bell: Duration) -> Said {
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

pub(super) fn settled(frame: &Frame, payouts: &Payouts) -> Said {
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

pub(super) fn mailed(frame: &Frame, waiting: i64, failed: i64) -> Said {
    let kind = if failed > 0 { "bad" } else { "ok" };
    let note = fl!(frame.l, "tile-mails-note", count = waiting);
    Said::new(kind, failed, note)
}
