//! What the map holds under a key.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bytes::Bytes;

use crate::cache::entry::Inspected;

/// A value with its end. A clone is the same value.
#[derive(Clone)]
pub(super) struct Entry(Arc<Shared>);

struct Shared {
    /// Emptied when the entry leaves the map. The map itself gives back what has left it only after some hundred more
    /// changes, which with values of some size would be several times the bound.
    value: RwLock<Option<Held>>,
    len: usize,
    /// Microseconds since the Unix epoch; `i64::MAX` is never.
    expires_at: i64,
}

/// Bytes, and what a cache has found in them.
pub(crate) struct Held {
    bytes: Bytes,
    inspected: OnceLock<Option<Inspected>>,
}

impl Held {
    /// What `inspect` finds in the bytes; it is asked once.
    pub(crate) fn inspected(&self, inspect: impl FnOnce(Bytes) -> Option<Inspected>) -> Option<&Inspected> {
        self.inspected
            .get_or_init(|| inspect(self.bytes.clone()))
            .as_ref()
    }
}

/// What an entry takes besides its key and value: the nodes of the map, of the queue and of the counters around them,
/// and what a cache has found in it.
const OVERHEAD: usize = 480;

impl Entry {
    pub(super) fn new(value: Bytes, expires_at: i64) -> Self {
        Self(Arc::new(Shared {
            len: value.len(),
            value: RwLock::new(Some(Held {
                bytes: value,
                inspected: OnceLock::new(),
            })),
            expires_at,
        }))
    }

    /// Another value with the same end.
    pub(super) fn with(&self, value: Bytes) -> Self {
        Self::new(value, self.0.expires_at)
    }

    /// Nothing when the entry has left the map.
    pub(super) fn value(&self) -> Option<Bytes> {
        self.look(|held| Some(held.bytes.clone()))
    }

    /// Looks at the value where it is. It cannot leave the map meanwhile: this is no place for code of others.
    #[inline]
    pub(super) fn look<R>(&self, look: impl FnOnce(&Held) -> Option<R>) -> Option<R> {
        let held = self.0.value.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().and_then(look)
    }

    pub(super) fn empty(&self) {
        let held = self
            .0
            .value
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Outside of the lock: an owner of bytes may do anything when it is dropped.
        drop(held);
    }

    pub(super) fn weight(&self, key: &str) -> u64 {
        (key.len() + self.0.len + OVERHEAD) as u64
    }

    /// Entries without an end spare the look at the clock.
    pub(super) fn is_live(&self, now: impl FnOnce() -> i64) -> bool {
        self.0.expires_at == i64::MAX || now() < self.0.expires_at
    }
}
