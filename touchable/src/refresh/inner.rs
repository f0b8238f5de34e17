//! What all handles and tasks of a cache share, and how an item changes.

use std::{
    hash::Hash,
    mem,
    sync::{self, Arc, PoisonError},
    time::Duration,
};

use tokio::sync::{Mutex, watch};

use super::{
    builder::{OnFull, Settings},
    creating::Creating,
    items::{Entry, Items, Locked},
    observe::{Meters, Stats},
    poller::{Evicted, Poller},
    queue::{Class, Due, Id, Stage},
    worker,
};
use crate::{
    error::{Error, Result, refresh::Failure},
    schedule::{Backoff, Limiter, Moment, around},
};

/// A quarter of its age after the poll before a new item is polled again, when polling is adaptive.
const PARTS_OF_AGE: u32 = 4;
/// How far a period goes to either side, as a part of itself.
const JITTER: f64 = 0.1;

pub(super) struct Inner<P: Poller> {
    pub(super) name: Arc<str>,
    pub(super) poller: P,
    pub(super) settings: Settings,
    pub(super) backoff: Backoff,
    pub(super) items: Items<P::Key, P::Item>,
    pub(super) limiter: Limiter,
    /// Held by the worker that waits for what is due next.
    pub(super) turn: Mutex<worker::Pass>,
    pub(super) meters: Meters,
    pub(super) creating: Creating<P::Key>,
    /// When a call last succeeded.
    pub(super) success: sync::Mutex<Option<Moment>>,
    /// Whether it was shut down.
    pub(super) over: watch::Sender<bool>,
    /// Whether the last call has ended since.
    pub(super) ended: watch::Sender<bool>,
}

impl<P: Poller> Inner<P> {
    pub(super) fn failure(&self, key: &P::Key, failure: impl FnOnce(String, String) -> Failure) -> Error {
        failure(self.name.to_string(), format!("{key:?}")).into()
    }

    pub(super) fn success(&self) -> sync::MutexGuard<'_, Option<Moment>> {
        self.success.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    pub(super) fn full(&self, key: &P::Key) -> Error {
        let capacity = self.settings.capacity;
        self.failure(key, |name, key| Failure::Full { name, key, capacity })
    }

    pub(super) fn create(&self, key: &P::Key, value: &Arc<P::Item>, is_terminal: bool) -> Result<()> {
        let (capacity, now) = (self.settings.capacity, Moment::now());
        let mut queue = self.items.lock();
        let mut evicted = None;
        if queue.len() >= capacity {
            if self.settings.on_full == OnFull::Refuse {
                drop(queue);
                return Err(self.full(key));
            }
            if let Some(id) = queue.least_recently_used(|entry| entry.used()) {
                let reason = match queue.stage(id) {
                    Stage::Live => Evicted::Live,
                    Stage::Finished => Evicted::Finished,
                };
                let key = queue.key(id).clone();
                evicted = queue.take(id).map(|value| (key, value, reason));
            }
        }
        let id = queue.add(key.clone(), Arc::clone(value), now);
        queue.expire_at(id, self.settings.max_age.map(|age| now + age));
        if is_terminal {
            self.finish(&mut queue, id, now);
        } else {
            let due = if self.settings.sync_on_create {
                let gather = if self.settings.batch > 1 {
                    worker::GATHER
                } else {
                    Duration::ZERO
                };
                Due::urgent(now + gather)
            } else {
                self.next_due(now, now)
            };
            queue.schedule(id, due, now);
        }
        drop(queue);
        self.items.wake.notify_one();
        if self.settings.max_age.is_some() || is_terminal {
            self.items.expiring.notify_one();
        }
        if let Some((key, value, reason)) = evicted {
            self.tell_evicted(&key, &value, reason);
        }
        Ok(())
    }

    /// When an item is due whose poll has just ended.
    pub(super) fn next_due(&self, now: Moment, created: Moment) -> Due {
        let period = self.settings.resync_period;
        let period = self.settings.fastest.map_or(period, |fastest| {
            (now.since(created) / PARTS_OF_AGE).clamp(fastest, period)
        });
        Due {
            at: now + around(period, JITTER),
            class: Class::Resync,
            exact: false,
        }
    }

