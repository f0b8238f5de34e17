//! When the table is swept.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use sea_orm::{ConnectionTrait, DbErr};
use tokio::{runtime::Handle, sync::Mutex};

use super::{rows::Rows, sweep::SHARES};
use crate::schedule::{Interval, Turn, Wake};

/// Counts what is written and sees to it that sweeps keep up: in a task of its own, and by those who write too fast.
#[derive(Debug)]
pub(super) struct Sweeper {
    share: u64,
    every: Duration,
    /// Bytes that no sweep that has ended has seen. Those that are written while one runs are among them, so that the
    /// bound holds then too.
    unswept: AtomicU64,
    /// One sweep at a time.
    sweeping: Mutex<()>,
    wake: Wake,
    started: AtomicBool,
}

impl Sweeper {
    pub(super) fn new(max_bytes: u64, every: Duration) -> Self {
        Self {
            share: (max_bytes / SHARES).max(1),
            every,
            unswept: AtomicU64::new(0),
            sweeping: Mutex::new(()),
            wake: Wake::default(),
            started: AtomicBool::new(false),
        }
    }

    /// Counts a write. After a share the task sweeps; who comes to the second one waits for the sweep.
    pub(super) async fn wrote<C>(self: &Arc<Self>, rows: &Arc<Rows<C>>, bytes: u64)
    where
        C: ConnectionTrait + Send + 'static,
    {
        self.start(rows);
        let unswept = self.unswept.fetch_add(bytes, Relaxed) + bytes;
        if unswept >= self.share * 2 {
            self.try_sweep(rows, self.share * 2).await;
        } else if unswept >= self.share {
            self.wake.wake();
        }
    }

    /// Sweeps, if so much is unswept once nobody else sweeps any more; how many rows went.
    pub(super) async fn sweep<C: ConnectionTrait>(
        &self,
        rows: &Rows<C>,
        at_least: u64,
    ) -> Result<u64, DbErr> {
        let _one = self.sweeping.lock().await;
        let unswept = self.unswept.load(Relaxed);
        if unswept < at_least {
            return Ok(0);
        }
        let swept = rows.sweep().await;
        self.unswept.fetch_sub(unswept, Relaxed);
        swept
    }

    /// A sweep that fails fails nobody: what was written is written, and the next share tries again.
    async fn try_sweep<C: ConnectionTrait>(&self, rows: &Rows<C>, at_least: u64) {
        if let Err(error) = self.sweep(rows, at_least).await {
            tracing::warn!(table = rows.table, %error, "a cache's table could not be swept");
        }
    }

    /// Starts the task with the first write: only then is there a runtime for certain. Without tokio's there is none,
    /// and those who write sweep.
    fn start<C>(self: &Arc<Self>, rows: &Arc<Rows<C>>)
    where
        C: ConnectionTrait + Send + 'static,
    {
        if self.started.load(Relaxed) || self.started.swap(true, Relaxed) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let task = run(
                Arc::downgrade(self),
                Arc::downgrade(rows),
                Interval::new(self.every, &self.wake),
            );
            runtime.spawn(task);
        }
    }
}

/// The task ends between two sweeps, when the last store is gone.
impl Drop for Sweeper {
    fn drop(&mut self) {
        self.wake.wake();
    }
}

async fn run<C>(sweeper: Weak<Sweeper>, rows: Weak<Rows<C>>, mut turns: Interval)
where
    C: ConnectionTrait + Send + 'static,
{
    loop {
        let turn = turns.turn().await;
        let (Some(sweeper), Some(rows)) = (sweeper.upgrade(), rows.upgrade()) else {
            return;
        };
        let at_least = if turn == Turn::Woken { sweeper.share } else { 0 };
        sweeper.try_sweep(&rows, at_least).await;
    }
}
