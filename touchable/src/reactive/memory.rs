//! Values and due times in the memory of one process.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use smallvec::SmallVec;

use super::{
    jobs::{
        Claim, Claims, Content, Follow, Found, HeldKey, Inspected, Jobs, Outcome, Schedule, Seen, Settled,
        Stored, Terms, Want, is_older, sealed,
    },
    reading::ComputeError,
};
use crate::{
    error::{Result, reactive::Failure},
    schedule::{DueQueue, Id, Moment, Place, Wake},
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

/// Most keys are short: numbers, and names.
type EncodedKey = SmallVec<[u8; 16]>;

#[derive(Debug)]
struct Job {
    encoded_key: EncodedKey,
    wanted_until: Moment,
    /// When it is to be computed. In the queue it may stand earlier, to be forgotten.
    due: Moment,
    /// Of the record, as far as readers have seen it: a value of an older one is expired.
    version: Option<Seen>,
    value: Option<Filled>,
    error: Option<Arc<ComputeError>>,
    generation: u32,
    is_expired: bool,
}

#[derive(Debug)]
struct Filled {
    value: Arc<dyn Any + Send + Sync>,
    digest: u64,
    computed: Moment,
    /// When its interval is over.
    until: Moment,
}

impl Filled {
    fn content(&self) -> Content {
        Content::Typed(Arc::clone(&self.value), self.digest)
    }
}

impl Job {
    fn new(encoded_key: &[u8], now: Moment) -> Self {
        Self {
            encoded_key: encoded_key.into(),
            wanted_until: now,
            due: now,
            version: None,
            value: None,
            error: None,
            generation: 0,
            is_expired: false,
        }
    }

    fn found(&self, now: Moment) -> Found {
        Found {
            stored: self.value.as_ref().map(|value| Stored {
                content: value.content(),
                age: now.since(value.computed),
                interval: value.until.since(value.computed),
                version: self.version.clone(),
            }),
            is_expired: self.is_expired,
            error: self.error.clone(),
            due_in: self.due.since(now),
        }
    }

    /// A reader has seen this version of the record; whether that is newer than what others have seen.
    fn sees(&mut self, version: &str) -> bool {
        let is_new = is_older(self.version.as_deref().map(String::as_str), version);
        if is_new {
            self.version = Some(Arc::new(version.to_owned()));
            self.is_expired = true;
        }
        is_new
    }
}

/// The queue, for a moment. Nothing of the application's runs while it is locked, not even the end of its values.
struct Locked<'a> {
    queue: MutexGuard<'a, DueQueue<Job>>,
    /// Dropped after the lock, as fields are in their order.
    dropped: Vec<Filled>,
}

impl Deref for Locked<'_> {
    type Target = DueQueue<Job>;

    fn deref(&self) -> &DueQueue<Job> {
        &self.queue
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut DueQueue<Job> {
        &mut self.queue
    }
}

impl Locked<'_> {
    fn forget(&mut self, id: Id) {
        let job = self.queue.remove(id);
        self.dropped.extend(job.value);
    }

    /// A key that nobody wants any more, and that no worker has looked at since, is none.
    fn find_wanted(&mut self, key: &str, now: Moment) -> Option<Id> {
        let id = self.find(key)?;
        if self.get(id).wanted_until <= now && !matches!(self.place(id), Place::Claimed { .. }) {
            self.forget(id);
            return None;
        }
        Some(id)
    }
}

