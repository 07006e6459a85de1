//! Failures of the database cost availability, never consistency (requirements section 8, T-DB and T-CRASH): on servers of the tests'
//! own, which are killed, cut off, filled and promoted.

mod failover;
mod own_writes;
mod pair;
mod process;
mod reconciler;
mod selftest;
