//! Argon2id hashes in PHC form: 19 MiB, two passes, one lane, 16 bytes of salt.

use argon2::password_hash::phc::{PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use crate::platform::error::{AppError, AppResult};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// A stored hash that asks for more than this was planted: verifying it would be a memory bomb.
const MEMORY_LIMIT_KIB: u32 = 128 * 1024;
const PASSES_LIMIT: u32 = 10;
const LANES_LIMIT: u32 = 16;
/// What unknown names are checked against, so that they take as long as known ones (A41). Nobody knows its password.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$YXRlcyBoYXMgbm9ib2R5$p1b4AmiHYSzCTHKeLhAnlYK1hdt2DPJyQCtdfKiQ6Xw";

/// What came of checking a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not the password, or there is none.
    Wrong,
    /// It is.
    Right,
    /// It is, and the stored hash is weaker than today's; here is a new one.
    RightAndRehashed(String),
}

/// The hash of a password to store. Takes some 20 ms and 19 MiB: requests go through [`super::PasswordGate`].
///
/// # Errors
/// Internal, when there is no memory.
pub(super) fn hash_with(password: &str, salt: [u8; 16]) -> AppResult<String> {
    let hash: PasswordHash = argon2()?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| AppError::internal(format!("the password cannot be hashed: {error}")))?;
    Ok(hash.to_string())
}

/// Checks a password against a stored hash, or takes as long when there is none.
///
/// # Errors
/// Internal, when the stored hash cannot be understood or asks for too much.
pub(super) fn verify(
    password: &str,
    stored: Option<&str>,
    new_salt: [u8; 16],
) -> AppResult<Verdict> {
    let Some(stored) = stored else {
        check(password, DUMMY)?;
        return Ok(Verdict::Wrong);
    };
    match check(password, stored)? {
        (false, _) => Ok(Verdict::Wrong),
        (true, false) => Ok(Verdict::Right),
        (true, true) => hash_with(password, new_salt).map(Verdict::RightAndRehashed),
    }
}

/// Whether the password is right, and whether the hash is weaker than today's.
fn check(password: &str, stored: &str) -> AppResult<(bool, bool)> {
    let bad = |reason: String| {
        AppError::internal(format!("a stored password hash cannot be used: {reason}"))
    };
    let hash = PasswordHash::new(stored).map_err(|error| bad(error.to_string()))?;
    let params = Params::try_from(&hash).map_err(|error| bad(error.to_string()))?;
    if params.m_cost() > MEMORY_LIMIT_KIB
        || params.t_cost() > PASSES_LIMIT
        || params.p_cost() > LANES_LIMIT
    {
        return Err(bad("it asks for too much memory or time".into()));
    }
    let is_right = argon2()?
        .verify_password(password.as_bytes(), &hash)
        .is_ok();
    let is_weak = hash.algorithm.as_str() != "argon2id"
        || params.m_cost() < MEMORY_KIB
        || params.t_cost() < PASSES
        || hash
            .salt
            .as_ref()
            .map_or(0, |salt: &Salt| salt.as_ref().len())
            < 16;
    Ok((is_right, is_weak))
}

fn argon2() -> AppResult<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| {
        AppError::internal(format!("the parameters of the password hash: {error}"))
    })?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHRASE: &str = "a phrase that nobody guesses";

    #[test]
    fn a16_two_users_with_one_password_have_different_hashes() {
        let (one, two) = (
            hash_with(PHRASE, [1; 16]).unwrap(),
            hash_with(PHRASE, [2; 16]).unwrap(),
        );
        assert_ne!(one, two);
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        for hash in [one, two] {
            assert!(!hash.contains("phrase"));
            assert_eq!(
                verify(PHRASE, Some(&hash), [3; 16]).unwrap(),
                Verdict::Right
            );
            assert_eq!(
                verify("A phrase that nobody guesses", Some(&hash), [3; 16]).unwrap(),
                Verdict::Wrong
            );
        }
    }

    #[test]
    fn bytes_past_the_72nd_count() {
        let (long, longer) = ("ё".repeat(100), format!("{}x", "ё".repeat(100)));
        let hash = hash_with(&long, [1; 16]).unwrap();
        assert_eq!(
            verify(&longer, Some(&hash), [3; 16]).unwrap(),
            Verdict::Wrong
        );
    }

    #[test]
    fn a_weaker_hash_is_replaced() {
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8_192, 1, 1, None).unwrap(),
        );
        let hash: PasswordHash = weak
            .hash_password_with_salt(PHRASE.as_bytes(), &[1; 16])
            .unwrap();
        let verdict = verify(PHRASE, Some(&hash.to_string()), [3; 16]).unwrap();
        let Verdict::RightAndRehashed(new) = verdict else {
            panic!("a new hash expected")
        };
        assert_eq!(verify(PHRASE, Some(&new), [3; 16]).unwrap(), Verdict::Right);
    }

    #[test]
    fn a49_a_planted_hash_is_not_verified() {
        for planted in [
            "$argon2id$v=19$m=4194304,t=2,p=1$YXRlcyBoYXMgbm9ib2R5$p1b4AmiHYSzCTHKeLhAnlYK1hdt2DPJyQCtdfKiQ6Xw",
            "$argon2id$v=19$m=19456,t=4000,p=1$YXRlcyBoYXMgbm9ib2R5$p1b4AmiHYSzCTHKeLhAnlYK1hdt2DPJyQCtdfKiQ6Xw",
            "plain text",
        ] {
            assert!(verify(PHRASE, Some(planted), [3; 16]).is_err(), "{planted}");
        }
    }

    #[test]
    fn a41_the_dummy_is_a_hash_like_any_other() {
        assert_eq!(verify(PHRASE, None, [3; 16]).unwrap(), Verdict::Wrong);
        let params = Params::try_from(&PasswordHash::new(DUMMY).unwrap()).unwrap();
        assert_eq!(
            (params.m_cost(), params.t_cost(), params.p_cost()),
            (MEMORY_KIB, PASSES, 1)
        );
    }
}
