//! Turns at an interval, that can be called for earlier.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::longer;

/// How much longer an interval may be, as a part of itself: nodes that start together do not stay together.
const JITTER: f64 = 0.1;

/// Turns, each so long after the one before or up to a tenth longer, or as soon as somebody [wakes](Wake) it.
#[derive(Debug)]
pub(crate) struct Interval {
    every: Duration,
    next: Instant,
    wake: Wake,
}

/// Calls for a turn. A clone calls for the same.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

/// Why it is time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Due,
    Woken,
}

impl Interval {
    pub(crate) fn new(every: Duration, wake: &Wake) -> Self {
        Self {
            every,
            next: Instant::now() + longer(every, JITTER),
            wake: wake.clone(),
        }
    }

    /// Waits for the next turn. The interval begins anew with each.
    pub(crate) async fn turn(&mut self) -> Turn {
        let woken = timeout_at(self.next, self.wake.0.notified()).await.is_ok();
        self.next = Instant::now() + longer(self.every, JITTER);
        if woken { Turn::Woken } else { Turn::Due }
    }
}

impl Wake {
    /// Also when nobody waits just now: the next one who does need not.
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }
}
