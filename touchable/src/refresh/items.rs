//! The items: read by anybody at any time, changed by one at a time.

use std::{
    hash::Hash,
    mem,
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

use arc_swap::ArcSwapOption;
use foldhash::fast::RandomState;
use papaya::HashMap;
use tokio::sync::{Notify, watch};

use super::queue::{Id, Queue};
use crate::schedule::Moment;

/// Items by key.
///
/// Every change happens under the lock of the queue. Readers go around it, to a map without locks.
pub(super) struct Items<K, V> {
    read: HashMap<K, Arc<Entry<V>>, RandomState>,
    queue: Mutex<Queue<K, Arc<Entry<V>>>>,
    /// Counts new items: when an item was last used is told to their resolution.
    epoch: AtomicU64,
    /// Something may be due sooner than whoever waits for it knows.
    pub(super) wake: Notify,
    /// The time of some item may be over sooner.
    pub(super) expiring: Notify,
}

/// An item, as readers find it.
pub(super) struct Entry<V> {
    /// None when it has left.
    value: ArcSwapOption<V>,
    used: AtomicU64,
    watch: OnceLock<watch::Sender<Shown<V>>>,
    facts: Mutex<Facts>,
}

/// What is shown of an item to those that watch it.
pub(super) struct Shown<V> {
    /// The newest one, also when the item has left.
    pub(super) value: Arc<V>,
    /// Of the value.
    pub(super) number: u64,
    pub(super) has_left: bool,
}

/// What is known of an item besides. Changed under the lock of the queue.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) created: Moment,
    pub(super) polled: Option<Moment>,
    /// In a row, a period apart.
    pub(super) failures: u32,
    /// When the last of them was counted.
    pub(super) counted: Option<Moment>,
    pub(super) last_error: Option<Arc<str>>,
    pub(super) given_up: bool,
}

impl<V> Entry<V> {
    fn new(value: Arc<V>, now: Moment) -> Self {
        Self {
            value: ArcSwapOption::new(Some(value)),
            used: AtomicU64::new(0),
            watch: OnceLock::new(),
            facts: Mutex::new(Facts {
                created: now,
                polled: None,
                failures: 0,
                counted: None,
                last_error: None,
                given_up: false,
            }),
        }
    }

    pub(super) fn value(&self) -> Option<Arc<V>> {
        self.value.load_full()
    }

    pub(super) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When it was last used.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Relaxed)
    }
}

/// The queue, for a moment. Nothing of the application's runs while it is locked, not even the end of its values.
pub(super) struct Locked<'a, K, V> {
    queue: MutexGuard<'a, Queue<K, Arc<Entry<V>>>>,
    items: &'a Items<K, V>,
    /// Dropped after the lock, as fields are in their order.
    dropped: Vec<Arc<V>>,
}

impl<K, V> Deref for Locked<'_, K, V> {
    type Target = Queue<K, Arc<Entry<V>>>;

    fn deref(&self) -> &Queue<K, Arc<Entry<V>>> {
        &self.queue
    }
}

impl<K, V> DerefMut for Locked<'_, K, V> {
    fn deref_mut(&mut self) -> &mut Queue<K, Arc<Entry<V>>> {
        &mut self.queue
    }
}

impl<K: Clone + Eq + Hash, V> Items<K, V> {
    pub(super) fn new() -> Self {
        Self {
            read: HashMap::with_hasher(RandomState::default()),
            queue: Mutex::new(Queue::new()),
            epoch: AtomicU64::new(0),
            wake: Notify::new(),
            expiring: Notify::new(),
        }
    }

    pub(super) fn lock(&self) -> Locked<'_, K, V> {
        Locked {
            queue: self.queue.lock().unwrap_or_else(PoisonError::into_inner),
            items: self,
            dropped: Vec::new(),
        }
    }

    /// The value of an item, which is used by that.
    pub(super) fn get(&self, key: &K) -> Option<Arc<V>> {
        let items = self.read.pin();
        let entry = items.get(key)?;
        // Later than the newest item, and earlier than the next one.
        let now = 2 * self.epoch.load(Acquire) + 1;
        if entry.used() != now {
            entry.used.store(now, Relaxed);
        }
        entry.value()
    }

    pub(super) fn len(&self) -> usize {
        self.read.len()
    }
}

impl<K: Clone + Eq + Hash, V> Locked<'_, K, V> {
    /// A new item, of a key that has none.
    pub(super) fn add(&mut self, key: K, value: Arc<V>, now: Moment) -> Id {
        let used = 2 * (self.items.epoch.fetch_add(1, Release) + 1);
        let entry = Arc::new(Entry::new(value, now));
        entry.used.store(used, Relaxed);
        let id = self.queue.insert(key.clone(), Arc::clone(&entry), used);
        self.items.read.pin().insert(key, entry);
        id
    }

    /// Removes an item; returns its value.
    pub(super) fn take(&mut self, id: Id) -> Option<Arc<V>> {
        let key = self.queue.key(id).clone();
        let entry = self.queue.remove(id)?;
        self.items.read.pin().remove(&key);
        if let Some(watch) = entry.watch.get() {
            watch.send_modify(|shown| shown.has_left = true);
        }
        // What the map has of it is dropped some time.
        entry.value.swap(None)
    }

    /// Puts another value in its place.
    pub(super) fn set(&mut self, entry: &Entry<V>, value: Arc<V>) {
        if let Some(watch) = entry.watch.get() {
            watch.send_modify(|shown| {
                shown.number += 1;
                self.dropped
                    .push(mem::replace(&mut shown.value, Arc::clone(&value)));
            });
        }
        self.dropped.extend(entry.value.swap(Some(value)));
    }

    /// From now on every value of an item.
    pub(super) fn watch(&self, id: Id) -> Option<watch::Receiver<Shown<V>>> {
        let entry = self.queue.get(id)?;
        let value = entry.value()?;
        let watch = entry.watch.get_or_init(|| {
            watch::Sender::new(Shown {
                value,
                number: 1,
                has_left: false,
            })
        });
        Some(watch.subscribe())
    }

    /// Values that end when this does.
    pub(super) fn drop_later(&mut self, value: Arc<V>) {
        self.dropped.push(value);
    }
}
