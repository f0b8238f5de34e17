//! Claiming what is due, and computing it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    select,
    sync::OwnedSemaphorePermit,
    task::{AbortHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{
    compute::Compute,
    front::Inner,
    jobs::{Claim, HeldKey},
};
use crate::schedule::{Backoff, Interval, Stop};

/// How often a worker looks whatever it was told: what is due by the word of another node reaches it as news, which can be
/// lost.
const LOOK: Duration = Duration::from_secs(1);
/// The most that one look claims.
const MOST: usize = 100;
/// After errors of the schedule.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
/// How long a worker that stops waits for what it has begun.
const PATIENCE: Duration = Duration::from_secs(3);

/// By key: the token of its claim, and the task that computes it.
type Claimed = HashMap<Arc<str>, (u64, AbortHandle)>;

/// The claims that this node holds.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<Claimed>>);

impl Held {
    fn with<T>(&self, look: impl FnOnce(&mut Claimed) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn all(&self) -> Vec<HeldKey> {
        self.with(|held| {
            let all = held.iter().map(|(key, (token, _))| (Arc::clone(key), *token));
            all.collect()
        })
    }

    /// The computation has ended.
    fn remove(&self, key: &str, token: u64) {
        self.with(|held| {
            if held.get(key).is_some_and(|(of, _)| *of == token) {
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
        let mut look_at = Some(Instant::now());
        loop {
            // What has ended is put away before anything new begins: a flood would pile it up otherwise.
            while self.running.try_join_next().is_some() {}
            let pool = &self.inner.settings.pool;
            select! {
                // A place first: what is claimed is computed at once.
                places = pool.take(MOST), if look_at.is_some_and(|at| at <= Instant::now()) => {
                    look_at = Some(Instant::now() + self.look(places).await);
                }
                () = sleep_until(look_at.unwrap_or_else(Instant::now)), if look_at.is_some_and(|at| at > Instant::now()) => {}
                _ = self.turns.turn() => look_at = Some(Instant::now()),
                _ = renewals.tick() => self.renew().await,
                Some(_) = self.running.join_next() => {}
            }
        }
    }

    /// Claims as much as there are places; how long nothing more will be due.
    async fn look(&mut self, mut places: Vec<OwnedSemaphorePermit>) -> Duration {
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
            if let Some(place) = places.pop() {
                self.begin(claim, place);
            }
        }
        if is_more {
            Duration::ZERO
        } else {
            found.next.unwrap_or(LOOK).min(LOOK)
        }
    }

    fn begin(&mut self, claim: Claim, place: OwnedSemaphorePermit) {
        let (key, token) = (Arc::clone(&claim.key), claim.token);
        let (inner, held) = (Arc::clone(&self.inner), self.held.clone());
        let (of, wake) = (Arc::clone(&key), self.inner.jobs.wake().clone());
        // Under the lock: the task may end before it is noted otherwise.
        self.held.with(|noted| {
            let task = self.running.spawn(async move {
                inner.run(claim).await;
                held.remove(&of, token);
                drop(place);
                wake.wake();
            });
            noted.insert(key, (token, task));
        });
    }

    /// Holds the claims longer; what is lost need not be computed.
    async fn renew(&self) {
        let held = self.held.all();
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
            if let Some((_, task)) = task {
                task.abort();
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
        self.running.shutdown().await;
        let held = self.held.all();
        if held.is_empty() {
            return;
        }
        if let Err(error) = self.inner.jobs.release(&held).await {
            tracing::warn!(name = C::NAME, %error, "claims could not be given back and end with their time");
        }
    }
}
