//! Reading, and saying that a value has changed.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout_at};

use super::{
    ask::Inner,
    builder::ReactiveBuilder,
    compute::Compute,
    jobs::{Inspected, News, Settled, Want, comparable},
    reading::Reading,
    worker,
};
use crate::{
    cache::{CacheKey, Versioned},
    error::{Result, reactive::Failure},
    schedule::{Backoff, Interval, Moment, Stop, Task, Wake},
};

/// While somebody waits for a value whose change is not told.
const LOOKS: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(500));

/// Values that are computed in the background, for as long as somebody reads them.
///
/// It is cheap to clone; clones share everything. When the last one is dropped its tasks stop.
///
/// | for | method |
/// |---|---|
/// | what is there, at once | [`read`](Self::read), [`read_at`](Self::read_at) |
/// | the first value, if it comes in time | [`read_or_wait`](Self::read_or_wait) |
/// | looking without wanting | [`peek`](Self::peek), [`inspect`](Self::inspect) |
/// | it has changed | [`expire`](Self::expire), [`clear`](Self::clear), [`clear_under`](Self::clear_under) |
/// | computing it here and now | [`compute_now`](Self::compute_now) |
pub struct Reactive<C: Compute> {
    inner: Arc<Inner<C>>,
    tasks: Arc<Mutex<Vec<Task>>>,
}

impl<C: Compute> Reactive<C> {
    /// The settings of a cache for the values that this computes.
    pub fn builder(compute: C) -> ReactiveBuilder<C> {
        ReactiveBuilder::new(compute)
    }

    pub(super) fn start(inner: Arc<Inner<C>>) -> Self {
        let mut tasks = vec![Task::spawn(format!("{} copies", C::NAME), |stop| {
            keep_copies(Arc::clone(&inner), stop)
        })];
        if inner.settings.works {
            tasks.push(Task::spawn(format!("{} worker", C::NAME), |stop| {
                worker::work(Arc::clone(&inner), stop)
            }));
        }
        Self {
            inner,
            tasks: Arc::new(Mutex::new(tasks)),
        }
    }

    /// What is known of a value, at once. The key is wanted from now on, for the [`lifetime`](ReactiveBuilder::lifetime).
    ///
    /// # Errors
    /// When the key is invalid, or the schedule cannot be reached and this process has no copy.
    pub async fn read(&self, key: &C::Key) -> Result<Reading<C::Value>> {
        let name = self.inner.name(key)?;
        let reading = self.inner.read(key, &name, None).await?;
        Ok(self.inner.counted(reading))
    }

    /// The same for who has a record at hand that the value is computed from: a value that was computed when readers had
    /// only seen an older version of it is [`Stale`](Reading::Stale), and due now.
    ///
    /// A computation that begins after this has seen what the reader has seen, so it is right up to this version. Nobody has
    /// to say that the record was touched.
    ///
    /// # Errors
    /// When the record has no version; see [`read`](Self::read).
    pub async fn read_at<R: Versioned + ?Sized>(
        &self,
        key: &C::Key,
        record: &R,
    ) -> Result<Reading<C::Value>> {
        let version = comparable(&record.cache_version()?);
        let name = self.inner.name(key)?;
        let reading = self.inner.read(key, &name, Some(&version)).await?;
        Ok(self.inner.counted(reading))
    }

    /// Waits for the first value, up to so long; what there is then. A first attempt that has failed, or has come to
    /// [`Gone`](super::Computed::Gone), ends the wait too.
    ///
    /// # Errors
    /// See [`read`](Self::read).
    pub async fn read_or_wait(&self, key: &C::Key, at_most: Duration) -> Result<Reading<C::Value>> {
        let end = Instant::now() + at_most.min(Duration::from_hours(24));
        let name = self.inner.name(key)?;
        let mut looks = 0;
        loop {
            let waiting = self.inner.near.waiting(&name);
            let woken = waiting.notified();
            tokio::pin!(woken);
            // From here on no change is missed.
            woken.as_mut().enable();
            let reading = if looks == 0 {
                Some(self.inner.read(key, &name, None).await?)
            } else {
                self.inner.read_again(key, &name).await?
            };
            match reading {
                Some(reading) if reading.is_pending() && Instant::now() < end => {}
                Some(reading) => return Ok(self.inner.counted(reading)),
                None => {
                    let poll_after = self.inner.settings.poll_after;
                    return Ok(self.inner.counted(Reading::Pending { poll_after }));
                }
            }
            looks += 1;
            let next = Instant::now() + LOOKS.pause(looks);
            let _ = timeout_at(next.min(end), woken).await;
        }
    }

    /// What is known of a value. It neither wants the key nor makes it due; `None` when nobody wants it.
    ///
    /// # Errors
    /// See [`read`](Self::read).
    pub async fn peek(&self, key: &C::Key) -> Result<Option<Reading<C::Value>>> {
        let name = self.inner.name(key)?;
        let found = self.inner.jobs.read(&name).await?;
        let now = Moment::now();
        Ok(found.map(|found| {
            let due_in = found.due_in;
            let error = found.error.clone();
            let copy = self.inner.copy_of(&name, found, None, now);
            self.inner.reading(copy.as_ref(), error, Some(due_in), now)
        }))
    }

