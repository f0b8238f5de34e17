//! Reading, and saying that a value has changed.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout_at};

use super::{
    builder::{LONGEST, ReactiveBuilder, Settings},
    compute::Compute,
    jobs::{Found, Inspected, Jobs, News, Settled, Want, comparable, is_older},
    near::{Copy, Near, Ticket},
    observe::Meters,
    reading::{Cause, ComputeError, Reading},
    run::JITTER,
    worker,
};
use crate::{
    cache::{
        CacheKey, Versioned,
        entry::Format,
        key::{Namespace, Spelled},
    },
    error::{Error, Result, reactive::Failure},
    schedule::{Backoff, Interval, Stop, Task, Wake},
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

pub(super) struct Inner<C: Compute> {
    pub(super) compute: C,
    pub(super) namespace: Namespace,
    pub(super) jobs: Arc<dyn Jobs>,
    pub(super) near: Near<C::Value>,
    pub(super) settings: Settings,
    pub(super) format: Format,
    pub(super) meters: Meters,
    pub(super) silence: Silence,
}

/// For how long copies are served at once after the schedule has not answered: a page of many values waits for one of them.
const SILENT: Duration = Duration::from_secs(1);

/// That the schedule has not answered, and what it was.
#[derive(Debug, Default)]
pub(super) struct Silence(Mutex<Option<(Instant, String)>>);

impl Silence {
    fn note(&self, error: &Error) {
        let mut silence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *silence = Some((Instant::now() + SILENT, error.to_string()));
    }

    fn problem(&self, now: Instant) -> Option<String> {
        let silence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, problem) = silence.as_ref()?;
        (now < *until).then(|| problem.clone())
    }
}

/// The name of a key, for a while.
struct Name {
    spelled: Spelled,
    from: usize,
}

