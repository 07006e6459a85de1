//! Damaged files of the database: what a statement of this process said of them, until the reconciler has set the emergency stop for it.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// How the server names damage: pages whose checksum is wrong, and files, rows and states of transactions that are not there.
const WORDS: [&str; 8] = [
    "invalid page in block",
    "could not read block",
    "could not read blocks",
    "missing chunk number",
    "unexpected chunk number",
    "could not access status of transaction",
    "contains corrupted page",
    "invalid memory alloc request size",
];

/// Damage that was found: in the words of the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The server's words.
    pub words: String,
    /// When it was found last.
    pub at: Instant,
}

static FOUND: Mutex<Option<Damage>> = Mutex::new(None);

/// Whether the server's words tell of damage; then they are kept.
pub(super) fn note(words: &str) -> bool {
    let is_damage = WORDS.iter().any(|start| words.contains(start));
    if is_damage {
        tracing::error!(said = words, "files of the database are damaged");
        let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        let first = found
            .take()
            .map_or_else(|| words.to_owned(), |one| one.words);
        *found = Some(Damage {
            words: first,
            at: Instant::now(),
        });
    }
    is_damage
}

/// What was found and nobody has acted on.
#[must_use]
pub fn found() -> Option<Damage> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Somebody has acted on it.
pub fn settle() {
    *FOUND.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_db_9_damage_is_known_by_its_words_and_kept_until_it_is_settled() {
        assert!(!note("canceling statement due to lock timeout"));
        assert_eq!(found(), None);
        assert!(note("invalid page in block 3 of relation base/5/16390"));
        assert!(note(
            "could not read block 1 in file \"base/5/1\": read only 0 of 8192 bytes"
        ));
        assert_eq!(
            found().unwrap().words,
            "invalid page in block 3 of relation base/5/16390"
        );
        settle();
        assert_eq!(found(), None);
    }
}
