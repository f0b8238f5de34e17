//! A moment in half the space.

use std::{num::NonZeroU64, ops::Add, sync::LazyLock, time::Duration};

use tokio::time::Instant;

/// A moment of tokio's time, in nanoseconds; in an `Option` it takes no more than the 8 bytes that it takes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(NonZeroU64);

/// Moments are counted from 146 years before the process began: there are some before and some after whatever is measured.
const AT_START: u64 = 1 << 62;

static START: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);

/// Too long for a number of nanoseconds is as long as there is.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Moment {
    pub(crate) fn now() -> Self {
        Instant::now().into()
    }

    const fn of(nanos: u64) -> Self {
        match NonZeroU64::new(nanos) {
            Some(nanos) => Self(nanos),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// How much later this is; zero when it is not.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }

    /// So much earlier.
    #[cfg(any(feature = "reactive", test))]
    pub(crate) fn minus(self, duration: Duration) -> Self {
        Self::of(self.0.get().saturating_sub(nanos(duration)))
    }
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        let (instant, start) = (instant.into_std(), *START);
        Self::of(match instant.checked_duration_since(start) {
            Some(since) => AT_START.saturating_add(nanos(since)),
            None => AT_START.saturating_sub(nanos(start.saturating_duration_since(instant))),
        })
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self::of(self.0.get().saturating_add(nanos(duration)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_counts_as_instants_do() {
        let now = Instant::now();
        let moment = Moment::from(now);
        assert_eq!(Moment::from(now + SECOND), moment + SECOND);
        assert_eq!(Moment::from(now + SECOND).since(moment), SECOND);
        assert_eq!(moment.since(moment + SECOND), Duration::ZERO);
        assert_eq!((moment + SECOND).minus(SECOND), moment);
    }

    #[test]
    fn there_is_one_before_the_process_and_one_after_every_duration() {
        let now = Moment::now();
        let year = Duration::from_hours(365 * 24);
        assert_eq!(now.since(now.minus(year)), year);
        assert!(now + Duration::MAX > now && now.minus(Duration::MAX) < now);
        assert_eq!(size_of::<Option<Moment>>(), 8);
    }
}
