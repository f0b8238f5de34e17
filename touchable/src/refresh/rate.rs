//! How often the external service is asked.

use std::time::Duration;

use crate::schedule::Limiter;

/// How many calls of [`poll`](super::Poller::poll) may begin in a second.
///
/// ```
/// use touchable::refresh::RateLimit;
///
/// let half = RateLimit::per_second(0.5); // one in two seconds
/// let polite = RateLimit::per_second(30.0).burst(300).named("deployments");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimit {
    per_second: f64,
    burst: u32,
    name: Option<String>,
}

/// One call a nanosecond is as many as can be told apart.
const FASTEST: f64 = 1e9;
/// One call in a year.
const SLOWEST: f64 = 1.0 / (366.0 * 86_400.0);

impl RateLimit {
    /// So many calls a second, evenly. 30 by default.
    #[must_use]
    pub const fn per_second(rate: f64) -> Self {
        Self {
            per_second: rate,
            burst: 1,
            name: None,
        }
    }

    /// How many may begin at once after a rest; 1, or 300 in the default. The rate holds all the same.
    #[must_use]
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// What the service is called in metrics (`limiter`); by default as the cache.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Calls a second.
    pub(super) const fn rate(&self) -> f64 {
        self.per_second
    }

    pub(super) fn problem(&self) -> Option<String> {
        if !(SLOWEST..=FASTEST).contains(&self.per_second) {
            return Some(format!(
                "a `rate_limit` of {} calls a second is not between one in a year and one in a nanosecond",
                self.per_second
            ));
        }
        (self.burst == 0).then(|| "a `rate_limit` with a burst of 0 lets nobody pass".to_owned())
    }

    pub(super) fn limiter(&self) -> Limiter {
        Limiter::pacing(Duration::from_secs_f64(1.0 / self.per_second)).burst(self.burst)
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::per_second(30.0).burst(300)
    }
}
