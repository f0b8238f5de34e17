//! Loaders that borrow from their caller, and so run inside of it.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Cache, CacheKey, Options, Text,
    cluster::Turn,
    entry::{Codec, Typed, Utf8},
    fetch::Looked,
    flight::{LeadGuard, landing},
    front::Inner,
    load::{Boarded, LoadError},
    store::Store,
};
use crate::error::Result;

impl<S: Store> Cache<S> {
    /// [`fetch`](Self::fetch) with a loader that borrows from the caller.
    ///
    /// ```text
    /// cache.fetch_scoped(&key, &options, async || summarize(&report)).await?
    /// ```
    ///
    /// It runs inside the caller's own future. A caller that goes away takes its loader along; one of those who wait for the
    /// same key then runs its own. Within [`stale_while_revalidate`](Options::stale_while_revalidate) one caller waits for
    /// its loader while all others get the old value at once.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    ///
    /// # Panics
    /// Outside a Tokio runtime, which writes the value to the store even when the caller goes away meanwhile.
    pub async fn fetch_scoped<T, K, L, E>(&self, key: &K, options: &Options, loader: L) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        K: CacheKey + ?Sized,
        L: AsyncFnOnce() -> Result<T, E>,
        E: Into<LoadError>,
    {
        let key = self.inner.namespace.spell(key)?;
        self.inner
            .fetch_here::<Typed<T>, _, _>(&key, options, loader)
            .await
    }

    /// [`fetch_scoped`](Self::fetch_scoped) of text.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn fetch_text_scoped<T, K, L, E>(&self, key: &K, options: &Options, loader: L) -> Result<Text>
    where
        T: Into<Text>,
        K: CacheKey + ?Sized,
        L: AsyncFnOnce() -> Result<T, E>,
        E: Into<LoadError>,
    {
        let key = self.inner.namespace.spell(key)?;
        let loader = async || loader().await.map(Into::into);
        self.inner.fetch_here::<Utf8, _, _>(&key, options, loader).await
    }
}

impl<S: Store> Inner<S> {
    pub(super) async fn fetch_here<C, L, E>(
        self: &Arc<Self>,
        key: &str,
        options: &Options,
        loader: L,
    ) -> Result<C::Value>
    where
        C: Codec,
        L: AsyncFnOnce() -> Result<C::Value, E>,
        E: Into<LoadError>,
    {
        if let Some(value) = self.at_hand::<C>(key, options) {
            return Ok(value);
        }
        let (guard, old) = match self.start::<C>(key, options).await? {
            Looked::Value(value) => return Ok(value),
            Looked::Refresh(value, guard) => (guard, Some(value)),
            Looked::Missing(old, since) => {
                let replaces = old.as_ref().map(|old| old.created);
                let old = old.map(|old| old.value);
                match self.board::<C>(key, options, since, replaces).await {
                    Boarded::Landed(value) => return Ok(value),
                    Boarded::Failed(failure) => return self.reserve(old, failure),
                    Boarded::Lead(guard) => (guard, old),
                }
            }
        };
        Box::pin(self.load_here::<C, _, _>(key, options, old, guard, loader)).await
    }

    async fn load_here<C, L, E>(
        self: &Arc<Self>,
        key: &str,
        options: &Options,
        old: Option<C::Value>,
        guard: LeadGuard,
        loader: L,
    ) -> Result<C::Value>
    where
        C: Codec,
        L: AsyncFnOnce() -> Result<C::Value, E>,
        E: Into<LoadError>,
    {
        let flight = guard.flight();
        match self.turn::<C>(&guard, options).await {
            Turn::Landed(payload) => guard.land(Ok(Some(payload))),
            Turn::Ours(lock) => {
                let began = self.clock.now();
                let outcome = self.run::<C, E>(key, async { loader().await }).await;
                let (inner, options) = (Arc::clone(self), options.clone());
                // Apart: a write that a dropped caller left half done could reach the store after a later deletion.
                Self::spawn(async move {
                    inner
                        .land(guard, &options, began, outcome, Turn::Ours(lock))
                        .await;
                });
            }
        }
        self.settle::<C>(key, old, landing(&flight).await)
    }
}
