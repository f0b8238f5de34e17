//! Claiming what is due, and computing it.

use std::{
    collections::HashMap,
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::{
    select,
    sync::OwnedSemaphorePermit,
    task::{AbortHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{
    ask::Inner,
    compute::Compute,
    jobs::{Claim, HeldKey},
    pool::Places,
};
use crate::schedule::{Backoff, Interval, Stop};

/// How often a worker looks whatever it was told: what is due by the word of another node reaches it as news, which can be
/// lost.
pub(super) const LOOK: Duration = Duration::from_secs(1);
/// What is due within this time, or this part of the interval, is claimed by one look; what must not wait wakes the worker.
const TOGETHER: Duration = Duration::from_millis(50);
const TOGETHER_PART: u32 = 20;
/// The most that one look claims.
const MOST: usize = 100;
/// After errors of the schedule.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
/// How long a worker that stops waits for what it has begun.
const PATIENCE: Duration = Duration::from_secs(3);

/// By key.
type Claimed = HashMap<Arc<str>, Computing>;

/// What computes a key.
struct Computing {
    token: u64,
    /// Its claim is held no longer than this.
    until: Instant,
    /// Its result is being stored, which ends the claim.
    is_settling: bool,
    task: AbortHandle,
}

/// Does something when it is dropped, also by a panic.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// The claims that this node holds.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<Claimed>>);

impl Held {
    fn with<T>(&self, look: impl FnOnce(&mut Claimed) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Those at this moment of which this holds.
    fn at(&self, now: Instant, which: impl Fn(&Computing) -> bool) -> Vec<HeldKey> {
        self.with(|held| {
            let held = held
                .iter()
                .filter(|(_, computing)| now < computing.until && which(computing));
            held.map(|(key, computing)| (Arc::clone(key), computing.token))
                .collect()
        })
    }

    /// The computation has ended, and what it came to is stored.
    fn settle(&self, key: &str, token: u64) {
        self.with(|held| {
            if let Some(computing) = held.get_mut(key).filter(|computing| computing.token == token) {
                computing.is_settling = true;
            }
        });
    }

    /// It is over.
    fn remove(&self, key: &str, token: u64) {
        self.with(|held| {
            if held.get(key).is_some_and(|computing| computing.token == token) {
                held.remove(key);
            }
        });
    }
}

struct Worker<C: Compute> {
    inner: Arc<Inner<C>>,
    running: JoinSet<()>,
    held: Held,
    turns: Interval,
    /// Looks that failed in a row.
    failures: u32,
}

/// Works until it is told to stop, and gives back what it has claimed.
pub(super) async fn work<C: Compute>(inner: Arc<Inner<C>>, stop: Stop) {
    let turns = Interval::new(LOOK, inner.jobs.wake());
    let mut worker = Worker {
        inner,
        running: JoinSet::new(),
        held: Held::default(),
        turns,
        failures: 0,
    };
    select! {
        () = worker.run() => {}
        () = stop.requested() => {}
    }
    worker.end(&stop).await;
}

impl<C: Compute> Worker<C> {
    async fn run(&mut self) {
        let mut renewals = interval(self.inner.settings.claim_time / 3);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Something may be due from the beginning.
        let mut look_at = Instant::now();
        let pool = self.inner.settings.pool.clone();
        // Kept over the turns, with its place in the queue: others of this pool would always be first otherwise.
        let mut taking: Option<BoxFuture<'static, Places>> = None;
        loop {
            // What has ended is put away before anything new begins: a flood would pile it up otherwise.
            while self.running.try_join_next().is_some() {}
            let is_due = look_at <= Instant::now();
            if is_due && taking.is_none() {
                let pool = pool.clone();
                // A place first: what is claimed is computed at once.
                taking = Some(Box::pin(async move { pool.take(MOST).await }));
            }
            select! {
                places = poll_fn(|context| match &mut taking {
                    Some(taking) => taking.as_mut().poll(context),
                    None => Poll::Pending,
                }) => {
                    taking = None;
                    look_at = Instant::now() + self.look(places).await;
                }
                () = sleep_until(look_at), if !is_due => {}
                _ = self.turns.turn() => look_at = Instant::now(),
                _ = renewals.tick() => self.renew().await,
                Some(_) = self.running.join_next() => {}
            }
        }
    }

    /// Claims as much as there are places; how long nothing more will be due.
    async fn look(&mut self, mut places: Places) -> Duration {
        let found = match self.inner.jobs.claim(places.len()).await {
            Ok(found) => found,
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                let pause = PAUSES.pause(self.failures);
                tracing::warn!(name = C::NAME, %error, ?pause, "a worker cannot see what is due");
                return pause;
            }
        };
        self.failures = 0;
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        self.inner.meters.wanted.set(found.wanted as f64);
        let late = found.taken.iter().map(|claim| claim.late).max();
        let lag = found.overdue.max(late.unwrap_or_default());
        self.inner.meters.lag.set(lag.as_secs_f64());
        let is_more = found.taken.len() == places.len();
        for claim in found.taken {
            if let Some(place) = places.split() {
                self.begin(claim, place);
            }
        }
        if is_more {
            Duration::ZERO
        } else {
            let together = TOGETHER.min(self.inner.settings.refresh_interval / TOGETHER_PART);
            found.next.unwrap_or(LOOK).clamp(together, LOOK)
        }
    }

    fn begin(&mut self, claim: Claim, place: OwnedSemaphorePermit) {
        let key = Arc::clone(&claim.key);
        let settings = &self.inner.settings;
        // One that blocks its thread cannot be ended; its claim can.
        let until = Instant::now() + settings.compute_timeout + settings.claim_time;
        let (inner, held, token) = (Arc::clone(&self.inner), self.held.clone(), claim.token);
        // Under the lock: the task may end before it is noted otherwise.
        self.held.with(|noted| {
            let task = self.running.spawn(async move {
                let _place = place;
                let leaves = OnDrop(|| held.remove(&claim.key, token));
                let (_, told) = inner.run(&claim, || held.settle(&claim.key, token)).await;
                drop(leaves);
                if let Some(told) = told {
                    inner.tell(told).await;
                }
            });
            let computing = Computing {
                token,
                until,
                is_settling: false,
                task,
            };
            noted.insert(key, computing);
        });
    }

    /// Holds the claims longer; what is lost need not be computed.
    async fn renew(&self) {
        // What is stored needs its claim no longer, and would be lost when that is over.
        let held = self.held.at(Instant::now(), |computing| !computing.is_settling);
        if held.is_empty() {
            return;
        }
        let lost = match self.inner.jobs.renew(&held).await {
            Ok(lost) => lost,
            Err(error) => {
                // They hold for a while, and the next turn is soon.
                tracing::debug!(name = C::NAME, %error, "claims could not be renewed");
                return;
            }
        };
        for key in lost {
            tracing::warn!(
                name = C::NAME,
                key = &*key,
                "a claim is lost, another worker may have it"
            );
            let task = self.held.with(|held| held.remove(&key));
            if let Some(computing) = task {
                computing.task.abort();
            }
        }
    }

    /// Lets what has begun end, for a while, and gives the rest back.
    async fn end(mut self, stop: &Stop) {
        let all = async { while self.running.join_next().await.is_some() {} };
        select! {
            _ = timeout(PATIENCE, all) => {}
            () = stop.gone() => {}
        }
        // Before they are ended, which takes them off the list; also what is being stored, which may be cut off. What is settled is
        // nothing to be given back.
        let held = self.held.at(Instant::now(), |_| true);
        self.running.shutdown().await;
        // Also with nothing at hand: a look may have been cut off between its claims and their answer.
        if let Err(error) = self.inner.jobs.release(&held).await {
            tracing::warn!(name = C::NAME, %error, "claims could not be given back and end with their time");
        }
    }
}
