//! The values of one item, one after the other.

use std::{fmt, sync::Arc};

use tokio::sync::watch;

use super::items::Shown;

/// Every value of one item, from the current one on; when several have come, the newest.
///
/// It is over when the item has left the cache, and the last value was seen. An item that is created again under the key is another
/// one. After a shutdown nothing comes any more, and nothing says so.
pub struct Watch<V> {
    shown: watch::Receiver<Shown<V>>,
    /// The number of the value that was seen last.
    seen: u64,
}

impl<V> Watch<V> {
    pub(super) const fn new(shown: watch::Receiver<Shown<V>>) -> Self {
        Self { shown, seen: 0 }
    }

    /// The current value at first, then the newest once there is one; none when the item has left.
    ///
    /// A future that is dropped has missed nothing.
    pub async fn next(&mut self) -> Option<Arc<V>> {
        loop {
            let has_left = {
                let shown = self.shown.borrow_and_update();
                if shown.number > self.seen {
                    self.seen = shown.number;
                    return Some(Arc::clone(&shown.value));
                }
                shown.has_left
            };
            if has_left || self.shown.changed().await.is_err() {
                return None;
            }
        }
    }

    /// Whether there is a value that was not seen.
    pub(super) fn has_changed(&self) -> bool {
        self.shown.borrow().number > self.seen
    }

    /// The newest value, seen already or not; none when the item has left.
    #[must_use]
    pub fn current(&self) -> Option<Arc<V>> {
        let shown = self.shown.borrow();
        (!shown.has_left).then(|| Arc::clone(&shown.value))
    }
}

impl<V> fmt::Debug for Watch<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
