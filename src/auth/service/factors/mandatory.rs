//! Who must have a second factor, by a setting (D12).

use diesel::pg::PgConnection;

use crate::auth::store::{self, UserRow};
use crate::platform::error::AppResult;

/// Whether somebody gets to nothing before they have set up a second factor: a role of theirs must have one, and they have none.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn must_enrol(
    conn: &mut PgConnection,
    roles: &[&'static str],
    user: &UserRow,
) -> AppResult<bool> {
    let named = |role: &String| roles.contains(&role.as_str());
    if !user.roles.iter().any(named) {
        return Ok(false);
    }
    Ok(!store::find_factors(conn, user.id)?.any())
}
