//! One creator a key.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
};

/// Who creates which item. What creates an item is the application's, and runs without any lock.
pub(super) struct Creating<K> {
    keys: Mutex<HashMap<K, ThreadId>>,
    done: Condvar,
}

/// The right to create an item, until this is dropped.
pub(super) struct Creator<'a, K: Eq + Hash> {
    creating: &'a Creating<K>,
    key: &'a K,
}

/// What creates an item asks for that item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CreatesItself;

impl<K: Clone + Eq + Hash> Creating<K> {
    pub(super) fn new() -> Self {
        Self {
            keys: Mutex::new(HashMap::new()),
            done: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, ThreadId>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else creates the item. Whoever has waited looks again whether there is one.
    pub(super) fn begin<'a>(&'a self, key: &'a K) -> Result<Creator<'a, K>, CreatesItself> {
        let me = thread::current().id();
        let mut keys = self.lock();
        while let Some(who) = keys.get(key) {
            if *who == me {
                return Err(CreatesItself);
            }
            keys = self.done.wait(keys).unwrap_or_else(PoisonError::into_inner);
        }
        keys.insert(key.clone(), me);
        Ok(Creator { creating: self, key })
    }
}

impl<K: Eq + Hash> Drop for Creator<'_, K> {
    fn drop(&mut self) {
        let mut keys = self.creating.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(self.key);
        drop(keys);
        self.creating.done.notify_all();
    }
}
