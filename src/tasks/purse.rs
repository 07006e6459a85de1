//! The money beside one's tasks. Tasks knows nothing of money: the app hands over somebody who does, and the page is answered without
//! the figures while that one is away (G06).

use chrono::NaiveDate;
use diesel::pg::PgConnection;

use crate::auth::Actor;
use crate::platform::db::{DbRole, Part, Parts};
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
    /// Forbidden, and 503 when the connection is lost.
    pub fn read(
        self,
        parts: &mut Parts<'_>,
        actor: &Actor,
        today: NaiveDate,
    ) -> AppResult<Part<Purse>> {
        let look = |conn: &mut PgConnection| (self.look)(conn, actor, today);
        parts.read(self.role, "tasks.purse", look)
    }
}