impl MemoryJobs {
    fn lock(&self) -> Locked<'_> {
        Locked {
            queue: self.queue.lock().unwrap_or_else(PoisonError::into_inner),
            dropped: Vec::new(),
        }
    }

    /// Where a job stands in the queue: first fills go before what is due up to so much earlier.
    fn rank(&self, job: &Job) -> Moment {
        let at = job.due.min(job.wanted_until);
        if job.value.is_none() && job.error.is_none() {
            at
        } else {
            at + self.terms.lead
        }
    }

    /// Puts a job where it belongs, unless it is claimed.
    fn settle_in(&self, queue: &mut Locked<'_>, id: Id) {
        let rank = self.rank(queue.get(id));
        queue.reschedule(id, rank);
    }

    /// Somebody says that a value is old: computed now, unless that has failed and waits for its next try.
    fn hasten(&self, queue: &mut Locked<'_>, id: Id, now: Moment) {
        let job = queue.get_mut(id);
        if job.error.is_none() {
            job.due = job.due.min(now);
        }
        self.settle_in(queue, id);
        self.wake.wake();
    }

    /// Takes in what a read says of a key, unless another one has its name.
    fn note(&self, queue: &mut Locked<'_>, want: Want<'_>, now: Moment) -> Option<Id> {
        let known = queue.find_wanted(want.key, now);
        if known.is_some_and(|id| *queue.get(id).encoded_key != *want.encoded_key) {
            return None;
        }
        let id =
            known.unwrap_or_else(|| queue.insert(Arc::clone(want.key), now, Job::new(want.encoded_key, now)));
        let job = queue.get_mut(id);
        job.wanted_until = now + self.terms.wanted_for();
        let is_outdated = want.version.is_some_and(|version| job.sees(version));
        if known.is_none() || is_outdated {
            self.hasten(queue, id, now);
        } else {
            self.settle_in(queue, id);
        }
        Some(id)
    }

    fn start(&self, queue: &mut Locked<'_>, id: Id, now: Moment) -> Option<Claim> {
        let token = queue.claim(id, now + self.terms.claim_time)?;
        let job = queue.get(id);
        Some(Claim {
            key: Arc::clone(queue.key(id)),
            token,
            encoded_key: Bytes::copy_from_slice(&job.encoded_key),
            generation: job.generation.into(),
            version: job.version.clone(),
            failures: job.error.as_ref().map_or(0, |error| error.failures),
            late: now.since(job.due),
        })
    }

    /// The next job that is due; those that nobody wants are forgotten on the way.
    fn next(&self, queue: &mut Locked<'_>, now: Moment) -> Option<Claim> {
        loop {
            let (rank, id) = queue.first()?;
            if rank > now + self.terms.lead {
                return None;
            }
            let job = queue.get(id);
            if job.wanted_until <= now {
                queue.forget(id);
            } else if job.due > now {
                // It stood here to be forgotten, and was read meanwhile.
                if self.rank(job) == rank {
                    return None;
                }
                self.settle_in(queue, id);
            } else {
                return self.start(queue, id, now);
            }
        }
    }

    /// The value that is there has changed: its key is due.
    fn outdate(&self, queue: &mut Locked<'_>, id: Id, now: Moment) {
        let generation = &mut queue.get_mut(id).generation;
        *generation = generation.wrapping_add(1);
        self.hasten(queue, id, now);
    }

    fn clear_in(&self, queue: &mut Locked<'_>, key: &str, now: Moment) -> bool {
        let Some(id) = queue.find_wanted(key, now) else {
            return false;
        };
        let job = queue.get_mut(id);
        (job.error, job.is_expired) = (None, false);
        let value = job.value.take();
        queue.dropped.extend(value);
        self.outdate(queue, id, now);
        true
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

    async fn read(&self, key: &str) -> Result<Option<Found>> {
        let now = Moment::now();
        let mut queue = self.lock();
        let job = queue.find_wanted(key, now).map(|id| queue.get(id));
        // One that is still being computed may be wanted no more.
        let wanted = job.filter(|job| job.wanted_until > now);
        Ok(wanted.map(|job| job.found(now)))
    }

    async fn want(&self, want: Want<'_>) -> Result<Option<Found>> {
        let now = Moment::now();
        let mut queue = self.lock();
        let id = self.note(&mut queue, want, now);
        Ok(id.map(|id| queue.get(id).found(now)))
    }

    async fn expire(&self, key: &str) -> Result<bool> {
        let now = Moment::now();
        let mut queue = self.lock();
        let Some(id) = queue.find_wanted(key, now) else {
            return Ok(false);
        };
        queue.get_mut(id).is_expired = true;
        self.outdate(&mut queue, id, now);
        Ok(true)
    }

    async fn clear(&self, key: &str) -> Result<bool> {
        Ok(self.clear_in(&mut self.lock(), key, Moment::now()))
    }

    async fn clear_under(&self, prefix: &str) -> Result<u64> {
        let now = Moment::now();
        let mut queue = self.lock();
        let ids = queue.beginning_with(prefix);
        let keys: Vec<Arc<str>> = ids.into_iter().map(|id| Arc::clone(queue.key(id))).collect();
        let cleared = keys.iter().filter(|key| self.clear_in(&mut queue, key, now));
        Ok(cleared.count() as u64)
    }

    async fn claim(&self, most: usize) -> Result<Claims> {
        let now = Moment::now();
        let mut queue = self.lock();
        queue.end_claims(now);
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(claim) = self.next(&mut queue, now)
        {
            taken.push(claim);
        }
        let first = queue.first().map(|(_, id)| {
            let job = queue.get(id);
            job.due.min(job.wanted_until)
        });
        let next = first.into_iter().chain(queue.first_end()).min();
        Ok(Claims {
            taken,
            next: next.map(|at| at.since(now)),
            wanted: queue.len() as u64,
            overdue: first.map_or(Duration::ZERO, |at| now.since(at)),
        })
    }

    async fn before(&self, claim: &Claim) -> Result<Option<Content>> {
        let queue = self.lock();
        let value = queue.find(&claim.key).and_then(|id| queue.get(id).value.as_ref());
        Ok(value.map(Filled::content))
    }

    async fn take(&self, want: Want<'_>) -> Result<Option<Claim>> {
        let now = Moment::now();
        let mut queue = self.lock();
        queue.end_claims(now);
        let Some(id) = self.note(&mut queue, want, now) else {
            return Err(Failure::alike(self.terms.name, want.key).into());
        };
        Ok(self.start(&mut queue, id, now))
    }

    async fn renew(&self, held: &[HeldKey]) -> Result<Vec<Arc<str>>> {
        let until = Moment::now() + self.terms.claim_time;
        let mut queue = self.lock();
        let mut lost = Vec::new();
        for (key, token) in held {
            match queue.held(key, *token) {
                Some(id) => queue.renew(id, until),
                None => lost.push(Arc::clone(key)),
            }
        }
        Ok(lost)
    }

    async fn settle(&self, claim: &Claim, outcome: Outcome) -> Result<Settled> {
        let now = Moment::now();
        let mut queue = self.lock();
        let Some(id) = queue.held(&claim.key, claim.token) else {
            return Ok(Settled::Lost);
        };
        let job = queue.get_mut(id);
        let is_current = u64::from(job.generation) == claim.generation;
        let is_gone = is_current && matches!(outcome, Outcome::Gone);
        if is_gone || job.wanted_until <= now {
            queue.forget(id);
            return Ok(if is_gone { Settled::Stored } else { Settled::Lost });
        }
        let mut before = None;
        if is_current || matches!(outcome, Outcome::Failed { .. }) {
            // That it has failed counts in any case: a dead service is not asked again at once.
            before = job.take_in(claim, outcome, now);
        } else {
            job.due = now;
        }
        if job.due <= now {
            self.wake.wake();
        }
        let rank = self.rank(job);
        queue.settle(id, rank);
        queue.dropped.extend(before);
        Ok(if is_current {
            Settled::Stored
        } else {
            Settled::Discarded
        })
    }

    async fn release(&self, held: &[HeldKey]) -> Result<()> {
        let now = Moment::now();
        let mut queue = self.lock();
        for (key, token) in held {
            if let Some(id) = queue.held(key, *token) {
                queue.get_mut(id).due = now;
                let rank = self.rank(queue.get(id));
                queue.settle(id, rank);
                self.wake.wake();
            }
        }
        Ok(())
    }

    async fn inspect(&self, key: &str) -> Result<Option<Inspected>> {
        let now = Moment::now();
        let mut queue = self.lock();
        let Some(id) = queue.find_wanted(key, now) else {
            return Ok(None);
        };
        let job = queue.get(id);
        let (due_in, claimed_for) = match queue.place(id) {
            Place::Due(_) => (Some(job.due.since(now)), None),
            Place::Claimed { until, .. } => (None, Some(until.since(now))),
        };
        Ok(Some(Inspected {
            wanted_for: job.wanted_until.since(now),
            due_in,
            claimed_for,
            failures: job.error.as_ref().map_or(0, |error| error.failures),
        }))
    }

    fn follow(&self) -> Option<Box<dyn Follow>> {
        None
    }
}

impl Job {
    /// Takes an outcome in, and says when the next is due; the value that was there before comes back.
    fn take_in(&mut self, claim: &Claim, outcome: Outcome, now: Moment) -> Option<Filled> {
        let mut before = None;
        let next = match outcome {
            Outcome::Value {
                content: Content::Typed(value, digest),
                interval,
                next,
            } => {
                before = self.value.replace(Filled {
                    value,
                    digest,
                    computed: now,
                    until: now + interval,
                });
                self.error = None;
                next
            }
            Outcome::Unchanged { interval, next } => {
                if let Some(value) = &mut self.value {
                    (value.computed, value.until) = (now, now + interval);
                }
                self.error = None;
                next
            }
            Outcome::Failed { error, next } => {
                self.error = Some(error);
                self.due = now + next;
                return None;
            }
            // Only what leaves the process is encoded.
            Outcome::Gone | Outcome::Value { .. } => return None,
        };
        // A reader has seen a newer version meanwhile.
        self.is_expired = self.version != claim.version;
        self.due = if self.is_expired { now } else { now + next };
        before
    }
}
