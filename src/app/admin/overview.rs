//! What the door of the admin section reads, each part with a deadline (G06).

use chrono::{DateTime, TimeDelta, Utc};

use crate::accounting::{self, Run};
use crate::auth::{self, Actor, Operation};
use crate::bus::{self, SubscriberStatus};
use crate::operations::{self, LatestAct};
use crate::platform::agreement::{self, Agreement};
use crate::platform::db::{Part, Parts, READER};
use crate::platform::error::AppResult;
use crate::platform::stop::{self, Stop};
use crate::platform::turns::{self, Turn};

/// Acts that the page shows.
const ACTS: i64 = 5;

/// How far back a mail that was given up is something to look at.
const MAILS_SINCE: TimeDelta = TimeDelta::days(7);

/// How the house is.
pub(super) struct Found {
    pub subscribers: Part<Vec<SubscriberStatus>>,
    pub stop: Part<Option<Stop>>,
    pub agreement: Part<Agreement>,
    pub turns: Part<Vec<Turn>>,
    pub alerts: Part<i64>,
    pub mails: Part<accounting::MailCounts>,
    /// None for those who do not look after users.
    pub account_mails: Option<Part<auth::MailCounts>>,
    pub payouts: Part<Payouts>,
    pub acts: Part<Vec<LatestAct>>,
}

/// The settlements.
pub(super) struct Payouts {
    pub last: Option<Run>,
    /// Dates that are over and not closed.
    pub open: usize,
}

/// Reads all of it for somebody.
pub(super) fn read(parts: &mut Parts<'_>, actor: &Actor, now: DateTime<Utc>) -> AppResult<Found> {
    let since = now - MAILS_SINCE;
    Ok(Found {
        stop: parts.read(operations::ROLE, "admin.stop", stop::current)?,
        agreement: parts.read(operations::ROLE, "admin.agreement", agreement::find)?,
        turns: parts.read(operations::ROLE, "admin.turns", turns::list)?,
        alerts: parts.read(
            operations::ROLE,
            "admin.alerts",
            operations::count_open_alerts,
        )?,
        subscribers: parts.read(bus::ROLE, "admin.subscribers", bus::statuses)?,
        mails: parts.read(accounting::ROLE, "admin.mails", |conn| {
            accounting::count_mails(conn, actor, since)
        })?,
        payouts: parts.read(accounting::ROLE, "admin.payouts", |conn| {
            Ok(Payouts {
                last: accounting::find_last_run(conn, actor)?,
                open: accounting::count_open_dates(conn, actor, now)?,
            })
        })?,
        account_mails: actor
            .may(Operation::ManageUsers)
            .then(|| {
                parts.read(auth::ROLE, "admin.account_mails", |conn| {
                    auth::count_mails(conn, since)
                })
            })
            .transpose()?,
        acts: parts.read(READER, "admin.acts", |conn| {
            operations::list_latest_acts(conn, actor, now, ACTS)
        })?,
    })
}
