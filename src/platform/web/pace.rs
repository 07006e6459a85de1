//! How often somebody may ask for what scripts and programs ask for by themselves: a bucket in this process for each of them. What
//! guards passwords is counted in the database instead, for all processes together.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::platform::error::{AppError, AppResult};

type Buckets = RateLimiter<
    String,
    HashMapStateStore<String>,
    MonotonicClock,
    NoOpMiddleware<std::time::Instant>,
>;

/// Buckets above which the full ones are forgotten.
const MANY: usize = 10_000;

/// A pace that nobody may exceed. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pace {
    buckets: Arc<Buckets>,
}

impl Pace {
    /// So many at once, and then one more each `refill`.
    #[must_use]
    pub fn new(burst: NonZeroU32, refill: Duration) -> Self {
        let quota = Quota::with_period(refill)
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst);
        let buckets = RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock);
        Self {
            buckets: Arc::new(buckets),
        }
    }

    /// Counts a request of `whom`.
    ///
    /// # Errors
    /// 429 with the seconds to wait, when it comes too early.
    pub fn count(&self, whom: &str) -> AppResult<()> {
        if self.buckets.len() > MANY {
            self.buckets.retain_recent();
        }
        self.buckets.check_key(&whom.to_owned()).map_err(|early| {
            let wait = early.wait_time_from(MonotonicClock.now());
            AppError::TooManyRequests {
                message: "error-too-many-requests".into(),
                retry_after: u32::try_from(wait.as_secs())
                    .unwrap_or(u32::MAX)
                    .saturating_add(1),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_too_often_waits_and_nobody_else_does() {
        let pace = Pace::new(NonZeroU32::new(2).unwrap(), Duration::from_secs(3_600));
        assert!(pace.count("kesha").is_ok());
        assert!(pace.count("kesha").is_ok());
        let early = pace.count("kesha");
        assert!(
            matches!(early, Err(AppError::TooManyRequests { retry_after, .. }) if retry_after > 3_000),
            "{early:?}"
        );
        assert!(pace.count("anna").is_ok());
    }
}