impl std::ops::Deref for Name {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.spelled[self.from..]
    }
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
            if looks > 0 && self.inner.is_gone(&name).await? {
                let poll_after = self.inner.settings.poll_after;
                return Ok(self.inner.counted(Reading::Pending { poll_after }));
            }
            let reading = self.inner.read(key, &name, None).await?;
            if !reading.is_pending() || Instant::now() >= end {
                return Ok(self.inner.counted(reading));
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
        let found = self.inner.jobs.read(&name, None).await?;
        let now = Instant::now();
        Ok(found.map(|found| {
            let due_in = found.due_in;
            let error = found.error.clone();
            let copy = self.inner.copy_of(&name, found, None, now);
            self.inner
                .reading(copy.as_deref(), error, Some(due_in), None, now)
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
        let want = Want {
            encoded_key: &encoded,
            version: None,
        };
        let mut looks = 0;
        while Instant::now() < end {
            if let Some(claim) = self.inner.jobs.take(&name, want).await?
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

impl<C: Compute> Inner<C> {
    #[inline]
    fn name(&self, key: &C::Key) -> Result<Name> {
        self.spell(key)
    }

    #[inline]
    fn spell<K: CacheKey + ?Sized>(&self, key: &K) -> Result<Name> {
        Ok(Name {
            spelled: self.namespace.spell_whole(key)?,
            from: self.namespace.prefix().len(),
        })
    }

    fn encoded(key: &C::Key) -> Result<Vec<u8>> {
        postcard::to_allocvec(key).map_err(|error| {
            Failure::Key {
                name: C::NAME,
                source: error.into(),
            }
            .into()
        })
    }

    fn counted(&self, reading: Reading<C::Value>) -> Reading<C::Value> {
        self.meters.readings[reading.outcome()].increment(1);
        reading
    }

    /// Whether a key that was wanted a moment ago is no more.
    async fn is_gone(&self, name: &str) -> Result<bool> {
        let ticket = self.near.ticket(name, Instant::now());
        Ok(!ticket.is_to_extend && self.jobs.read(name, None).await?.is_none())
    }

    async fn read(&self, key: &C::Key, name: &str, version: Option<&str>) -> Result<Reading<C::Value>> {
        let now = Instant::now();
        if let Some(copy) = self.near.get(name, now)
            && version.is_none_or(|version| !is_older(copy.told.as_deref(), version))
            && !self.is_too_old(&copy, now)
        {
            return Ok(self.reading(Some(&copy), None, None, version, now));
        }
        Box::pin(self.ask(key, name, version)).await
    }

    /// Asks the schedule.
    async fn ask(&self, key: &C::Key, name: &str, version: Option<&str>) -> Result<Reading<C::Value>> {
        let now = Instant::now();
        if let Some(problem) = self.silence.problem(now)
            && let Some(copy) = self.near.last(name)
        {
            return Ok(self.outdated(&copy, version, problem));
        }
        let ticket = self.near.ticket(name, now);
        let found = match self.found(key, name, version, ticket, now).await {
            Ok(found) => found,
            Err(error) => {
                self.silence.note(&error);
                let copy = self.near.last(name).ok_or(error)?;
                let problem = self.silence.problem(now).unwrap_or_default();
                return Ok(self.outdated(&copy, version, problem));
            }
        };
        let now = Instant::now();
        let (due_in, error) = (found.due_in, found.error.clone());
        let is_stored = found.stored.is_some();
        let copy = self.copy_of(name, found, version, now);
        match &copy {
            Some(copy) if self.settings.near_copies || !self.jobs.is_shared() => {
                self.near.put(name, ticket, Arc::clone(copy));
            }
            None => {
                self.near.forget(name, ticket);
                if is_stored && ticket.is_to_extend {
                    // Of another release, whose type is another one: it is computed anew, as if there were none.
                    self.jobs.expire(name).await?;
                }
            }
            Some(_) => {}
        }
        Ok(self.reading(copy.as_deref(), error, Some(due_in), version, now))
    }

    async fn found(
        &self,
        key: &C::Key,
        name: &str,
        version: Option<&str>,
        ticket: Ticket,
        now: Instant,
    ) -> Result<Found> {
        if !ticket.is_to_extend
            && version.is_none()
            && let Some(found) = self.jobs.read(name, None).await?
        {
            return Ok(found);
        }
        let encoded = Self::encoded(key)?;
        let want = Want {
            encoded_key: &encoded,
            version,
        };
        let found = match self.jobs.read(name, Some(want)).await {
            Ok(found) => found,
            // A server that takes no writes, for want of memory or as a replica, may still answer.
            Err(error) => return self.jobs.read(name, None).await.ok().flatten().ok_or(error),
        };
        self.near.extended(name, now);
        // With a want there is always something.
        Ok(found.unwrap_or(Found {
            stored: None,
            is_expired: false,
            error: None,
            due_in: Duration::ZERO,
        }))
    }

    /// The last copy, when the schedule cannot be reached.
    fn outdated(&self, copy: &Copy<C::Value>, version: Option<&str>, problem: String) -> Reading<C::Value> {
        let unreachable = Arc::new(ComputeError {
            cause: Cause::Unreachable,
            message: problem,
            failures: 0,
        });
        let retry_in = Some(self.settings.poll_after);
        match self.reading(Some(copy), None, retry_in, version, Instant::now()) {
            Reading::Fresh { value, age } | Reading::Stale { value, age, .. } => Reading::Stale {
                value,
                age,
                error: Some(unreachable),
            },
            other => other,
        }
    }

    /// What was found, as a copy of this process.
    fn copy_of(
        &self,
        name: &str,
        found: Found,
        version: Option<&str>,
        now: Instant,
    ) -> Option<Arc<Copy<C::Value>>> {
        let stored = found.stored?;
        let (value, _) = self.open(name, stored.content)?;
        let interval = stored.interval.min(LONGEST);
        let fresh_for = interval.mul_f64(1.0 + JITTER) + self.settings.compute_timeout;
        let fresh_until = fresh_for.checked_sub(stored.age).map(|left| now + left);
        let told = match version {
            Some(version) if is_older(stored.version.as_deref(), version) => Some(version.into()),
            _ => stored.version.clone(),
        };
        Some(Arc::new(Copy {
            value,
            age: stored.age,
            read: now,
            fresh_until: fresh_until.filter(|_| !found.is_expired),
            error: found.error,
            version: stored.version,
            told,
        }))
    }

    fn is_too_old(&self, copy: &Copy<C::Value>, now: Instant) -> bool {
        self.settings.max_stale.is_some_and(|most| copy.age(now) > most)
    }

    fn reading(
        &self,
        copy: Option<&Copy<C::Value>>,
        error: Option<Arc<ComputeError>>,
        due_in: Option<Duration>,
        version: Option<&str>,
        now: Instant,
    ) -> Reading<C::Value> {
        let retry_in = due_in.unwrap_or(self.settings.poll_after);
        let Some(copy) = copy else {
            return match error {
                Some(error) => Reading::Failed { error, retry_in },
                None => Reading::Pending {
                    poll_after: self.settings.poll_after,
                },
            };
        };
        let age = copy.age(now);
        if self.is_too_old(copy, now) {
            let too_old = || {
                Arc::new(ComputeError {
                    cause: Cause::TooOld,
                    message: format!("the value is {age:?} old, more than `max_stale` allows"),
                    failures: 0,
                })
            };
            let error = copy.error.clone().unwrap_or_else(too_old);
            return Reading::Failed { error, retry_in };
        }
        let is_of_version = version.is_none_or(|version| !is_older(copy.version.as_deref(), version));
        let is_young = copy.fresh_until.is_some_and(|until| now < until);
        let value = Arc::clone(&copy.value);
        if is_of_version && is_young && copy.error.is_none() {
            Reading::Fresh { value, age }
        } else {
            Reading::Stale {
                value,
                age,
                error: copy.error.clone(),
            }
        }
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
