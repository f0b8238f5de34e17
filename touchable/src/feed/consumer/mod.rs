//! Reading from an offset that is kept in Redis, one process at a time.

mod ahead;
mod gauge;
mod handle;
mod lag;
mod ledger;
mod session;
mod step;

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

pub use lag::Lag;
use serde::de::DeserializeOwned;

use self::{
    ledger::Ledger,
    session::{End, Session},
};
use super::{Batch, Stream, StreamId, keys};
use crate::{
    error::{Result, feed::Failure},
    lease::Lease,
    schedule::{Stop, Task},
};

/// Reads a stream in order, at least once, with an offset under its name.
///
/// One consumer of a name is at work, in each shard, whichever node has the lease; the others stand by. Consumers of
/// different names each read everything.
///
/// The offset moves when the handler has succeeded. When it fails, panics or does not end in time, the consumer gives its
/// lease back, and whoever gets it hands out the same messages after a pause that grows. After
/// [`max_attempts`](Self::max_attempts) they are handed out one by one, and one that fails alone as often goes to the
/// dead letters: the stream `touchable:{name}:dead`, with its fields, its `id`, the `consumer` and the `reason`. This
/// also holds for a message that takes its whole process along.
#[derive(Clone)]
#[must_use = "nothing is read before `run`"]
pub struct Consumer {
    stream: Stream,
    name: Arc<str>,
    settings: Settings,
}

#[derive(Clone, Debug)]
struct Settings {
    batch_size: usize,
    lease: Duration,
    handler_timeout: Duration,
    first_pause: Duration,
    longest_pause: Duration,
    max_attempts: u32,
}

impl Consumer {
    pub(super) fn new(stream: Stream, name: &str) -> Self {
        Self {
            stream,
            name: name.into(),
            settings: Settings {
                batch_size: 1_000,
                lease: Duration::from_secs(10),
                handler_timeout: Duration::from_mins(1),
                first_pause: Duration::from_millis(100),
                longest_pause: Duration::from_secs(30),
                max_attempts: 10,
            },
        }
    }

    /// How many messages a handler is given at most; 1,000 by default.
    pub const fn batch_size(mut self, size: usize) -> Self {
        self.settings.batch_size = size;
        self
    }

    /// How long others have to wait when the process at work dies; 10 s by default.
    pub const fn lease_time(mut self, time: Duration) -> Self {
        self.settings.lease = time;
        self
    }

