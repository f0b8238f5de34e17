//! What the map holds under a key.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bytes::Bytes;

use crate::cache::entry::Inspected;

/// A value with its end. A clone is the same value.
#[derive(Clone)]
pub(super) struct Entry(Arc<Shared>);

struct Shared {
    value: Value,
    len: usize,
    /// Microseconds since the Unix epoch; `i64::MAX` is never.
    expires_at: i64,
}

/// The map gives back what has left it only after some hundred more changes, which with values of some size would be
/// several times the bound.
enum Value {
    /// So small that some hundred of them do not matter: read without a lock.
    Small(Held),
    /// Emptied when the entry leaves the map.
    Large(RwLock<Option<Held>>),
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

/// The share of the bound up to which a value is small.
const SMALL_SHARE: u64 = 16_384;

impl Entry {
    /// In a map with this bound.
    pub(super) fn new(value: Bytes, expires_at: i64, max_bytes: u64) -> Self {
        let len = value.len();
        let held = Held {
            bytes: value,
            inspected: OnceLock::new(),
        };
        let value = if len as u64 <= max_bytes / SMALL_SHARE {
            Value::Small(held)
        } else {
            Value::Large(RwLock::new(Some(held)))
        };
        Self(Arc::new(Shared {
            value,
            len,
            expires_at,
        }))
    }

    pub(super) fn expires_at(&self) -> i64 {
        self.0.expires_at
    }

    /// Nothing when the entry has left the map.
    pub(super) fn value(&self) -> Option<Bytes> {
        self.look(|held| Some(held.bytes.clone()))
    }

    /// Looks at the value where it is. It cannot leave the map meanwhile: this is no place for code of others.
    #[inline]
    pub(super) fn look<R>(&self, look: impl FnOnce(&Held) -> Option<R>) -> Option<R> {
        let lock;
        let held = match &self.0.value {
            Value::Small(held) => Some(held),
            Value::Large(held) => {
                lock = held.read().unwrap_or_else(PoisonError::into_inner);
                lock.as_ref()
            }
        };
        held.and_then(look)
    }

    pub(super) fn empty(&self) {
        if let Value::Large(held) = &self.0.value {
            let held = held.write().unwrap_or_else(PoisonError::into_inner).take();
            // Outside of the lock: an owner of bytes may do anything when it is dropped.
            drop(held);
        }
    }

    pub(super) fn weight(&self, key: &str) -> u64 {
        (key.len() + self.0.len + OVERHEAD) as u64
    }

    /// Entries without an end spare the look at the clock.
    pub(super) fn is_live(&self, now: impl FnOnce() -> i64) -> bool {
        self.0.expires_at == i64::MAX || now() < self.0.expires_at
    }
}
