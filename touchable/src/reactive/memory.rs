//! Values and due times in the memory of one process.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use super::{
    jobs::{
        Claim, Claims, Content, Follow, Found, HeldKey, Inspected, Jobs, Outcome, Schedule, Settled, Stored,
        Terms, Want, is_older, sealed,
    },
    reading::ComputeError,
};
use crate::{
    error::{Result, reactive::Failure},
    schedule::{DueQueue, Place, Wake},
};

/// Values and due times in the memory of one process: what a [`Reactive`](super::Reactive) has when it is given nothing
/// else. A clone is the same schedule.
#[derive(Clone, Default)]
pub struct MemorySchedule {
    names: Arc<Mutex<HashMap<&'static str, Weak<MemoryJobs>>>>,
}

impl MemorySchedule {
    /// An empty schedule.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for MemorySchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySchedule").finish_non_exhaustive()
    }
}

impl Schedule for MemorySchedule {}

impl sealed::Open for MemorySchedule {
    fn open(&self, terms: Terms) -> Result<Arc<dyn Jobs>> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.get(terms.name).is_some_and(|jobs| jobs.strong_count() > 0) {
            let problem = format!(
                "this schedule already has values of the name `{}`; clone the `Reactive` that computes them, `shutdown` it before \
                 you start another, or give the other `Compute` a `NAME` of its own",
                terms.name
            );
            return Err(Failure::Settings(problem).into());
        }
        let jobs = Arc::new(MemoryJobs {
            terms,
            queue: Mutex::new(DueQueue::new()),
            wake: Wake::default(),
        });
        names.insert(terms.name, Arc::downgrade(&jobs));
        Ok(jobs)
    }
}

struct MemoryJobs {
    terms: Terms,
    queue: Mutex<DueQueue<Job>>,
    wake: Wake,
}

#[derive(Debug)]
struct Job {
    encoded_key: Box<[u8]>,
    wanted_until: Instant,
    /// When it is to be computed. In the queue it may stand earlier, to be forgotten.
    due: Instant,
    generation: u64,
    /// Of the record, as far as readers have seen it.
    version: Option<Arc<str>>,
    value: Option<Box<Filled>>,
    error: Option<Arc<ComputeError>>,
}

#[derive(Debug)]
struct Filled {
    value: Arc<dyn Any + Send + Sync>,
    digest: u64,
    computed: Instant,
    interval: Duration,
    version: Option<Arc<str>>,
    is_expired: bool,
}

impl Filled {
    fn content(&self) -> Content {
        Content::Typed(Arc::clone(&self.value), self.digest)
    }
}

impl Job {
    fn new(encoded_key: &[u8], now: Instant) -> Self {
        Self {
            encoded_key: encoded_key.into(),
            wanted_until: now,
            due: now,
            generation: 0,
            version: None,
            value: None,
            error: None,
        }
    }

    fn found(&self, now: Instant) -> Found {
        Found {
            stored: self.value.as_ref().map(|value| Stored {
                content: value.content(),
                age: now.saturating_duration_since(value.computed),
                interval: value.interval,
                version: value.version.clone(),
            }),
            is_expired: self.value.as_ref().is_some_and(|value| value.is_expired),
            error: self.error.clone(),
            due_in: self.due.saturating_duration_since(now),
        }
    }

    /// A reader has seen this version of the record; whether that makes the value outdated.
    fn sees(&mut self, version: &str) -> bool {
        let is_new = is_older(self.version.as_deref(), version);
        if is_new {
            self.version = Some(version.into());
        }
        is_new
    }
}

impl MemoryJobs {
    fn lock(&self) -> MutexGuard<'_, DueQueue<Job>> {
        // Nothing of the application's runs under it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a job stands in the queue: first fills go before what is due up to so much earlier.
    fn rank(&self, job: &Job) -> Instant {
        let at = job.due.min(job.wanted_until);
        if job.value.is_none() && job.error.is_none() {
            at
        } else {
            at + self.terms.lead
        }
    }

    /// Puts a job where it belongs, unless it is claimed.
    fn settle_in(&self, queue: &mut DueQueue<Job>, key: &str) {
        if let Some(rank) = queue.get(key).map(|job| self.rank(job)) {
            queue.reschedule(key, rank);
        }
    }

    /// Somebody says that a value is old: computed now, unless that has failed and waits for its next try.
    fn hasten(&self, queue: &mut DueQueue<Job>, key: &str, now: Instant) {
        if let Some(job) = queue.get_mut(key)
            && job.error.is_none()
        {
            job.due = job.due.min(now);
        }
        self.settle_in(queue, key);
        self.wake.wake();
    }

