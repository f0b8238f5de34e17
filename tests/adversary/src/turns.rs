//! One statement at a time: writers stop after every statement, and go on when it is their turn.
//!
//! SeaORM calls a connection's metric callback in the task that has sent the statement, after its answer. A writer waits
//! there, so that every interleaving of a few statements can be chosen. A writer whose statement waits for a lock of
//! another's is one that does not come to its next stop.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::DatabaseConnection;
use tokio::{sync::Notify, task::block_in_place};

tokio::task_local! {
    /// The number of the writer whose task this is.
    static WRITER: usize;
}

/// How long a statement may take before its writer counts as one that waits for a lock. It only decides who is next.
const PATIENCE: Duration = Duration::from_millis(12);
/// How long all writers may wait for each other before that is a fault.
const HANG: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Its statement is under way.
    Work,
    /// The same, for longer than [`PATIENCE`].
    Lock,
    /// It waits for its turn.
    Stop,
    /// It has ended.
    End,
}

/// Whose turn it is.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Empty while nobody is stalled.
    writers: Mutex<Vec<At>>,
    go: Condvar,
    stopped: Notify,
}

impl Turns {
    /// Stops the writers of a connection after each statement. Do it before the connection is cloned.
    pub fn watch(&self, db: &mut DatabaseConnection) {
        let turns = self.clone();
        db.set_metric_callback(move |_| turns.stop());
    }

    /// From now on so many writers take turns; none, and everybody runs free.
    pub fn begin(&self, writers: usize) {
        *self.lock() = vec![At::Work; writers];
    }

    /// A writer's work, which stops after each statement.
    pub async fn writer<T>(&self, number: usize, work: impl Future<Output = T>) -> T {
        let output = WRITER
            .scope(number, async {
                self.stop();
                work.await
            })
            .await;
        if let Some(at) = self.lock().get_mut(number) {
            *at = At::End;
        }
        self.0.stopped.notify_one();
        output
    }

    /// Waits for this writer's turn.
    pub fn stop(&self) {
        let Ok(number) = WRITER.try_with(|number| *number) else {
            return;
        };
        block_in_place(|| {
            let mut writers = self.lock();
            let Some(at) = writers.get_mut(number) else {
                return;
            };
            *at = At::Stop;
            self.0.stopped.notify_one();
            while writers.get(number) == Some(&At::Stop) {
                writers = self.0.go.wait(writers).unwrap_or_else(PoisonError::into_inner);
            }
        });
    }

    /// Gives turns until all writers have ended. `between` is called whenever nobody runs.
    ///
    /// # Errors
    ///
    /// When the writers wait for each other and nothing ends it; they then run free.
    pub async fn conduct(&self, choices: &[u8], mut between: impl AsyncFnMut()) -> Result<(), Hang> {
        let mut choices = choices.iter();
        loop {
            self.settle().await?;
            let stopped: Vec<usize> = {
                let writers = self.lock();
                if writers.iter().all(|at| *at == At::End) {
                    return Ok(());
                }
                (0..writers.len())
                    .filter(|number| writers[*number] == At::Stop)
                    .collect()
            };
            between().await;
            let choice = choices.next().copied().unwrap_or_default();
            let next = stopped[choice as usize % stopped.len()];
            self.lock()[next] = At::Work;
            self.0.go.notify_all();
        }
    }

    /// Waits until somebody can go on, and until all who run have stopped or wait for a lock.
    async fn settle(&self) -> Result<(), Hang> {
        let start = Instant::now();
        let mut patience = start + PATIENCE;
        loop {
            let (busy, idle) = {
                let mut writers = self.lock();
                if Instant::now() >= patience {
                    for at in writers.iter_mut().filter(|at| **at == At::Work) {
                        *at = At::Lock;
                    }
                }
                let any = |wanted| writers.contains(&wanted);
                (
                    any(At::Work) || (any(At::Lock) && Instant::now() < patience),
                    any(At::Stop),
                )
            };
            let over = self.lock().iter().all(|at| *at == At::End);
            if over || (!busy && idle) {
                return Ok(());
            }
            if start.elapsed() > HANG {
                self.lock().clear();
                self.0.go.notify_all();
                return Err(Hang);
            }
            let wait = if busy { Duration::from_millis(2) } else { PATIENCE };
            if tokio::time::timeout(wait, self.0.stopped.notified())
                .await
                .is_ok()
                && !busy
            {
                patience = Instant::now() + PATIENCE;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<At>> {
        self.0.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All writers waited, and nothing ended it.
#[derive(Debug)]
pub struct Hang;
