//! The time of the server, without asking for it.

use std::{
    sync::atomic::{AtomicI64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

/// The server's time between two answers that tell it.
pub(super) struct ServerClock {
    start: Instant,
    /// The server's time at the start, in milliseconds since the Unix epoch; zero until it is known.
    at_start: AtomicI64,
}

impl ServerClock {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            at_start: AtomicI64::new(0),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a process does not run that long")]
    fn since_start(&self) -> i64 {
        self.start.elapsed().as_millis() as i64
    }

    /// An answer says that it is now this time there.
    pub(super) fn note(&self, now: i64) -> i64 {
        self.at_start.store(now - self.since_start(), Relaxed);
        now
    }

    pub(super) fn now(&self) -> Option<i64> {
        let at_start = self.at_start.load(Relaxed);
        (at_start != 0).then(|| at_start + self.since_start())
    }
}

/// From one moment there to another; nothing when that is the earlier one.
pub(super) fn time_between(from: i64, to: i64) -> Duration {
    Duration::from_millis(u64::try_from(to - from).unwrap_or_default())
}
