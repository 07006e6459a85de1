//! The reports against abuse, for administrators (D16): who creates tasks, who completes them and what that costs; who presses the
//! shuffle and whom it costs.
//!
//! Both need tasks, their journal, the shuffles and the ledger at once, which no domain module may see, so operations asks the auditors'
//! views, as the invariants do. Each report is a few statements over the months of its period, never a loop over people.

mod pages;
mod store;
mod views;

pub(super) use pages::configure;
