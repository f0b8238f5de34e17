//! The pause after a failure.

use std::time::Duration;

use super::longer;

/// How much longer a pause may be by default, as a part of itself.
const UPWARDS: f64 = 0.1;

/// A pause that doubles with every failure in a row, up to a longest one. It holds nothing but its settings: who fails counts.
///
/// ```
/// use std::time::Duration;
/// use touchable::schedule::Backoff;
///
/// let backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
/// assert_eq!(backoff.nominal(1), Duration::from_secs(1));
/// assert_eq!(backoff.nominal(3), Duration::from_secs(4));
/// assert_eq!(backoff.nominal(1_000), Duration::from_mins(1));
/// // Up to a tenth longer, so that those that fail together do not come back together.
/// assert!(backoff.pause(3) >= Duration::from_secs(4));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    first: Option<Duration>,
    most: Duration,
    jitter: Jitter,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Jitter {
    /// Up to so much of itself longer: never sooner than it says.
    Upwards(f64),
    /// Anything between so much of itself and itself: for those that wait for each other, where less is enough.
    Downwards(f64),
}

impl Backoff {
    /// From a first pause to the longest one.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self {
            first: Some(first),
            most,
            jitter: Jitter::Upwards(UPWARDS),
        }
    }

    /// Up to a longest pause; the first one is that of whoever takes it, such as the interval of a
    /// reactive cache.
    #[must_use]
    pub const fn up_to(most: Duration) -> Self {
        Self {
            first: None,
            most,
            jitter: Jitter::Upwards(UPWARDS),
        }
    }

    /// Pauses up to so much of themselves longer; a tenth by default. Below zero is zero.
    #[must_use]
    pub const fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = Jitter::Upwards(fraction.max(0.0));
        self
    }

    /// Pauses anywhere between such a part of themselves and themselves: 0 for any time up to it.
    #[must_use]
    pub(crate) const fn down_to(mut self, fraction: f64) -> Self {
        self.jitter = Jitter::Downwards(fraction);
        self
    }

    /// With this first pause, where it has none.
    #[must_use]
    #[cfg_attr(
        not(feature = "reactive"),
        expect(dead_code, reason = "for what has an interval")
    )]
    pub(crate) fn or_first(self, first: Duration) -> Self {
        Self {
            first: self.first.or(Some(first)),
            ..self
        }
    }

    /// The pause after so many failures in a row, before jitter: the first one after one.
    #[must_use]
    pub fn nominal(&self, failures: u32) -> Duration {
        let first = self.first.unwrap_or(self.most);
        let doubled = 2_u32
            .checked_pow(failures.saturating_sub(1))
            .and_then(|factor| first.checked_mul(factor));
        doubled.unwrap_or(self.most).min(self.most)
    }

    /// The pause after so many failures in a row, another one each time.
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        let nominal = self.nominal(failures);
        match self.jitter {
            Jitter::Upwards(fraction) => longer(nominal, fraction),
            Jitter::Downwards(fraction) => {
                let part = (1.0 - fraction).mul_add(fastrand::f64(), fraction);
                nominal.mul_f64(part.clamp(0.0, 1.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn doubles_up_to_the_longest() {
        let backoff = Backoff::new(SECOND, SECOND * 10);
        let pauses: Vec<u64> = (0..8)
            .map(|failures| backoff.nominal(failures).as_secs())
            .collect();
        assert_eq!(pauses, [1, 1, 2, 4, 8, 10, 10, 10]);
        assert_eq!(backoff.nominal(u32::MAX), SECOND * 10);
    }

    #[test]
    fn a_first_pause_beyond_the_longest_is_the_longest() {
        assert_eq!(Backoff::new(SECOND * 10, SECOND).nominal(1), SECOND);
        assert_eq!(Backoff::up_to(SECOND).or_first(SECOND * 60).nominal(1), SECOND);
        assert_eq!(
            Backoff::new(Duration::MAX, Duration::MAX).nominal(9),
            Duration::MAX
        );
    }

    #[test]
    fn jitter_goes_one_way() {
        let up = Backoff::new(SECOND, SECOND * 10).jitter(0.5);
        let down = Backoff::new(SECOND, SECOND * 10).down_to(0.25);
        for _ in 0..1_000 {
            assert!((SECOND..=SECOND * 3 / 2).contains(&up.pause(1)));
            assert!((SECOND / 4..=SECOND).contains(&down.pause(1)));
        }
    }
}
