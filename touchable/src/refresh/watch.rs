//! The values of one item, one after the other.

use std::{fmt, mem, sync::Arc};

use tokio::sync::watch;

/// Every value of one item, from the current one on; when several have come, the newest.
///
/// It is over when the item has left the cache. An item that is created again under the key is another one.
pub struct Watch<V> {
    seen: watch::Receiver<Option<Arc<V>>>,
    is_first: bool,
}

impl<V> Watch<V> {
    pub(super) const fn new(seen: watch::Receiver<Option<Arc<V>>>) -> Self {
        Self { seen, is_first: true }
    }

    /// The current value at first, then the newest once there is one; none when the item has left.
    ///
    /// A future that is dropped has missed nothing.
    pub async fn next(&mut self) -> Option<Arc<V>> {
        // Once it has left, nothing comes any more.
        if !mem::take(&mut self.is_first)
            && (self.seen.borrow().is_none() || self.seen.changed().await.is_err())
        {
            return None;
        }
        self.seen.borrow_and_update().clone()
    }

    pub(super) fn has_changed(&self) -> bool {
        self.seen.has_changed().unwrap_or(true)
    }

    /// The newest value, seen already or not; none when the item has left.
    #[must_use]
    pub fn current(&self) -> Option<Arc<V>> {
        self.seen.borrow().clone()
    }
}

impl<V> fmt::Debug for Watch<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
