//! A store that never fails.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;

use super::{Memory, Store, Ttl, observe};
use crate::error::{Error, Result};

/// A store whose failures are misses: a broken cache makes an application slow, and not wrong.
///
/// | when the store fails, | the answer is |
/// |---|---|
/// | `get`, `get_many` | nothing found |
/// | `set`, `set_many` | done |
/// | `delete`, `delete_many`, `delete_prefix` | there was none |
/// | `increment` | the number itself, as if the counter began with it: a limit lets more through and locks nobody out |
/// | `add` | not added: what only one may do is done by none, and never by two |
///
/// A deletion that failed leaves the entry where it is until it expires. Each failure is counted in
/// [`touchable_cache_errors_total{store,operation}`](super::ERRORS), told to [`on_error`](Self::on_error), and logged
/// at the level DEBUG; what deserves a warning is for the application to say.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> touchable::Result<()> {
/// use touchable::cache::store::{Failsafe, Memory, Store};
///
/// let store = Failsafe::new(Memory::new())
///     .on_error(|failure| eprintln!("cache: {}", failure.error));
/// store.set("events/1", "a page".into(), None).await?;
/// assert_eq!(store.increment("events/1", 1, None).await?, 1);
/// assert_eq!(store.get("events/1").await?, Some("a page".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Failsafe<S> {
    inner: S,
    hook: Option<Arc<Hook>>,
}

type Hook = dyn Fn(&StoreFailure<'_>) + Send + Sync;

/// What a [`Failsafe`] made a miss of.
#[derive(Debug)]
#[non_exhaustive]
pub struct StoreFailure<'a> {
    /// The kind of store: `redis`.
    pub store: &'static str,
    /// The method: `get_many`.
    pub operation: &'static str,
    /// What went wrong, with which key.
    pub error: &'a Error,
}

impl<S: Store> Failsafe<S> {
    /// Makes misses of the failures of `inner`.
    #[must_use]
    pub const fn new(inner: S) -> Self {
        Self { inner, hook: None }
    }

    /// Tells `hook` of every failure, on the task that met it. When the hook panics, the answer stays the same.
    #[must_use]
    pub fn on_error(mut self, hook: impl Fn(&StoreFailure<'_>) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// The store inside.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    async fn or<T>(
        &self,
        operation: &'static str,
        done: impl Future<Output = Result<T>> + Send,
        otherwise: impl FnOnce() -> T,
    ) -> Result<T> {
        match done.await {
            Ok(value) => Ok(value),
            Err(error) => {
                self.report(operation, &error);
                Ok(otherwise())
            }
        }
    }

    fn report(&self, operation: &'static str, error: &Error) {
        let store = self.inner.name();
        tracing::debug!(store, operation, %error, "a cache's store failed");
        observe::failed(store, operation);
        let Some(hook) = &self.hook else { return };
        let failure = StoreFailure {
            store,
            operation,
            error,
        };
        // Nothing of ours is changed while the hook runs, so nothing can be left half done.
        if catch_unwind(AssertUnwindSafe(|| hook(&failure))).is_err() {
            tracing::error!(store, operation, "the hook for a cache's failures panicked");
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Failsafe<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Failsafe").field(&self.inner).finish()
    }
}

impl<S: Store> Store for Failsafe<S> {
    const NAME: &'static str = S::NAME;
    const SHARED: bool = S::SHARED;

    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn at_hand(&self) -> Option<&Memory> {
        self.inner.at_hand()
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.or("get", self.inner.get(key), || None).await
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
        let nothing = || vec![None; keys.len()];
        self.or("get_many", self.inner.get_many(keys), nothing).await
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<()> {
        self.or("set", self.inner.set(key, value, ttl), || ()).await
    }

    async fn set_many(&self, entries: &[(&str, Bytes)], ttl: Option<Ttl>) -> Result<()> {
        self.or("set_many", self.inner.set_many(entries, ttl), || ())
            .await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.or("delete", self.inner.delete(key), || false).await
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        self.or("delete_many", self.inner.delete_many(keys), || 0).await
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<u64> {
        self.or("delete_prefix", self.inner.delete_prefix(prefix), || 0)
            .await
    }

    async fn increment(&self, key: &str, by: i64, ttl: Option<Ttl>) -> Result<i64> {
        self.or("increment", self.inner.increment(key, by, ttl), || by)
            .await
    }

    async fn add(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<bool> {
        self.or("add", self.inner.add(key, value, ttl), || false).await
    }
}
