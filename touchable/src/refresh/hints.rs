//! Making items due from elsewhere.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use super::{inner::Inner, poller::Poller};

/// What makes items due from elsewhere, such as a webhook or a [feed](crate::feed). A clone is the same.
///
/// It does not keep the cache alive.
pub struct Hints<K> {
    to: Weak<dyn Hinted<K>>,
}

trait Hinted<K>: Send + Sync {
    fn soon(&self, key: &K) -> bool;
    fn all(&self);
    #[cfg(feature = "feed")]
    fn where_key(&self, is_it: &dyn Fn(&K) -> bool);
}

impl<P: Poller> Hinted<P::Key> for Inner<P> {
    fn soon(&self, key: &P::Key) -> bool {
        self.hint(key, Duration::ZERO)
    }

    fn all(&self) {
        self.hint_all();
    }

    #[cfg(feature = "feed")]
    fn where_key(&self, is_it: &dyn Fn(&P::Key) -> bool) {
        let keys = self.keys();
        for key in keys.iter().filter(|key| is_it(key)) {
            self.hint(key, Duration::ZERO);
        }
    }
}

impl<K> Hints<K> {
    pub(super) fn new<P: Poller<Key = K>>(inner: &Arc<Inner<P>>) -> Self
    where
        K: 'static,
    {
        let to = Arc::downgrade(inner);
        Self { to }
    }

    /// An item has changed: it is polled before those whose period is over. Returns whether it is one that is polled.
    #[must_use = "most changes are of items that are not here; drop it where that is no matter"]
    pub fn soon(&self, key: &K) -> bool {
        self.to.upgrade().is_some_and(|to| to.soon(key))
    }

    /// Any item may have changed: all are polled, behind new ones, as the limit allows.
    pub fn all(&self) {
        if let Some(to) = self.to.upgrade() {
            to.all();
        }
    }

    /// The same as [`soon`](Self::soon) for all keys that are like this. It looks at every one.
    #[cfg(feature = "feed")]
    pub(super) fn where_key(&self, is_it: &dyn Fn(&K) -> bool) {
        if let Some(to) = self.to.upgrade() {
            to.where_key(is_it);
        }
    }
}

impl<K> Clone for Hints<K> {
    fn clone(&self) -> Self {
        Self {
            to: Weak::clone(&self.to),
        }
    }
}

impl<K> fmt::Debug for Hints<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hints").finish_non_exhaustive()
    }
}