    /// The value has changed: it is [`Stale`](Reading::Stale) from now on and, if somebody wants it, computed now. A
    /// computation that began before cannot make it fresh. Whether the key was known.
    ///
    /// # Errors
    /// When the key is invalid, or the schedule cannot be reached.
    pub async fn expire(&self, key: &C::Key) -> Result<bool> {
        let name = self.inner.name(key)?;
        let expired = self.inner.jobs.expire(&name).await;
        self.inner.near.outdate(&name);
        expired
    }

    /// Removes the value and, if somebody wants it, computes it now. A computation that began before cannot bring it back.
    /// Whether the key was known.
    ///
    /// # Errors
    /// When the key is invalid, or the schedule cannot be reached.
    pub async fn clear(&self, key: &C::Key) -> Result<bool> {
        let name = self.inner.name(key)?;
        let cleared = self.inner.jobs.clear(&name).await;
        self.inner.near.clear(&name);
        cleared
    }

    /// [Clears](Self::clear) the key that is spelled like this, and every key of which it is the first part: `5` also clears
    /// `(5, "a")`, and not `55`. How many there were.
    ///
    /// # Errors
    /// When the key is invalid, or the schedule cannot be reached.
    pub async fn clear_under<K: CacheKey + ?Sized>(&self, prefix: &K) -> Result<u64> {
        let name = self.inner.spell(prefix)?;
        let below = format!("{}:", &*name);
        let itself = self.inner.jobs.clear(&name).await;
        self.inner.near.clear(&name);
        let others = self.inner.jobs.clear_under(&below).await;
        self.inner.near.clear_under(&below);
        Ok(u64::from(itself?) + others?)
    }

    /// Computes a value here and now, also where it is not due, and stores it: for debugging and for tests. It waits until
    /// nobody else computes it.
    ///
    /// # Errors
    /// When somebody else computes it for longer than a computation may take; see [`read`](Self::read).
    pub async fn compute_now(&self, key: &C::Key) -> Result<Reading<C::Value>> {
        let name = self.inner.name(key)?;
        let encoded = Inner::<C>::encoded(key)?;
        let limit = self.inner.settings.compute_timeout + self.inner.settings.claim_time;
        let end = Instant::now() + limit;
        let shared: Arc<str> = (*name).into();
        let want = Want {
            key: &shared,
            encoded_key: &encoded,
            version: None,
        };
        let mut looks = 0;
        while Instant::now() < end {
            if let Some(claim) = self.inner.jobs.take(want).await?
                && self.inner.run_inline(claim).await == Settled::Stored
            {
                let poll_after = self.inner.settings.poll_after;
                // It may be gone; then a read would want it once more.
                return Ok(self.peek(key).await?.unwrap_or(Reading::Pending { poll_after }));
            }
            looks += 1;
            sleep(LOOKS.pause(looks)).await;
        }
        Err(Failure::Busy {
            name: C::NAME,
            key: name.to_owned(),
        }
        .into())
    }

    /// Where a key stands in the schedule; `None` when nobody wants it.
    ///
    /// # Errors
    /// See [`peek`](Self::peek).
    pub async fn inspect(&self, key: &C::Key) -> Result<Option<Inspected>> {
        self.inner.jobs.inspect(&self.inner.name(key)?).await
    }

    /// How this computes values.
    #[must_use]
    pub fn compute(&self) -> &C {
        &self.inner.compute
    }

    /// How many keys this process has read within their lifetime.
    #[must_use]
    pub fn keys_read(&self) -> usize {
        self.inner.near.len()
    }

    /// Stops the tasks in the background, of all clones: what has begun may end within three seconds, the rest is given back
    /// to the schedule. Readings go on without being computed here.
    pub async fn shutdown(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            task.shutdown().await;
        }
    }
}

impl<C: Compute> Clone for Reactive<C> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            tasks: Arc::clone(&self.tasks),
        }
    }
}

impl<C: Compute> fmt::Debug for Reactive<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactive")
            .field("name", &C::NAME)
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}

/// Follows what other nodes change, and forgets what nobody reads here.
async fn keep_copies<C: Compute>(inner: Arc<Inner<C>>, stop: Stop) {
    let mut sweeps = Interval::new(inner.settings.lifetime, &Wake::default());
    let mut follow = inner.jobs.follow();
    loop {
        let news = async {
            match &mut follow {
                Some(follow) => follow.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.requested() => break,
            _ = sweeps.turn() => inner.near.sweep(inner.settings.lifetime * 2),
            news = news => match news {
                News::Changed(key) => inner.near.outdate(&key),
                News::Cleared(key) => inner.near.clear(&key),
                News::ClearedUnder(prefix) => inner.near.clear_under(&prefix),
                News::Connected => {
                    inner.near.set_told(true);
                    inner.jobs.wake().wake();
                }
                News::Lost => inner.near.set_told(false),
                News::Due => inner.jobs.wake().wake(),
            },
        }
    }
    if follow.is_some() {
        // Nobody hears what changes any more.
        inner.near.set_told(false);
    }
}