    /// How long a handler may take for a batch; a minute by default. One that takes longer is dropped at its await and
    /// has failed. One that never gets to an await cannot be dropped: its consumer loses the lease.
    pub const fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.settings.handler_timeout = timeout;
        self
    }

    /// The pause after the first failure and the longest; 100 ms and 30 s by default. Each is twice the one before, of
    /// which half is random.
    pub const fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.settings.first_pause = first;
        self.settings.longest_pause = longest;
        self
    }

    /// How often a batch, and then each message of it alone, is tried; 10 times by default. With the default pauses that
    /// is a minute and more for each: an outage that lasts longer than these sends messages to the dead letters that
    /// are none the worse. `u32::MAX` is for ever.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.settings.max_attempts = attempts;
        self
    }

    /// Hands out messages in the background, whenever this process has the lease.
    ///
    /// The handler is called with one batch at a time in each shard.
    ///
    /// # Errors
    /// When a setting cannot work.
    pub fn run<T, H, F, E>(self, handler: H) -> Result<Task>
    where
        T: DeserializeOwned + Send + Sync + 'static,
        H: Fn(Batch<T>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 'static,
    {
        self.check()?;
        let handler = Arc::new(handler);
        let name = format!("consumer {} of {}", self.name, self.stream.name);
        let shards: Vec<_> = (0..self.stream.shards.len())
            .map(|shard| Arc::new(Ledger::new(&self.stream, shard, &self.name)))
            .collect();
        let settings = self.settings;
        Ok(Task::spawn(name.clone(), move |stop| async move {
            let mut running = Vec::new();
            for ledger in shards {
                let (handler, settings) = (Arc::clone(&handler), settings.clone());
                running.push(Task::repeat(name.clone(), move |stop| {
                    let (ledger, handler, settings) =
                        (Arc::clone(&ledger), Arc::clone(&handler), settings.clone());
                    async move { session::turn(&ledger, &settings, &*handler, &stop).await }
                }));
            }
            stop.requested().await;
            // All of them are told before the first is waited for; what is dropped here ends at once.
            let all = futures_util::future::join_all(running.into_iter().map(Task::shutdown));
            tokio::select! {
                _ = all => {}
                () = stop.gone() => {}
            }
        }))
    }

    /// Hands out the next batch of each shard of which it can have the lease, and gives the lease back. Returns how many
    /// messages were handled: 0 when there are none, or others are at work.
    ///
    /// After a failure it waits out the pause first.
    ///
    /// # Errors
    /// The handler's, see [`Error::is_handler`](crate::Error::is_handler); or when a setting cannot work, or Redis cannot
    /// be reached.
    pub async fn run_once<T, H, F, E>(&self, handler: H) -> Result<usize>
    where
        T: DeserializeOwned + Send + Sync + 'static,
        H: Fn(Batch<T>) -> F + Send + Sync,
        F: Future<Output = Result<(), E>> + Send,
        E: Into<Box<dyn StdError + Send + Sync>> + Send,
    {
        self.check()?;
        let (_stage, stop) = Stop::never();
        let mut handled = 0;
        for shard in 0..self.stream.shards.len() {
            let ledger = Arc::new(Ledger::new(&self.stream, shard, &self.name));
            let Some(lease) = Lease::acquire(ledger.leases(), &self.name, self.settings.lease).await? else {
                continue;
            };
            let session = Session::new(&ledger, &self.settings, &lease, &stop);
            let end = session.run(&handler, true).await;
            let released = lease.release().await;
            match end? {
                End::Handled(messages) => handled += messages,
                End::Failed(reason) => {
                    return Err(Failure::Handler {
                        stream: self.stream.name.to_string(),
                        consumer: self.name.to_string(),
                        reason,
                    }
                    .into());
                }
                End::Stopped => {}
            }
            released?;
        }
        Ok(handled)
    }

    /// Raises the offset of a shard (0 in a stream without any) to this message, as if it and all before it were done.
    /// Returns whether it was below. The consumer at work, if there is one, goes on from there.
    ///
    /// # Errors
    /// When there is no such shard, the stream does not reach that far, or Redis cannot be reached.
    pub async fn commit(&self, shard: usize, id: StreamId) -> Result<bool> {
        self.ledger(shard)?.raise(id).await
    }

    /// The last message of a shard (0 in a stream without any) that is done, with all before it.
    ///
    /// # Errors
    /// When there is no such shard, something else is stored there, or Redis cannot be reached.
    pub async fn max_committed_id(&self, shard: usize) -> Result<Option<StreamId>> {
        self.ledger(shard)?.position().await
    }

    /// What is still to be done, in all shards.
    ///
    /// It is counted in pages of 1,000 on the server, which nothing else has to wait for longer than that.
    ///
    /// # Errors
    /// When something else is stored in the place of an offset, or Redis cannot be reached.
    pub async fn lag(&self) -> Result<Lag> {
        let mut lag = Lag::default();
        for shard in 0..self.stream.shards.len() {
            let ledger = self.ledger(shard)?;
            let position = ledger.position().await?;
            lag.add(ledger.lag(position.unwrap_or_default()).await?);
        }
        Ok(lag)
    }

    fn ledger(&self, shard: usize) -> Result<Ledger> {
        let shards = self.stream.shards.len();
        if shard < shards {
            return Ok(Ledger::new(&self.stream, shard, &self.name));
        }
        Err(Failure::Settings(format!(
            "the stream `{}` has {shards} shards, counted from 0: there is no shard {shard}",
            self.stream.name
        ))
        .into())
    }

    fn check(&self) -> Result<()> {
        let Settings {
            batch_size,
            handler_timeout,
            first_pause,
            longest_pause,
            max_attempts,
            ..
        } = self.settings;
        let problem = if let Some(problem) = keys::problem(&self.name) {
            format!("has a name that {problem}")
        } else if !(1..=100_000).contains(&batch_size) {
            format!("cannot read batches of {batch_size}; say 1 to 100,000")
        } else if max_attempts == 0 {
            "cannot try 0 times; say at least 1".to_owned()
        } else if handler_timeout.is_zero() || handler_timeout > Duration::from_hours(24) {
            format!("cannot wait for its handler for {handler_timeout:?}; say up to a day")
        } else if first_pause > longest_pause || longest_pause > Duration::from_hours(24) {
            format!(
                "cannot pause for {first_pause:?} first and for {longest_pause:?} at most; say up to a day"
            )
        } else {
            return Ok(());
        };
        Err(Failure::Settings(format!(
            "the consumer `{}` of `{}` {problem}",
            self.name, self.stream.name
        ))
        .into())
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("stream", &self.stream.name())
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish()
    }
}
