//! Spreading what would otherwise happen together.

use std::time::Duration;

/// Up to so much of itself longer: `longer(wait, 0.1)` is up to a tenth more, another one each time.
pub(crate) fn longer(wait: Duration, fraction: f64) -> Duration {
    let factor = fraction.mul_add(fastrand::f64(), 1.0);
    // Too long for a `Duration` is as long as can be.
    Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

/// Up to so much of itself shorter.
#[cfg(feature = "cache")]
pub(crate) fn shorter(wait: Duration, fraction: f64) -> Duration {
    wait.mul_f64(fraction.mul_add(-fastrand::f64(), 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

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
