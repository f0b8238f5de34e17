//! Showing how far behind a consumer is, while it works.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};

use super::{Lag, ledger::Ledger};
use crate::{
    Result,
    feed::{StreamId, observe},
};

/// Who catches up within this time has no lag worth counting.
const PATIENCE: Duration = Duration::from_secs(1);

/// From one count to the next.
const INTERVAL: Duration = Duration::from_secs(10);

/// Counting a long backlog is work for Redis: it rests so many times as long as the last count took.
const REST: u32 = 20;

/// Counts beside the work, which does not wait for it.
pub(super) struct Gauge {
    due: Instant,
    counting: JoinSet<(Result<Lag>, Duration)>,
}

impl Gauge {
    pub(super) fn new() -> Self {
        Self {
            due: Instant::now() + PATIENCE,
            counting: JoinSet::new(),
        }
    }

    /// There was nothing more to be read.
    pub(super) fn caught_up(&mut self, ledger: &Ledger) {
        self.counting = JoinSet::new();
        self.due = Instant::now() + PATIENCE;
        show(ledger, Lag::default());
    }

    /// There is more after this position: shows what was counted, and counts again when it is time.
    pub(super) fn goes_on(&mut self, ledger: &Arc<Ledger>, after: StreamId) {
        if let Some(counted) = self.counting.try_join_next() {
            self.due = Instant::now() + INTERVAL;
            if let Ok((Ok(lag), took)) = counted {
                self.due = Instant::now() + INTERVAL.max(took * REST);
                show(ledger, lag);
            }
        }
        if self.counting.is_empty() && Instant::now() >= self.due {
            let ledger = Arc::clone(ledger);
            self.counting.spawn(async move {
                let begun = Instant::now();
                (ledger.lag(after).await, begun.elapsed())
            });
        }
    }
}

fn show(ledger: &Ledger, lag: Lag) {
    observe::lag(
        &ledger.stream,
        &ledger.consumer,
        ledger.shard,
        lag.messages,
        lag.age.as_secs_f64(),
    );
}