    /// What a read says of a key.
    fn want(&self, queue: &mut DueQueue<Job>, key: &str, want: Want<'_>, now: Instant) {
        let is_new = queue.get(key).is_none();
        if is_new {
            queue.insert(key, now, Job::new(want.encoded_key, now));
        }
        let Some(job) = queue.get_mut(key) else { return };
        job.wanted_until = now + self.terms.wanted_for();
        let is_outdated = want.version.is_some_and(|version| job.sees(version));
        if is_new || is_outdated {
            self.hasten(queue, key, now);
        } else {
            self.settle_in(queue, key);
        }
    }

    fn start(&self, queue: &mut DueQueue<Job>, key: Arc<str>, now: Instant) -> Option<Claim> {
        let token = queue.claim(&key, now + self.terms.claim_time)?;
        let job = queue.get(&key)?;
        Some(Claim {
            token,
            encoded_key: Bytes::copy_from_slice(&job.encoded_key),
            generation: job.generation,
            version: job.version.clone(),
            failures: job.error.as_ref().map_or(0, |error| error.failures),
            late: now.saturating_duration_since(job.due),
            key,
        })
    }

    /// The next job that is due; those that nobody wants are forgotten on the way.
    fn next(&self, queue: &mut DueQueue<Job>, now: Instant) -> Option<Claim> {
        loop {
            let (rank, key) = queue.first()?;
            if rank > now + self.terms.lead {
                return None;
            }
            let job = queue.get(&key)?;
            if job.wanted_until <= now {
                queue.remove(&key);
            } else if job.due > now {
                // It stood here to be forgotten, and was read meanwhile.
                if self.rank(job) == rank {
                    return None;
                }
                self.settle_in(queue, &key);
            } else {
                return self.start(queue, key, now);
            }
        }
    }

    /// Removes or outdates a value, and makes its key due.
    fn outdate(&self, queue: &mut DueQueue<Job>, key: &str, change: impl FnOnce(&mut Job)) -> bool {
        let now = Instant::now();
        forget_unwanted(queue, key, now);
        let Some(job) = queue.get_mut(key) else {
            return false;
        };
        job.generation += 1;
        change(job);
        self.hasten(queue, key, now);
        true
    }

    fn clear_in(&self, queue: &mut DueQueue<Job>, key: &str) -> bool {
        self.outdate(queue, key, |job| {
            job.value = None;
            job.error = None;
        })
    }
}

#[async_trait]
impl Jobs for MemoryJobs {
    fn is_shared(&self) -> bool {
        false
    }

    fn wake(&self) -> &Wake {
        &self.wake
    }

    async fn read(&self, key: &str, want: Option<Want<'_>>) -> Result<Option<Found>> {
        let now = Instant::now();
        let mut queue = self.lock();
        forget_unwanted(&mut queue, key, now);
        if let Some(want) = want {
            self.want(&mut queue, key, want, now);
        }
        Ok(queue.get(key).map(|job| job.found(now)))
    }

    async fn expire(&self, key: &str) -> Result<bool> {
        let expired = self.outdate(&mut self.lock(), key, |job| {
            if let Some(value) = &mut job.value {
                value.is_expired = true;
            }
        });
        Ok(expired)
    }

    async fn clear(&self, key: &str) -> Result<bool> {
        Ok(self.clear_in(&mut self.lock(), key))
    }

    async fn clear_under(&self, prefix: &str) -> Result<u64> {
        let mut queue = self.lock();
        let keys: Vec<Arc<str>> = queue.beginning_with(prefix).cloned().collect();
        for key in &keys {
            self.clear_in(&mut queue, key);
        }
        Ok(keys.len() as u64)
    }

    async fn claim(&self, most: usize) -> Result<Claims> {
        let now = Instant::now();
        let mut queue = self.lock();
        queue.end_claims(now);
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(claim) = self.next(&mut queue, now)
        {
            taken.push(claim);
        }
        let first = queue
            .first()
            .and_then(|(rank, key)| Some((rank, queue.get(&key)?.due.min(queue.get(&key)?.wanted_until))));
        let next = first.map(|(_, at)| at).into_iter().chain(queue.first_end()).min();
        Ok(Claims {
            taken,
            next: next.map(|at| at.saturating_duration_since(now)),
            wanted: queue.len() as u64,
            overdue: first.map_or(Duration::ZERO, |(_, at)| now.saturating_duration_since(at)),
        })
    }

    async fn before(&self, claim: &Claim) -> Result<Option<Content>> {
        let queue = self.lock();
        let value = queue.get(&claim.key).and_then(|job| job.value.as_ref());
        Ok(value.map(|value| value.content()))
    }

