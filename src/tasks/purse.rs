//! The money beside one's tasks. Tasks knows nothing of money: the app hands over somebody who does, and the page is answered without
//! the figures while that one is away (G06).

use chrono::NaiveDate;
use diesel::pg::PgConnection;

use crate::auth::Actor;
use crate::platform::db::{Db, DbRole, Part};
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// What somebody's account says now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purse {
    /// What it stands at.
    pub balance: Money,
    /// What today brought without payouts; may be negative.
    pub earned_today: Money,
}

/// Who can tell what an account says.
#[derive(Clone, Copy, Debug)]
pub struct PurseSource {
    /// The role under which it looks.
    pub role: DbRole,
    /// The look at the actor's own account on a business date.
    pub look: fn(&mut PgConnection, &Actor, NaiveDate) -> AppResult<Purse>,
}

impl PurseSource {
    /// What the actor's own account says, if it can be had in time.
    ///
    /// # Errors
    /// Forbidden, and 503 when no connection is free in time.
    pub async fn of(self, db: &Db, actor: &Actor, today: NaiveDate) -> AppResult<Part<Purse>> {
        let actor = actor.clone();
        db.read_part(self.role, "tasks.purse", move |conn| {
            (self.look)(conn, &actor, today)
        })
        .await
    }
}
