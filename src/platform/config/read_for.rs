//! Which pages read the standby.

use std::str::FromStr;

/// Which pages read the address for reading (T29, N09).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadFor {
    /// All that only show.
    #[default]
    All,
    /// Those of analytics alone.
    Analytics,
}

impl FromStr for ReadFor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            "analytics" => Ok(Self::Analytics),
            _ => Err("expected all or analytics"),
        }
    }
}
