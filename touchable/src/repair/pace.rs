//! How long to rest between two batches. Pure.

use std::time::Duration;

/// The longest rest: a batch that has waited for locks for minutes need not be followed by as long a pause.
const LONGEST: Duration = Duration::from_mins(1);

/// How long to rest between two batches, in times of what the last one took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace(f64);

impl Default for Pace {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Pace {
    /// Below zero, or no number, is no rest.
    pub(super) const fn new(times: f64) -> Self {
        Self(times.max(0.0))
    }

    pub(super) fn rest_after(self, took: Duration) -> Duration {
        Duration::try_from_secs_f64(took.as_secs_f64() * self.0).map_or(LONGEST, |rest| rest.min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_in_proportion_to_the_batch() {
        let took = Duration::from_millis(200);
        assert_eq!(Pace::default().rest_after(took), took);
        assert_eq!(Pace::new(0.5).rest_after(took), Duration::from_millis(100));
        assert_eq!(Pace::new(0.0).rest_after(took), Duration::ZERO);
    }

    #[test]
    fn no_factor_makes_it_endless_or_fail() {
        let took = Duration::from_secs(90);
        for times in [1.0, 1e300, f64::INFINITY] {
            assert_eq!(Pace::new(times).rest_after(took), LONGEST);
        }
        for times in [-1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(Pace::new(times).rest_after(took), Duration::ZERO);
        }
    }
}
