//! Looking for people, for those who manage them.

use diesel::pg::PgConnection;
use uuid::Uuid;

use crate::auth::store::{self, UserFilter};
use crate::auth::{Actor, Operation};
use crate::platform::error::AppResult;

/// A user who was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUser {
    /// Their id.
    pub id: Uuid,
    /// Name and surname.
    pub name: String,
    /// The name they log in with.
    pub username: String,
}

/// The users in whose name, log-in name or address `words` stand; `limit` at most.
///
/// # Errors
/// Forbidden for those who do not manage users.
pub fn search_users(
    conn: &mut PgConnection,
    actor: &Actor,
    words: &str,
    limit: i64,
) -> AppResult<Vec<FoundUser>> {
    actor.allow(Operation::ManageUsers)?;
    let filter = UserFilter {
        text: Some(words.to_owned()),
        ..UserFilter::default()
    };
    let found = store::list_users(conn, &filter, limit)?;
    Ok(found
        .into_iter()
        .map(|user| FoundUser {
            id: user.id,
            name: user.full_name(),
            username: user.username,
        })
        .collect())
}
