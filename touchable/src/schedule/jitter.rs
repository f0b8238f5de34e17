//! Spreading what would otherwise happen together.

use std::time::Duration;

/// Up to so much of itself longer: `longer(wait, 0.1)` is up to a tenth more, another one each time.
pub(crate) fn longer(wait: Duration, fraction: f64) -> Duration {
    let factor = fraction.mul_add(fastrand::f64(), 1.0);
    // Too long for a `Duration` is as long as can be.
    Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

/// Anything from so much of itself less to so much more.
#[cfg(any(feature = "reactive", feature = "refresh"))]
pub(crate) fn around(wait: Duration, fraction: f64) -> Duration {
    longer(wait.mul_f64(1.0 - fraction), 2.0 * fraction / (1.0 - fraction))
}

/// Up to so much of itself shorter.
#[cfg(feature = "cache")]
pub(crate) fn shorter(wait: Duration, fraction: f64) -> Duration {
    wait.mul_f64(fraction.mul_add(-fastrand::f64(), 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "reactive", feature = "refresh"))]
    #[test]
    fn a_tenth_to_either_side() {
        let minute = Duration::from_mins(1);
        let all: Vec<f64> = (0..1_000).map(|_| around(minute, 0.1).as_secs_f64()).collect();
        assert!(all.iter().all(|each| (54.0..=66.0).contains(each)));
        assert!(all.iter().any(|each| *each < 56.0) && all.iter().any(|each| *each > 64.0));
    }

    #[test]
    fn between_itself_and_a_tenth_more() {
        let wait = Duration::from_secs(10);
        let all: Vec<Duration> = (0..1_000).map(|_| longer(wait, 0.1)).collect();
        assert!(all.iter().all(|each| (wait..=wait * 11 / 10).contains(each)));
        assert!(all.iter().any(|each| *each > wait * 105 / 100));
        assert_eq!(longer(Duration::ZERO, 0.1), Duration::ZERO);
        assert!(longer(Duration::MAX, 0.1) >= Duration::MAX / 2);
    }
}
