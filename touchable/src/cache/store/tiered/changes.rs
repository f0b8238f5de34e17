//! How a value on its way into the near store learns that it is old.
//!
//! ```text
//! read    look ─ far.get ─ look: the same? near.set ─ look again: another? near.delete
//! write   mark ─ far.set ─ mark: nobody in between? near.set ─ look again: another? near.delete
//! ```
//!
//! A value goes into the near store only when nobody has changed its key since before it was read or written. It may
//! still arrive there after a newer one: then the second look finds a mark that the first did not.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    iter,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

/// How often keys have changed, several keys to a counter.
#[derive(Debug)]
pub(super) struct Changes {
    counters: Box<[AtomicU64]>,
    hasher: RandomState,
}

const COUNTERS: usize = 1_024;

impl Changes {
    pub(super) fn new() -> Self {
        Self {
            counters: iter::repeat_with(AtomicU64::default).take(COUNTERS).collect(),
            hasher: RandomState::new(),
        }
    }

    fn place(&self, key: &str) -> usize {
        // The remainder is less than the length, which fits.
        #[allow(clippy::cast_possible_truncation)]
        let place = (self.hasher.hash_one(key) % COUNTERS as u64) as usize;
        place
    }

    pub(super) fn seen(&self, key: &str) -> u64 {
        self.counters[self.place(key)].load(SeqCst)
    }

    /// Marks a change of these keys; the count of each. A counter moves once, whichever of the keys share it.
    pub(super) fn mark(&self, keys: &[&str]) -> Vec<u64> {
        let places: Vec<usize> = keys.iter().map(|key| self.place(key)).collect();
        let mut counts = BTreeMap::new();
        for place in &places {
            counts
                .entry(*place)
                .or_insert_with(|| self.counters[*place].fetch_add(1, SeqCst) + 1);
        }
        places
            .iter()
            .filter_map(|place| counts.get(place).copied())
            .collect()
    }

    /// Marks a change of every key.
    pub(super) fn mark_all(&self) {
        for counter in &self.counters {
            counter.fetch_add(1, SeqCst);
        }
    }
}

/// The counts between whose two marks nobody else has made one.
pub(super) fn alone(before: &[u64], after: &[u64]) -> Vec<Option<u64>> {
    iter::zip(before, after)
        .map(|(before, after)| (*after == before + 1).then_some(*after))
        .collect()
}
