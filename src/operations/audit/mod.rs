//! The audit for those who may read it: who did what, when, and from where (R24). Administrators see all of it; accountants see what
//! was done to the money.

mod pages;
mod store;
mod views;

pub(super) use pages::configure;
pub use store::{LatestAct, list_latest as list_latest_acts};
