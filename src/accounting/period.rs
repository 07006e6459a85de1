//! The periods that accounting is asked for: inclusive days of the company's zone (M16).

pub use crate::platform::period::{Period, parse_date, parse_past_date};
