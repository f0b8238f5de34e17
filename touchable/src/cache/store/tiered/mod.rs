//! A near store over a far one.

mod changes;
#[cfg(feature = "feed")]
mod follow;

use std::{collections::BTreeSet, iter, sync::Arc};

use super::{Memory, Store, Ttl};
use crate::error::Result;
use bytes::Bytes;
use changes::Changes;

/// A near store, [`Memory`](super::Memory), over a far one that nodes share.
///
/// Reads ask the near store first and fill it from the far one. Writes go to the far store, then to the near one.
/// [`add`](Store::add) and [`increment`](Store::increment) are decided by the far store, and the near copy goes.
///
/// How long an entry of the far store has left to live is not known: a near copy lives for
/// [`near_ttl`](Self::near_ttl), and can outlive the entry by that. That is also how long a change made by another
/// node, or by a write that was dropped half-way, can stay unseen here. [`evict`](Self::evict) is there for those who
/// hear of it; with the feature `feed`, `follow` evicts what a stream of changes names. A clone is the same store.
///
/// ```no_run
/// # async fn run() -> touchable::Result<()> {
/// # use touchable::cache::store::{Memory, Null, Tiered};
/// # let redis = Null;
/// let store = Tiered::new(Memory::new(), redis);
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tiered<N, F> {
    near: N,
    far: F,
    near_ttl: Ttl,
    changes: Arc<Changes>,
}

impl<N: Store, F: Store> Tiered<N, F> {
    /// Puts `near` over `far`; a near copy lives for ten seconds.
    #[must_use]
    pub fn new(near: N, far: F) -> Self {
        Self {
            near,
            far,
            near_ttl: Ttl::of_secs(10),
            changes: Arc::new(Changes::new()),
        }
    }

    /// How long a near copy lives, ten seconds by default. Entries whose key carries a version never change: if there
    /// are no others, hours are as good.
    #[must_use]
    pub const fn near_ttl(mut self, ttl: Ttl) -> Self {
        self.near_ttl = ttl;
        self
    }

    /// Drops the near copy of an entry that another node has changed.
    ///
    /// # Errors
    /// The near store's.
    pub async fn evict(&self, key: &str) -> Result<bool> {
        self.changes.mark(&[key]);
        self.near.delete(key).await
    }

    /// Drops all near copies.
    ///
    /// # Errors
    /// The near store's.
    pub async fn clear_near(&self) -> Result<u64> {
        self.evict_prefix("").await
    }

    /// Drops the near copies of all entries whose key begins with `prefix`.
    ///
    /// # Errors
    /// The near store's.
    pub async fn evict_prefix(&self, prefix: &str) -> Result<u64> {
        self.changes.mark_all();
        self.near.delete_prefix(prefix).await
    }

    /// Puts copies into the near store, unless their keys changed after `seen`; copies that did go.
    async fn fill(&self, copies: &[(&str, Bytes)], seen: &[Option<u64>], ttl: Ttl) -> Result<()> {
        let is_fresh = |key: &str, seen: &Option<u64>| *seen == Some(self.changes.seen(key));
        let fresh: Vec<_> = iter::zip(copies, seen)
            .filter(|((key, _), seen)| is_fresh(key, seen))
            .map(|(copy, _)| copy.clone())
            .collect();
        if !fresh.is_empty() {
            self.near.set_many(&fresh, Some(ttl)).await?;
        }
        // A change that began after the look above may have been overwritten.
        let stale: Vec<_> = iter::zip(copies, seen)
            .filter(|((key, _), seen)| !is_fresh(key, seen))
            .map(|((key, _), _)| *key)
            .collect();
        if !stale.is_empty() {
            self.near.delete_many(&stale).await?;
        }
        Ok(())
    }

    /// Runs a change of the far store; near copies go whatever comes of it.
    async fn decide<T>(&self, key: &str, change: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.changes.mark(&[key]);
        let done = change.await;
        // What was read while the change was under way may be what it has replaced.
        self.evict(key).await?;
        done
    }
}

impl<N: Store, F: Store> Store for Tiered<N, F> {
    const NAME: &'static str = "tiered";
    const SHARED: bool = N::SHARED || F::SHARED;

    fn at_hand(&self) -> Option<&Memory> {
        self.near.at_hand()
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        if let Some(value) = self.near.get(key).await? {
            return Ok(Some(value));
        }
        let seen = self.changes.seen(key);
        let value = self.far.get(key).await?;
        if let Some(value) = &value {
            self.fill(&[(key, value.clone())], &[Some(seen)], self.near_ttl)
                .await?;
        }
        Ok(value)
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
        let mut values = self.near.get_many(keys).await?;
        let lacking = |(key, value): (&_, &Option<_>)| value.is_none().then_some(*key);
        let missing: BTreeSet<&str> = iter::zip(keys, &values).filter_map(lacking).collect();
        if missing.is_empty() {
            return Ok(values);
        }
        let missing: Vec<&str> = missing.into_iter().collect();
        let seen: Vec<_> = missing.iter().map(|key| Some(self.changes.seen(key))).collect();
        let found = self.far.get_many(&missing).await?;
        for (key, value) in iter::zip(keys, &mut values).filter(|(_, value)| value.is_none()) {
            if let Ok(place) = missing.binary_search(key) {
                value.clone_from(&found[place]);
            }
        }
        let (copies, seen): (Vec<_>, Vec<_>) = iter::zip(iter::zip(missing, found), seen)
            .filter_map(|((key, value), seen)| Some(((key, value?), seen)))
            .unzip();
        self.fill(&copies, &seen, self.near_ttl).await?;
        Ok(values)
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<()> {
        self.set_many(&[(key, value)], ttl).await
    }

    async fn set_many(&self, entries: &[(&str, Bytes)], ttl: Option<Ttl>) -> Result<()> {
        let keys: Vec<&str> = entries.iter().map(|(key, _)| *key).collect();
        let before = self.changes.mark(&keys);
        let done = match entries {
            [(key, value)] => self.far.set(key, value.clone(), ttl).await,
            entries => self.far.set_many(entries, ttl).await,
        };
        let after = self.changes.mark(&keys);
        if let Err(error) = done {
            self.near.delete_many(&keys).await?;
            return Err(error);
        }
        let near_ttl = ttl.map_or(self.near_ttl, |ttl| ttl.min(self.near_ttl));
        self.fill(entries, &changes::alone(&before, &after), near_ttl)
            .await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.decide(key, self.far.delete(key)).await
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        self.changes.mark(keys);
        let done = self.far.delete_many(keys).await;
        self.changes.mark(keys);
        self.near.delete_many(keys).await?;
        done
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<u64> {
        self.changes.mark_all();
        let done = self.far.delete_prefix(prefix).await;
        self.evict_prefix(prefix).await?;
        done
    }

    async fn increment(&self, key: &str, by: i64, ttl: Option<Ttl>) -> Result<i64> {
        self.decide(key, self.far.increment(key, by, ttl)).await
    }

    async fn add(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<bool> {
        self.decide(key, self.far.add(key, value, ttl)).await
    }
}