    /// Nothing more will become of an item.
    fn finish(&self, queue: &mut Locked<'_, P::Key, P::Item>, id: Id, now: Moment) {
        queue.enter(id, Stage::Finished);
        if let Some(time) = self.settings.terminal_ttl {
            let at = now + time;
            let at = queue.expires(id).map_or(at, |before| before.min(at));
            queue.expire_at(id, Some(at));
            self.items.expiring.notify_one();
        }
    }

    /// Puts another value in the place of one.
    pub(super) fn set(
        &self,
        queue: &mut Locked<'_, P::Key, P::Item>,
        id: Id,
        value: Arc<P::Item>,
        is_terminal: bool,
        now: Moment,
    ) {
        let Some(entry) = queue.get(id).map(Arc::clone) else {
            return;
        };
        if is_terminal {
            self.finish(queue, id, now);
        }
        queue.set(&entry, value);
    }

    /// An item has failed once more; returns how often in a row, and whether it is given up. Failures that hints have hastened are
    /// one with the one before.
    pub(super) fn fail(
        &self,
        queue: &mut Locked<'_, P::Key, P::Item>,
        id: Id,
        entry: &Entry<P::Item>,
        error: Arc<str>,
        now: Moment,
    ) -> (u32, bool) {
        let mut facts = entry.facts();
        let period = self.settings.resync_period.mul_f64(1.0 - JITTER);
        if facts.counted.is_none_or(|counted| now.since(counted) >= period) {
            facts.failures = facts.failures.saturating_add(1);
            facts.counted = Some(now);
        }
        facts.last_error = Some(error);
        let most = self.settings.max_failures;
        facts.given_up = facts.failures >= most && most < u32::MAX;
        let (failures, given_up) = (facts.failures, facts.given_up);
        drop(facts);
        if given_up {
            queue.enter(id, Stage::Finished);
            // Whoever waits for it is told.
            if let Some(value) = entry.value() {
                queue.set(entry, value);
            }
        }
        (failures, given_up)
    }

    /// Somebody says that an item has changed.
    pub(super) fn hint(&self, key: &P::Key, after: Duration) -> bool {
        if self.is_over() {
            return false;
        }
        let now = Moment::now();
        let mut queue = self.items.lock();
        let Some(id) = queue.find(key) else {
            return false;
        };
        let done = queue.schedule(id, Due::urgent(now + after), now);
        drop(queue);
        self.items.wake.notify_one();
        done
    }

    /// Somebody says that any item may have changed. Behind new ones, as the limit allows.
    pub(super) fn hint_all(&self) {
        let now = Moment::now();
        let mut queue = self.items.lock();
        let all: Vec<Id> = queue.ids().collect();
        for id in all {
            let due = Due {
                class: Class::Resync,
                ..Due::urgent(now)
            };
            // What fails is asked about after its pause.
            if queue.get(id).is_some_and(|entry| entry.facts().failures == 0) {
                queue.schedule(id, due, now);
            }
        }
        drop(queue);
        self.items.wake.notify_one();
    }

    pub(super) fn keys(&self) -> Vec<P::Key> {
        let queue = self.items.lock();
        queue.ids().map(|id| queue.key(id).clone()).collect()
    }

    pub(super) fn stats(&self) -> Stats {
        let now = Moment::now();
        let queue = self.items.lock();
        let since = |moment: Option<Moment>| moment.map_or(Duration::ZERO, |moment| now.since(moment));
        let (items, finished) = (queue.len(), queue.finished());
        let stats = Stats {
            items,
            finished,
            live: items - finished,
            queued: queue.queued(),
            lag: since(queue.next_due().filter(|due| *due <= now)),
            longest_call: since(queue.running_since()),
            ..Stats::default()
        };
        drop(queue);
        self.meters.complete(stats)
    }
}

/// Polls an item that was given up again; returns whether it was.
pub(super) fn retry<K: Clone + Eq + Hash, V>(queue: &mut Locked<'_, K, V>, id: Id) -> bool {
    let Some(entry) = queue.get(id).map(Arc::clone) else {
        return false;
    };
    {
        let mut facts = entry.facts();
        if !mem::take(&mut facts.given_up) {
            return false;
        }
        facts.failures = 0;
    }
    let now = Moment::now();
    queue.enter(id, Stage::Live);
    queue.schedule(id, Due::urgent(now), now)
}
