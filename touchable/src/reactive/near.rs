//! Copies of values in this process, so that a read is a look into a map.

use std::{
    collections::HashMap,
    hash::BuildHasher,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use foldhash::fast::RandomState;
use tokio::sync::Notify;

use super::{jobs::Seen, reading::ComputeError};
use crate::schedule::Moment;

/// Enough that readers of different keys seldom share a lock.
const SHARDS: usize = 64;

/// What this process knows of the keys that were read in it. No value of the application's ends while a shard is locked.
pub(super) struct Near<V> {
    hasher: RandomState,
    shards: [RwLock<Shard<V>>; SHARDS],
    /// Whether copies may be used: changes on other nodes are told.
    is_told: AtomicBool,
    /// For how long a copy may be used, and how often a key is said to be wanted.
    every: Duration,
}

struct Shard<V> {
    /// Apart from the map, whose space is never all used.
    slots: HashMap<Arc<str>, Box<Slot<V>>, RandomState>,
    /// Woken when the value of a key changes.
    waiting: HashMap<Arc<str>, Arc<Notify>, RandomState>,
}

struct Slot<V> {
    copy: Option<Copy<V>>,
    /// When the key was last said to be wanted.
    extended: Option<Moment>,
    /// How often the value has changed: a copy that was read before that is outdated.
    changes: u32,
    /// How often it was cleared: a copy that was read before that is no more.
    clears: u16,
    /// Whether the copy may be used; an outdated one is for when the schedule cannot be reached.
    is_current: bool,
}

/// A value as it was found.
#[derive(Debug)]
pub(super) struct Copy<V> {
    pub(super) value: Arc<V>,
    pub(super) computed: Moment,
    /// Until then it is fresh; `None` when it is expired, or of an older version of its record.
    pub(super) fresh_until: Option<Moment>,
    pub(super) error: Option<Arc<ComputeError>>,
    /// The newest version of the record of which this process knows; of an older one it is not fresh.
    pub(super) version: Option<Seen>,
}

/// Taken before the schedule is asked.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) key: Arc<str>,
    changes: u32,
    clears: u16,
    /// Whether the key has to be said to be wanted.
    pub(super) is_to_extend: bool,
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        Self {
            copy: None,
            extended: None,
            changes: 0,
            clears: 0,
            is_current: false,
        }
    }
}

impl<V> Near<V> {
    pub(super) fn new(every: Duration, is_told: bool) -> Self {
        let hasher = RandomState::default();
        let shard = |_| {
            RwLock::new(Shard {
                slots: HashMap::with_hasher(hasher.clone()),
                waiting: HashMap::with_hasher(hasher.clone()),
            })
        };
        Self {
            shards: std::array::from_fn(shard),
            hasher,
            is_told: AtomicBool::new(is_told),
            every,
        }
    }

    fn shard(&self, key: &str) -> &RwLock<Shard<V>> {
        // Others than those by which a map chooses its buckets.
        &self.shards[(self.hasher.hash_one(key) >> 32) as usize % SHARDS]
    }

    fn locked(&self, key: &str) -> RwLockWriteGuard<'_, Shard<V>> {
        self.shard(key).write().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, key: &str, change: impl FnOnce(&mut Slot<V>) -> T) -> Option<T> {
        // What comes out of it outlives the lock.
        self.locked(key).slots.get_mut(key).map(|slot| change(slot))
    }

    /// Looks at a copy that may be used.
    pub(super) fn get<T>(
        &self,
        key: &str,
        now: Moment,
        look: impl FnOnce(&Copy<V>) -> Option<T>,
    ) -> Option<T> {
        let shard = read(self.shard(key));
        let slot = shard.slots.get(key)?;
        let is_usable = slot.is_current && now.since(slot.extended?) < self.every;
        slot.copy.as_ref().filter(|_| is_usable).and_then(look)
    }

    /// Looks at the last copy there was.
    pub(super) fn last<T>(&self, key: &str, look: impl FnOnce(&Copy<V>) -> T) -> Option<T> {
        read(self.shard(key)).slots.get(key)?.copy.as_ref().map(look)
    }

    /// To be taken before the schedule is asked.
    pub(super) fn ticket(&self, key: &str, now: Moment) -> Ticket {
        let mut shard = self.locked(key);
        let known = shard.slots.get_key_value(key);
        let (key, slot) = match known {
            Some((key, slot)) => (Arc::clone(key), slot),
            None => {
                let key: Arc<str> = key.into();
                let slot = shard.slots.entry(Arc::clone(&key)).or_default();
                (key, &*slot)
            }
        };
        let is_recent = (slot.extended).is_some_and(|extended| now.since(extended) < self.every);
        Ticket {
            key,
            changes: slot.changes,
            clears: slot.clears,
            is_to_extend: !is_recent,
        }
    }

    /// The key was said to be wanted at this moment.
    pub(super) fn extended(&self, key: &str, at: Moment) {
        self.change(key, |slot| slot.extended = slot.extended.max(Some(at)));
    }

    /// Takes a copy in, or that there is none. When the value has changed meanwhile, the copy is for when the schedule cannot be
    /// reached.
    pub(super) fn put(&self, ticket: &Ticket, copy: Option<Copy<V>>) {
        self.change(&ticket.key, |slot| {
            let is_current = slot.changes == ticket.changes;
            let computed = |copy: &Option<Copy<V>>| copy.as_ref().map(|copy| copy.computed);
            if !is_current && (slot.clears != ticket.clears || computed(&copy) <= computed(&slot.copy)) {
                return copy;
            }
            slot.is_current = is_current && copy.is_some() && self.is_told.load(SeqCst);
            std::mem::replace(&mut slot.copy, copy)
        });
    }

    /// The value has changed.
    pub(super) fn outdate(&self, key: &str) {
        let mut shard = self.locked(key);
        if let Some(slot) = shard.slots.get_mut(key) {
            slot.outdate();
        }
        shard.wake(key);
    }

    /// The value is no more: not even what is there may be shown.
    pub(super) fn clear(&self, key: &str) {
        let mut shard = self.locked(key);
        let copy = shard.slots.get_mut(key).and_then(|slot| slot.clear());
        shard.wake(key);
        drop(shard);
        drop(copy);
    }

    /// The values of keys that begin with this are no more.
    pub(super) fn clear_under(&self, prefix: &str) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            let slots = shard.slots.iter_mut().filter(|(key, _)| key.starts_with(prefix));
            let copies: Vec<_> = slots.filter_map(|(_, slot)| slot.clear()).collect();
            let waiting = shard.waiting.extract_if(|key, _| key.starts_with(prefix));
            waiting.for_each(|(_, waiting)| waiting.notify_waiters());
            drop(shard);
            drop(copies);
        }
    }

    /// Whether changes on other nodes are told from now on.
    pub(super) fn set_told(&self, is_told: bool) {
        self.is_told.store(is_told, SeqCst);
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.slots.values_mut().for_each(|slot| slot.outdate());
            let waiting = shard.waiting.drain();
            waiting.for_each(|(_, waiting)| waiting.notify_waiters());
        }
    }

    /// Woken when the value of a key changes.
    pub(super) fn waiting(&self, key: &str) -> Arc<Notify> {
        let mut shard = self.locked(key);
        if let Some(waiting) = shard.waiting.get(key) {
            return Arc::clone(waiting);
        }
        Arc::clone(shard.waiting.entry(key.into()).or_default())
    }

    /// Forgets keys that nobody has read for so long.
    pub(super) fn sweep(&self, lifetime: Duration) {
        let now = Moment::now();
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.waiting.retain(|_, waiting| Arc::strong_count(waiting) > 1);
            let is_forgotten = |slot: &Slot<V>| {
                let last = slot.extended;
                last.is_none_or(|last| now.since(last) >= lifetime)
            };
            let Shard { slots, waiting } = &mut *shard;
            let forgotten: Vec<_> = slots
                .extract_if(|key, slot| is_forgotten(slot) && !waiting.contains_key(key))
                .collect();
            drop(shard);
            drop(forgotten);
        }
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).slots.len()).sum()
    }
}

