//! Entries in this process, bounded by bytes.

mod entry;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::{Store, Ttl, failed, integer, observe};
use crate::{clock::Clock, error::Result};
use bytes::Bytes;
use entry::Entry;
pub(crate) use entry::Held;
use foldhash::fast::RandomState;
use moka::{
    notification::RemovalCause,
    ops::compute::{CompResult, Op},
    policy::EvictionPolicy,
    sync::Cache,
};

/// Entries in the memory of this process.
///
/// It holds at most [`max_bytes`](MemoryBuilder::max_bytes), and the entries that were not read for the longest time
/// make room for new ones. A clone is the same store.
///
/// A hit copies no bytes and allocates nothing. [`delete_prefix`](Store::delete_prefix) looks at every key there is,
/// on the thread of the caller; entries that are written meanwhile may stay. A value that is a slice of a larger
/// [`Bytes`] keeps the whole of it in memory.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> touchable::Result<()> {
/// use touchable::cache::store::{Memory, Store};
///
/// let store = Memory::builder().max_bytes(16 << 20).build();
/// store.set("events/1", "a page".into(), None).await?;
/// assert_eq!(store.get("events/1").await?, Some("a page".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    entries: Cache<Box<str>, Entry, RandomState>,
    max_bytes: u64,
    clock: Clock,
    /// Bytes that were written since the cache was last told to make room.
    unsettled: AtomicU64,
}

/// The share of the bound that may be written before room is made. Moka makes it by the number of writes, which with
/// large values is late.
const UNSETTLED_SHARE: u64 = 16;

/// How often a read that was overtaken by writes looks again.
const LOOKS: usize = 16;

/// Moka evicts some hundred entries a round; one large value can need the room of many small ones.
const ROUNDS: usize = 256;

/// The settings of a [`Memory`].
#[must_use = "nothing is stored before `build`"]
#[derive(Clone, Debug)]
pub struct MemoryBuilder {
    max_bytes: u64,
    clock: Clock,
}

impl MemoryBuilder {
    /// How many bytes of keys, values and what surrounds them are kept; 64 MiB by default. An entry that is larger than
    /// that is not stored. What is being written passes the bound for a moment, by at most an eighth of it and one
    /// entry a thread. Values below a 16,384th of the bound, 4 KiB by default, are given back some hundred changes after
    /// they were evicted.
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The clock by which entries expire; the system's by default.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// An empty store.
    #[must_use]
    pub fn build(self) -> Memory {
        // Least recently used, because a key that carries a version is never read again once a touch has moved the
        // version: a policy that goes by frequency would keep it and refuse its successor.
        let entries = Cache::<Box<str>, Entry>::builder()
            .max_capacity(self.max_bytes)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|key, entry| u32::try_from(entry.weight(key)).unwrap_or(u32::MAX))
            .eviction_listener(|_, entry: Entry, cause| {
                entry.empty();
                if cause == RemovalCause::Size {
                    observe::evicted_from_memory(1);
                }
            })
            .build_with_hasher(RandomState::default());
        Memory(Arc::new(Inner {
            entries,
            max_bytes: self.max_bytes,
            clock: self.clock,
            unsettled: AtomicU64::new(0),
        }))
    }
}

impl Memory {
    /// A store with the defaults of its [builder](Self::builder).
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A store with other settings.
    pub fn builder() -> MemoryBuilder {
        MemoryBuilder {
            max_bytes: 64 << 20,
            clock: Clock::system(),
        }
    }

