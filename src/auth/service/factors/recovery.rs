//! Recovery codes: ten of 80 bits in place of a second factor that is lost, shown once, each good for one log-in.

use rand::Rng;
use serde_json::json;
use uuid::Uuid;

use crate::auth::service::entry::hash_of;
use crate::auth::store;
use crate::auth::{Actor, Operation};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};

/// How many there are.
const COUNT: usize = 10;

/// Letters and digits of a code, without the hyphens.
const LENGTH: usize = 16;

/// Thirty-two signs of five bits each; none that looks like another.
const SIGNS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes all recovery codes anew and gives them, this once; the earlier ones count no more.
///
/// # Errors
/// Forbidden; conflict for somebody without a second factor, which they would stand in for.
pub(in crate::auth) fn renew_recovery_codes(
    tx: &mut Tx<'_>,
    actor: &Actor,
) -> AppResult<Vec<String>> {
    actor.allow(Operation::OwnProfile)?;
    if !store::find_factors(tx.conn(), actor.id.0)?.any() {
        return Err(AppError::conflict("error-no-second-factor"));
    }
    fresh_recovery_codes(tx, actor.id.0)
}

/// The codes that come with the first second factor, or in place of earlier ones.
pub(in crate::auth::service) fn fresh_recovery_codes(
    tx: &mut Tx<'_>,
    user: Uuid,
) -> AppResult<Vec<String>> {
    let codes: Vec<String> = (0..COUNT).map(|_| code(&mut tx.rng)).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash_of(&plain(code))).collect();
    let now = tx.now;
    store::replace_recovery_codes(tx.conn(), user, &hashes, now)?;
    tx.audit("auth.recovery_codes_made", Some(user), &json!({}))?;
    Ok(codes)
}

/// Drops the codes of somebody who has no second factor any more.
pub(in crate::auth::service) fn forget_recovery_codes(
    tx: &mut Tx<'_>,
    user: Uuid,
) -> AppResult<()> {
    if store::find_factors(tx.conn(), user)?.any() {
        return Ok(());
    }
    let now = tx.now;
    store::replace_recovery_codes(tx.conn(), user, &[], now)
}

/// Whether a recovery code counts; it is used up then.
///
/// # Errors
/// Those of the database.
pub(super) fn take_recovery_code(tx: &mut Tx<'_>, user: Uuid, code: &str) -> AppResult<bool> {
    let code = plain(code);
    if code.len() != LENGTH {
        return Ok(false);
    }
    let now = tx.now;
    if !store::take_recovery_code(tx.conn(), user, &hash_of(&code), now)? {
        return Ok(false);
    }
    let left = store::find_factors(tx.conn(), user)?.recovery_left;
    tx.origin.actor = Some(user);
    tx.audit(
        "auth.recovery_code_used",
        Some(user),
        &json!({ "left": left }),
    )?;
    Ok(true)
}

fn code(rng: &mut impl Rng) -> String {
    let mut random = [0_u8; LENGTH];
    rng.fill_bytes(&mut random);
    let signs: Vec<String> = random
        .chunks(4)
        .map(|four| {
            four.iter()
                .map(|byte| char::from(SIGNS[usize::from(byte % 32)]))
                .collect()
        })
        .collect();
    signs.join("-")
}

/// A code as it is hashed: small letters, no hyphens and spaces, and what is taken for another sign put right.
fn plain(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|sign| match sign.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let made = code(&mut StdRng::seed_from_u64(7));
        assert_eq!(made.len(), LENGTH + 3);
        assert_eq!(plain(&made).len(), LENGTH);
        assert_eq!(plain(&format!(" {} ", made.to_uppercase())), plain(&made));
        assert_eq!(plain(&made.replace('-', " ")), plain(&made));
        assert_eq!(plain("OIL0"), "0110");
        let other = code(&mut StdRng::seed_from_u64(8));
        assert_ne!(plain(&made), plain(&other));
    }
}