fn read<V>(shard: &RwLock<Shard<V>>) -> RwLockReadGuard<'_, Shard<V>> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

impl<V> Slot<V> {
    const fn outdate(&mut self) {
        self.changes = self.changes.wrapping_add(1);
        self.is_current = false;
    }

    /// The copy there was.
    const fn clear(&mut self) -> Option<Copy<V>> {
        self.outdate();
        self.clears = self.clears.wrapping_add(1);
        self.copy.take()
    }
}

impl<V> Shard<V> {
    fn wake(&mut self, key: &str) {
        if let Some(waiting) = self.waiting.remove(key) {
            waiting.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_mins(1);

    impl Near<u8> {
        /// Takes in that this was computed then.
        fn found(&self, ticket: &Ticket, value: u8, computed: Moment) {
            let copy = Copy {
                value: Arc::new(value),
                computed,
                fresh_until: None,
                error: None,
                version: None,
            };
            self.put(ticket, Some(copy));
        }
    }

    impl Near<u8> {
        /// What may be used, and what there is besides.
        fn both(&self, now: Moment) -> (Option<u8>, Option<u8>) {
            (
                self.get("a", now, |copy| Some(*copy.value)),
                self.last("a", |copy| *copy.value),
            )
        }
    }

    #[test]
    fn a_copy_of_before_a_change_is_for_an_emergency() {
        let (near, now) = (Near::new(EVERY, true), Moment::now());
        let ticket = near.ticket("a", now);
        near.extended("a", now);
        near.outdate("a");
        near.found(&ticket, 1, now);
        assert_eq!(near.both(now), (None, Some(1)));
        let late = near.ticket("a", now);
        near.found(&near.ticket("a", now), 2, now + EVERY / 2);
        assert_eq!(near.both(now), (Some(2), Some(2)));
        near.outdate("a");
        near.found(&late, 1, now);
        assert_eq!(near.both(now), (None, Some(2)), "the newer one stays");
    }

    #[test]
    fn a_copy_of_before_a_clearing_is_none() {
        let (near, now) = (Near::new(EVERY, true), Moment::now());
        for clear in [
            |near: &Near<u8>| near.clear("a"),
            |near: &Near<u8>| near.clear_under("a"),
        ] {
            near.found(&near.ticket("a", now), 1, now);
            near.extended("a", now);
            assert_eq!(near.both(now), (Some(1), Some(1)));
            let ticket = near.ticket("a", now);
            clear(&near);
            near.found(&ticket, 1, now);
            assert_eq!(near.both(now), (None, None));
        }
    }

    #[test]
    fn what_is_not_told_is_not_used() {
        let (near, now) = (Near::new(EVERY, true), Moment::now());
        let ticket = near.ticket("a", now);
        near.extended("a", now);
        near.set_told(false);
        near.found(&ticket, 1, now);
        near.found(&near.ticket("a", now), 2, now + EVERY);
        assert_eq!(near.both(now), (None, Some(2)));
        near.set_told(true);
        assert_eq!(near.both(now), (None, Some(2)), "it may have changed meanwhile");
        near.found(&near.ticket("a", now), 3, now + EVERY);
        assert_eq!(near.both(now), (Some(3), Some(3)));
    }
}