    async fn take(&self, key: &str, want: Want<'_>) -> Result<Option<Claim>> {
        let now = Instant::now();
        let mut queue = self.lock();
        queue.end_claims(now);
        self.want(&mut queue, key, want, now);
        Ok(self.start(&mut queue, key.into(), now))
    }

    async fn renew(&self, held: &[HeldKey]) -> Result<Vec<Arc<str>>> {
        let until = Instant::now() + self.terms.claim_time;
        let mut queue = self.lock();
        let lost = held
            .iter()
            .filter(|(key, token)| !queue.renew(key, *token, until));
        Ok(lost.map(|(key, _)| Arc::clone(key)).collect())
    }

    async fn settle(&self, claim: &Claim, outcome: Outcome) -> Result<Settled> {
        let now = Instant::now();
        let mut queue = self.lock();
        if !queue.is_held(&claim.key, claim.token) {
            return Ok(Settled::Lost);
        }
        let Some(job) = queue.get_mut(&claim.key) else {
            return Ok(Settled::Lost);
        };
        let is_current = job.generation == claim.generation;
        let is_gone = is_current && matches!(outcome, Outcome::Gone);
        if is_gone || job.wanted_until <= now {
            queue.remove(&claim.key);
            return Ok(if is_gone { Settled::Stored } else { Settled::Lost });
        }
        if is_current || matches!(outcome, Outcome::Failed { .. }) {
            // That it has failed counts in any case: a dead service is not asked again at once.
            job.take_in(claim, outcome, now);
        } else {
            job.due = now;
        }
        if job.due <= now {
            self.wake.wake();
        }
        let rank = self.rank(job);
        queue.settle(&claim.key, claim.token, rank);
        Ok(if is_current {
            Settled::Stored
        } else {
            Settled::Discarded
        })
    }

    async fn release(&self, held: &[HeldKey]) -> Result<()> {
        let now = Instant::now();
        let mut queue = self.lock();
        for (key, token) in held {
            if queue.settle(key, *token, now) {
                if let Some(job) = queue.get_mut(key) {
                    job.due = now;
                }
                self.settle_in(&mut queue, key);
                self.wake.wake();
            }
        }
        Ok(())
    }

    async fn inspect(&self, key: &str) -> Result<Option<Inspected>> {
        let now = Instant::now();
        let mut queue = self.lock();
        forget_unwanted(&mut queue, key, now);
        let (Some(job), Some(place)) = (queue.get(key), queue.place(key)) else {
            return Ok(None);
        };
        let (due_in, claimed_for) = match place {
            Place::Due(_) => (Some(job.due.saturating_duration_since(now)), None),
            Place::Claimed { until, .. } => (None, Some(until.saturating_duration_since(now))),
        };
        Ok(Some(Inspected {
            wanted_for: job.wanted_until.saturating_duration_since(now),
            due_in,
            claimed_for,
            failures: job.error.as_ref().map_or(0, |error| error.failures),
        }))
    }

    fn follow(&self) -> Option<Box<dyn Follow>> {
        None
    }
}

/// Removes a key that nobody wants any more, and that no worker has looked at since.
fn forget_unwanted(queue: &mut DueQueue<Job>, key: &str, now: Instant) {
    if queue.get(key).is_some_and(|job| job.wanted_until <= now)
        && !matches!(queue.place(key), Some(Place::Claimed { .. }))
    {
        queue.remove(key);
    }
}

impl Job {
    /// Takes an outcome in, and says when the next is due.
    fn take_in(&mut self, claim: &Claim, outcome: Outcome, now: Instant) {
        let next = match outcome {
            Outcome::Value {
                content: Content::Typed(value, digest),
                interval,
                next,
            } => {
                self.value = Some(Box::new(Filled {
                    value,
                    digest,
                    computed: now,
                    interval,
                    version: claim.version.clone(),
                    is_expired: false,
                }));
                self.error = None;
                next
            }
            Outcome::Unchanged { interval, next } => {
                if let Some(value) = &mut self.value {
                    (value.computed, value.interval) = (now, interval);
                    value.version.clone_from(&claim.version);
                    value.is_expired = false;
                }
                self.error = None;
                next
            }
            Outcome::Failed { error, next } => {
                self.error = Some(error);
                self.due = now + next;
                return;
            }
            // Only what leaves the process is encoded.
            Outcome::Gone | Outcome::Value { .. } => return,
        };
        // A reader has seen a newer version meanwhile.
        let is_outdated = self.version != claim.version;
        self.due = if is_outdated { now } else { now + next };
    }
}
