//! The only source of "now": strictly rising microseconds.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The moment of a save or a touch: microseconds since the Unix epoch, in UTC.
///
/// Stamps of one process never repeat and never fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

impl Stamp {
    /// The stamp of so many microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The first stamp after this one.
    ///
    /// Stamps never end in the digit zero. A column that cuts the fraction (`DATETIME`, `timestamp(3)`) therefore
    /// gives itself away, and the six digits are all written by formatters that drop trailing zeros, so that stamps
    /// stored as text sort as the times they name.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(skip_zero(self.0 + 1))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

const fn skip_zero(micros: i64) -> i64 {
    if micros % 10 == 0 { micros + 1 } else { micros }
}

/// The last stamp this process gave or saw.
static LAST: AtomicI64 = AtomicI64::new(0);

/// How many stamps [`Clock::stamp_above`] tells apart, and how many microseconds lie between two of them: on average it
/// stays within a third of a millisecond of what it was given, so a row that is saved often is soon overtaken by the clock.
const AHEAD: u64 = 64;
const AHEAD_STEP: i64 = 10;

/// Which of them is next; other processes start elsewhere.
static NEXT_AHEAD: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(fastrand::u64(..AHEAD)));

tokio::task_local! {
    static SCOPED: Clock;
}

/// A source of stamps: the system's clock, or one that a test moves by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Manual>>);

#[derive(Debug)]
struct Manual {
    now: AtomicI64,
    last: AtomicI64,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still at `stamp` until it is told otherwise.
    #[must_use]
    pub fn manual(stamp: Stamp) -> Self {
        Self(Some(Arc::new(Manual {
            now: AtomicI64::new(stamp.0),
            last: AtomicI64::new(0),
        })))
    }

    /// Sets a manual clock, forwards or backwards. The system's clock stays as it is.
    pub fn set(&self, stamp: Stamp) {
        if let Some(manual) = &self.0 {
            manual.now.store(stamp.0, Relaxed);
        }
    }

    /// Moves a manual clock forward. The system's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Some(manual) = &self.0 {
            manual.now.fetch_add(micros(by), Relaxed);
        }
    }

    /// Runs a future in which this clock is the one that saves and touches ask.
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        SCOPED.scope(self.clone(), future).await
    }

    /// The clock of the running [`scope`](Self::scope), or the system's.
    pub(crate) fn current() -> Self {
        SCOPED.try_with(Clone::clone).unwrap_or_default()
    }

    /// Microseconds since the Unix epoch, which no stamp is made of.
    #[cfg(any(feature = "cache", feature = "http"))]
    pub(crate) fn now(&self) -> i64 {
        self.0
            .as_ref()
            .map_or_else(system_micros, |manual| manual.now.load(Relaxed))
    }

    /// A stamp above every other this clock gave, whatever the time does.
    pub(crate) fn stamp(&self) -> Stamp {
        let (now, last) = match &self.0 {
            None => (system_micros(), &LAST),
            Some(manual) => (manual.now.load(Relaxed), &manual.last),
        };
        let rise = |last: i64| skip_zero(now.max(last + 1));
        let before = last
            .fetch_update(Relaxed, Relaxed, |last| Some(rise(last)))
            .unwrap_or_default();
        Stamp(rise(before))
    }

    /// A stamp for a row whose own was `before` when it was read.
    ///
    /// Where that lies ahead of the clock, several copies of the row may have been read with it, and each is saved: every
    /// call gets another stamp, though not a rising one.
    pub(crate) fn stamp_above(&self, before: Stamp) -> Stamp {
        let fresh = self.stamp();
        if fresh > before {
            return fresh;
        }
        let turn = 1 + NEXT_AHEAD.fetch_add(1, Relaxed) % AHEAD;
        Stamp(skip_zero(before.0 + turn.cast_signed() * AHEAD_STEP))
    }
}

fn system_micros() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
