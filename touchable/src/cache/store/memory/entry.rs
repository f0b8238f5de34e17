//! What the map holds under a key.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;

/// A value with its end. A clone is the same value.
#[derive(Clone)]
pub(super) struct Entry {
    /// Emptied when the entry leaves the map. The map itself gives back what has left it only after some hundred more
    /// changes, which with values of some size would be several times the bound.
    value: Arc<RwLock<Option<Bytes>>>,
    len: usize,
    /// Microseconds since the Unix epoch; `i64::MAX` is never.
    expires_at: i64,
}

/// What an entry takes besides its key and value: the nodes of the map, of the queue and of the counters around them.
const OVERHEAD: usize = 256;

impl Entry {
    pub(super) fn new(value: Bytes, expires_at: i64) -> Self {
        Self {
            len: value.len(),
            value: Arc::new(RwLock::new(Some(value))),
            expires_at,
        }
    }

    /// Another value with the same end.
    pub(super) fn with(&self, value: Bytes) -> Self {
        Self::new(value, self.expires_at)
    }

    /// Nothing when the entry has left the map.
    pub(super) fn value(&self) -> Option<Bytes> {
        self.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn empty(&self) {
        let value = self.value.write().unwrap_or_else(PoisonError::into_inner).take();
        // Outside of the lock: an owner of bytes may do anything when it is dropped.
        drop(value);
    }

    pub(super) fn weight(&self, key: &str) -> u64 {
        (key.len() + self.len + OVERHEAD) as u64
    }

    /// Entries without an end spare the look at the clock.
    pub(super) fn is_live(&self, now: impl FnOnce() -> i64) -> bool {
        self.expires_at == i64::MAX || now() < self.expires_at
    }
}
