//! Copies of values in this process, so that a read is a look into a map.

use std::{
    collections::HashMap,
    hash::BuildHasher,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use foldhash::fast::RandomState;
use tokio::{sync::Notify, time::Instant};

use super::reading::ComputeError;

/// Enough that readers of different keys seldom share a lock.
const SHARDS: usize = 64;

/// What this process knows of the keys that were read in it.
pub(super) struct Near<V> {
    hasher: RandomState,
    shards: [RwLock<HashMap<Box<str>, Slot<V>>>; SHARDS],
    /// Whether copies may be used: changes on other nodes are told.
    is_told: AtomicBool,
    /// For how long a copy may be used, and how often a key is said to be wanted.
    every: Duration,
}

struct Slot<V> {
    copy: Option<Arc<Copy<V>>>,
    /// Whether the copy may be used; an outdated one is for when the schedule cannot be reached.
    is_current: bool,
    /// How often the copy was outdated: one that was read before that is not taken in.
    changes: u32,
    /// When the key was last said to be wanted.
    extended: Option<Instant>,
    waiting: Option<Arc<Notify>>,
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        Self {
            copy: None,
            is_current: false,
            changes: 0,
            extended: None,
            waiting: None,
        }
    }
}

/// A value as it was found.
#[derive(Debug)]
pub(super) struct Copy<V> {
    pub(super) value: Arc<V>,
    /// How old it was when it was read. A moment of its computation there may be none: a monotonic clock can be younger.
    pub(super) age: Duration,
    pub(super) read: Instant,
    /// Until then it is fresh; `None` when it is not any more, or expired.
    pub(super) fresh_until: Option<Instant>,
    pub(super) error: Option<Arc<ComputeError>>,
    pub(super) version: Option<Arc<str>>,
    /// The version of the record that the schedule knows of.
    pub(super) told: Option<Arc<str>>,
}

/// Taken before the schedule is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    changes: u32,
    /// Whether the key has to be said to be wanted.
    pub(super) is_to_extend: bool,
}

impl<V> Copy<V> {
    pub(super) fn age(&self, now: Instant) -> Duration {
        self.age.saturating_add(now.saturating_duration_since(self.read))
    }
}

impl<V> Near<V> {
    pub(super) fn new(every: Duration, is_told: bool) -> Self {
        Self {
            hasher: RandomState::default(),
            shards: std::array::from_fn(|_| RwLock::default()),
            is_told: AtomicBool::new(is_told),
            every,
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    fn shard(&self, key: &str) -> &RwLock<HashMap<Box<str>, Slot<V>>> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }

    fn change<T>(&self, key: &str, change: impl FnOnce(&mut Slot<V>) -> T) -> Option<T> {
        let mut shard = self.shard(key).write().unwrap_or_else(PoisonError::into_inner);
        shard.get_mut(key).map(change)
    }

    /// A copy that may be used.
    pub(super) fn get(&self, key: &str, now: Instant) -> Option<Arc<Copy<V>>> {
        let shard = self.shard(key).read().unwrap_or_else(PoisonError::into_inner);
        let slot = shard.get(key)?;
        let is_usable = slot.is_current && now.saturating_duration_since(slot.extended?) < self.every;
        slot.copy.as_ref().filter(|_| is_usable).map(Arc::clone)
    }

    /// The last copy there was.
    pub(super) fn last(&self, key: &str) -> Option<Arc<Copy<V>>> {
        let shard = self.shard(key).read().unwrap_or_else(PoisonError::into_inner);
        shard.get(key)?.copy.clone()
    }

    /// To be taken before the schedule is asked.
    pub(super) fn ticket(&self, key: &str, now: Instant) -> Ticket {
        let mut shard = self.shard(key).write().unwrap_or_else(PoisonError::into_inner);
        let slot = match shard.get_mut(key) {
            Some(slot) => slot,
            None => shard.entry(key.into()).or_default(),
        };
        let is_recent = slot
            .extended
            .is_some_and(|extended| now.saturating_duration_since(extended) < self.every);
        Ticket {
            changes: slot.changes,
            is_to_extend: !is_recent,
        }
    }

    /// The key was said to be wanted at this moment.
    pub(super) fn extended(&self, key: &str, at: Instant) {
        self.change(key, |slot| slot.extended = slot.extended.max(Some(at)));
    }

    /// Takes a copy in, unless it may be outdated by now.
    pub(super) fn put(&self, key: &str, ticket: Ticket, copy: Arc<Copy<V>>) {
        self.change(key, |slot| {
            if slot.changes == ticket.changes {
                slot.is_current = self.is_told.load(SeqCst);
                slot.copy = Some(copy);
            }
        });
    }

    /// There is no value in the schedule, unless it has changed since.
    pub(super) fn forget(&self, key: &str, ticket: Ticket) {
        self.change(key, |slot| {
            if slot.changes == ticket.changes {
                (slot.copy, slot.is_current) = (None, false);
            }
        });
    }

    /// The value has changed.
    pub(super) fn outdate(&self, key: &str) {
        self.change(key, Slot::outdate);
    }

    /// The value is no more: not even what is there may be shown.
    pub(super) fn clear(&self, key: &str) {
        self.change(key, Slot::clear);
    }

    /// The values of keys that begin with this are no more.
    pub(super) fn clear_under(&self, prefix: &str) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            let under = shard.iter_mut().filter(|(key, _)| key.starts_with(prefix));
            under.for_each(|(_, slot)| slot.clear());
        }
    }

    /// Whether changes on other nodes are told from now on.
    pub(super) fn set_told(&self, is_told: bool) {
        self.is_told.store(is_told, SeqCst);
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.values_mut().for_each(Slot::outdate);
        }
    }

    /// Woken when the value of a key changes.
    pub(super) fn waiting(&self, key: &str) -> Arc<Notify> {
        let mut shard = self.shard(key).write().unwrap_or_else(PoisonError::into_inner);
        let slot = shard.entry(key.into()).or_default();
        Arc::clone(slot.waiting.get_or_insert_default())
    }

    /// Forgets keys that nobody has read for so long.
    pub(super) fn sweep(&self, lifetime: Duration) {
        let now = Instant::now();
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, slot| {
                let is_waited_for = slot
                    .waiting
                    .as_ref()
                    .is_some_and(|waiting| Arc::strong_count(waiting) > 1);
                let last = slot.extended;
                is_waited_for || last.is_some_and(|last| now.saturating_duration_since(last) < lifetime)
            });
        }
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        let of = |shard: &RwLock<HashMap<Box<str>, Slot<V>>>| {
            shard.read().unwrap_or_else(PoisonError::into_inner).len()
        };
        self.shards.iter().map(of).sum()
    }
}

impl<V> Slot<V> {
    fn clear(&mut self) {
        self.outdate();
        self.copy = None;
    }

    fn outdate(&mut self) {
        self.changes = self.changes.wrapping_add(1);
        self.is_current = false;
        if let Some(waiting) = self.waiting.take() {
            waiting.notify_waiters();
        }
    }
}
