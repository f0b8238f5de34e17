//! Showing how far behind a consumer is, while it works.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{Lag, ledger::Ledger};
use crate::{error::Result, feed::observe};

/// Who catches up within this time has no lag worth counting.
const PATIENCE: Duration = Duration::from_secs(1);

/// From one count to the next.
const INTERVAL: Duration = Duration::from_secs(10);

/// Counting a long backlog is work for Redis: it rests so many times as long as the last count took.
const REST: u32 = 20;

/// Counts beside the work: neither waits for the other, and a handler that fails or hangs is seen by what it leaves.
pub(super) struct Gauge {
    shown: Arc<Shown>,
    /// Ends with this.
    _counting: JoinSet<()>,
}

struct Shown {
    ledger: Arc<Ledger>,
    /// Nothing was left when it was last read. A count that began before is not shown after that.
    caught_up: Mutex<bool>,
}

impl Gauge {
    pub(super) fn start(ledger: &Arc<Ledger>) -> Self {
        let shown = Arc::new(Shown {
            ledger: Arc::clone(ledger),
            caught_up: Mutex::default(),
        });
        let mut counting = JoinSet::new();
        counting.spawn(Arc::clone(&shown).count());
        Self {
            shown,
            _counting: counting,
        }
    }

    /// There was nothing more to be read.
    pub(super) fn caught_up(&self) {
        let mut caught_up = self.shown.lock();
        *caught_up = true;
        self.shown.show(Lag::default());
    }

    /// There is something to be done.
    pub(super) fn goes_on(&self) {
        *self.shown.lock() = false;
    }
}

impl Shown {
    async fn count(self: Arc<Self>) {
        let mut pause = PATIENCE;
        loop {
            sleep(pause).await;
            pause = INTERVAL;
            if *self.lock() {
                continue;
            }
            let begun = Instant::now();
            let lag = self.lag().await;
            pause = INTERVAL.max(begun.elapsed() * REST);
            let caught_up = self.lock();
            if let (Ok(lag), false) = (lag, *caught_up) {
                self.show(lag);
            }
        }
    }

    async fn lag(&self) -> Result<Lag> {
        let position = self.ledger.position().await?;
        self.ledger.lag(position.unwrap_or_default()).await
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.caught_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, lag: Lag) {
        observe::lag(
            &self.ledger.stream,
            &self.ledger.consumer,
            self.ledger.shard,
            lag.messages,
            lag.age.as_secs_f64(),
        );
    }
}
