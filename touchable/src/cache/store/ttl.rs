//! Times to live.

use std::time::Duration;

use chrono::TimeDelta;

use crate::error::{Error, cache::Failure};

/// A time to live: at least a millisecond, at most a hundred years.
///
/// ```
/// use std::time::Duration;
/// use touchable::cache::store::Ttl;
///
/// assert!(Ttl::try_from(Duration::from_mins(5)).is_ok());
/// assert!(Ttl::try_from(Duration::ZERO).is_err());
/// assert!(Ttl::try_from(Duration::MAX).is_err());
/// assert!(Ttl::try_from(chrono::TimeDelta::seconds(-1)).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl(Duration);

impl Ttl {
    /// The shortest: what Redis can tell apart.
    pub const MIN: Duration = Duration::from_millis(1);
    /// The longest: any moment so far away fits the types in which stores keep it.
    pub const MAX: Duration = Duration::from_hours(100 * 366 * 24);

    /// A default of this crate's own.
    pub(super) const fn of_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// The end of this time when it begins at `now`, both in microseconds.
    pub(super) fn after(self, now: i64) -> i64 {
        now.saturating_add(i64::try_from(self.0.as_micros()).unwrap_or(i64::MAX))
    }
}

impl TryFrom<Duration> for Ttl {
    type Error = Error;

    fn try_from(ttl: Duration) -> Result<Self, Error> {
        if ttl < Self::MIN {
            return Err(Failure::Ttl(format!("{ttl:?} is less than a millisecond")).into());
        }
        if ttl > Self::MAX {
            return Err(Failure::Ttl(format!("{ttl:?} is more than a hundred years")).into());
        }
        Ok(Self(ttl))
    }
}

impl TryFrom<TimeDelta> for Ttl {
    type Error = Error;

    fn try_from(ttl: TimeDelta) -> Result<Self, Error> {
        ttl.to_std()
            .map_err(|_| Failure::Ttl(format!("{ttl} is negative")).into())
            .and_then(Self::try_from)
    }
}
