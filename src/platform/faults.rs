//! Faults on purpose, for the proofs that the product survives them. Only in a build with the feature `faults`; every other
//! build has these functions empty.
//!
//! `ATES_FAULTS` names them, separated by commas:
//!
//! | entry | does |
//! |---|---|
//! | `crash=POINT`, `crash=POINT:0.05` | ends the process at a point, always or with a probability |
//! | `kill=UUID` | ends the process when a subscriber is handed an item about that subject |
//! | `handler_error=0.02`, `handler_panic=0.002` | a subscriber's handler fails or panics after its effects |
//! | `lost_commit=0.01` | a transaction commits, and the caller is told that it may not have |
//! | `plant=NAME` | breaks a guarantee of the bus: `second_transaction`, `pause_aside`, `skip_blocked` |
//! | `plant=NAME` | breaks a step of the books: `wild_price`, `lost_fee`, `lost_mail` |
//! | `plant=kept_bytes` | keeps some memory of each request for ever |

#[cfg(feature = "faults")]
mod planted;
#[cfg(feature = "faults")]
pub use planted::{check, handler, kill_at, loses_commit, plants, point};

#[cfg(not(feature = "faults"))]
mod none {
    use uuid::Uuid;

    use crate::platform::error::AppResult;

    /// A place at which the process may end.
    #[inline(always)]
    pub const fn point(_: &str) {}

    /// Ends the process at an item that is meant to.
    #[inline(always)]
    pub fn kill_at(_: impl Iterator<Item = Uuid>) {}

    /// The end of a handler, which may fail there.
    #[inline(always)]
    pub const fn handler() -> AppResult<()> {
        Ok(())
    }

    /// Whether the answer to a commit is lost.
    #[inline(always)]
    pub const fn loses_commit() -> bool {
        false
    }

    /// Whether a guarantee is broken on purpose.
    #[inline(always)]
    pub const fn plants(_: &str) -> bool {
        false
    }
}
#[cfg(not(feature = "faults"))]
pub use none::{handler, kill_at, loses_commit, plants, point};
