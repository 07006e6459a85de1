//! Failures of the database cost availability, never consistency (requirements section 8, T-DB and T-CRASH): on servers of the tests'
//! own, which are killed, cut off, filled and promoted.

mod boundaries;
mod failover;
mod falls;
pub mod load;
mod locks;
mod modules;
mod network;
mod own_writes;
mod pair;
pub mod process;
mod proxy;
mod reconciler;
mod selftest;
mod space;

/// Whether the long forms are wanted.
fn is_long() -> bool {
    std::env::var_os("ATES_TEST_LONG").is_some()
}