    /// How many bytes it holds now, expired entries that nobody has asked for included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.entries.run_pending_tasks();
        self.0.entries.weighted_size()
    }

    fn entry(&self, value: Bytes, ttl: Option<Ttl>) -> Entry {
        let expires_at = ttl.map_or(i64::MAX, |ttl| ttl.after(self.0.clock.now()));
        Entry::new(value, expires_at, self.0.max_bytes)
    }

    fn is_live(&self, entry: &Entry) -> bool {
        entry.is_live(|| self.0.clock.now())
    }

    fn read(&self, key: &str) -> Option<Bytes> {
        for _ in 0..LOOKS {
            let entry = self.0.entries.get(key)?;
            if !self.is_live(&entry) {
                self.forget_expired(key);
                return None;
            }
            if let Some(value) = entry.value() {
                return Some(value);
            }
        }
        None
    }

    /// Looks at a live entry where it is; nothing when there is none, or it goes this very moment.
    pub(crate) fn look<R>(&self, key: &str, look: impl FnOnce(&Held) -> Option<R>) -> Option<R> {
        let entry = self.0.entries.get(key)?;
        self.is_live(&entry).then(|| entry.look(look))?
    }

    /// Whatever has been written in between stays.
    fn forget_expired(&self, key: &str) {
        self.compute(key, |entry| match entry {
            Some(entry) if !self.is_live(&entry) => Op::Remove,
            _ => Op::Nop,
        });
    }

    /// All changes of one key go through here, one after the other.
    fn compute(
        &self,
        key: &str,
        change: impl FnOnce(Option<Entry>) -> Op<Entry>,
    ) -> CompResult<Box<str>, Entry> {
        let mut written = 0;
        let done = self.0.entries.entry(key.into()).and_compute_with(|entry| {
            let change = change(entry.map(moka::Entry::into_value));
            match &change {
                Op::Put(entry) => written = entry.weight(key),
                Op::Nop | Op::Remove => {}
            }
            if written > self.0.max_bytes {
                Op::Remove
            } else {
                change
            }
        });
        self.settle(written);
        done
    }

    fn settle(&self, written: u64) {
        let unsettled = self.0.unsettled.fetch_add(written, Relaxed) + written;
        if unsettled <= self.0.max_bytes / UNSETTLED_SHARE {
            return;
        }
        self.0.unsettled.store(0, Relaxed);
        for _ in 0..ROUNDS {
            self.0.entries.run_pending_tasks();
            if self.0.entries.weighted_size() <= self.0.max_bytes {
                break;
            }
        }
    }

    fn write(&self, key: &str, value: Bytes, ttl: Option<Ttl>) {
        self.compute(key, |_| Op::Put(self.entry(value, ttl)));
    }

    fn remove(&self, key: &str) -> bool {
        match self.compute(key, |_| Op::Remove) {
            CompResult::Removed(entry) => self.is_live(entry.value()),
            _ => false,
        }
    }

    /// Removes the entries with such keys; how many there were. What is written meanwhile may stay.
    pub(super) fn remove_where(&self, is_doomed: impl Fn(&str) -> bool) -> u64 {
        let keys = self.0.entries.iter().map(|(key, _)| key);
        let doomed = keys.filter(|key| is_doomed(key));
        doomed.map(|key| u64::from(self.remove(&key))).sum()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("max_bytes", &self.0.max_bytes)
            .field("entries", &self.0.entries.entry_count())
            .finish_non_exhaustive()
    }
}

impl Store for Memory {
    const NAME: &'static str = "memory";
    const SHARED: bool = false;

    fn at_hand(&self) -> Option<&Memory> {
        Some(self)
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(self.read(key))
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
        Ok(keys.iter().map(|key| self.read(key)).collect())
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<()> {
        self.write(key, value, ttl);
        Ok(())
    }

    async fn set_many(&self, entries: &[(&str, Bytes)], ttl: Option<Ttl>) -> Result<()> {
        for (key, value) in entries {
            self.write(key, value.clone(), ttl);
        }
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        Ok(self.remove(key))
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        Ok(keys.iter().map(|key| u64::from(self.remove(key))).sum())
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<u64> {
        Ok(self.remove_where(|key| key.starts_with(prefix)))
    }

    async fn increment(&self, key: &str, by: i64, ttl: Option<Ttl>) -> Result<i64> {
        let mut sum = Ok(by);
        self.compute(key, |entry| {
            let live = entry.filter(|entry| self.is_live(entry));
            let live = live.and_then(|entry| Some((entry.value()?, entry)));
            if let Some((value, _)) = &live {
                sum = integer::add(value, by);
            }
            let Ok(sum) = sum else { return Op::Nop };
            let value = Bytes::from(sum.to_string());
            Op::Put(match live {
                Some((_, entry)) => Entry::new(value, entry.expires_at(), self.0.max_bytes),
                None => self.entry(value, ttl),
            })
        });
        sum.map_err(|problem| failed::failed(Self::NAME, "increment", failed::key(key), problem))
    }

    async fn add(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<bool> {
        let mut added = false;
        self.compute(key, |entry| {
            added = !entry.is_some_and(|entry| self.is_live(&entry));
            if added {
                Op::Put(self.entry(value, ttl))
            } else {
                Op::Nop
            }
        });
        Ok(added)
    }
}
