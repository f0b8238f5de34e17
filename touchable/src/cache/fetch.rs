//! The stored value, or a new one.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Cache, CacheKey, Options, Text,
    entry::{Codec, Raw, Skipped, Typed, Utf8, unreadable},
    flight::{Ended, Entered, LeadGuard, landing},
    front::Inner,
    load::{Boarded, LoadError, abandoned},
    options::Age,
    read::Found,
    store::Store,
};
use crate::error::{Result, cache::Failure};

/// Who runs the loader.
pub(super) enum Looked<V> {
    Value(V),
    /// To be handed out while the flight is under way.
    Refresh(V, LeadGuard),
    /// Not there, or too old.
    Missing(Option<Old<V>>, Ended),
}

/// A value to be handed out should the loader fail, and when it was written.
pub(super) struct Old<V> {
    pub(super) value: V,
    pub(super) created: i64,
}

impl<S: Store> Cache<S> {
    /// The value under a key; the loader makes it when there is none, or it is too old.
    ///
    /// However many callers wait for a key, one loader runs in this process, in a task of its own: a caller that goes away
    /// harms nobody. Everybody who waits gets its value, or its error; after an error nothing is stored and the next caller
    /// tries again.
    ///
    /// An Option that is `None` is stored like any value; see [`fetch_option`](Self::fetch_option).
    ///
    /// # Errors
    /// - [`is_loader`](crate::Error::is_loader): the loader failed (its error is the
    ///   [`source`](std::error::Error::source)) or panicked;
    /// - [`is_invalid_value`](crate::Error::is_invalid_value): the value does not fit the format, which any serde type does
    ///   that does not ask for a self-describing one;
    /// - [`is_store`](crate::Error::is_store): the store could not be read. A store that does not take the loaded value is
    ///   counted instead, and the value returned;
    /// - an invalid key or options.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn fetch<T, K, L, Fut, E>(
        &self,
        key: &K,
        options: &Options,
        loader: L,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        K: CacheKey + ?Sized,
        L: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<LoadError>,
    {
        self.fetch_by::<Typed<T>, _, _, _, _>(key, options, loader)
    }

    /// [`fetch`](Self::fetch) of a value that may not exist: `None` is handed out and not stored.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    pub fn fetch_option<T, K, L, Fut, E>(
        &self,
        key: &K,
        options: &Options,
        loader: L,
    ) -> impl Future<Output = Result<Option<T>>> + Send
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        K: CacheKey + ?Sized,
        L: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<T>, E>> + Send + 'static,
        E: Into<LoadError>,
    {
        self.fetch_by::<Skipped<Typed<T>>, _, _, _, _>(key, options, loader)
    }

    /// [`fetch`](Self::fetch) of text; a hit shares the stored bytes.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    pub fn fetch_text<T, K, L, Fut, E>(
        &self,
        key: &K,
        options: &Options,
        loader: L,
    ) -> impl Future<Output = Result<Text>> + Send
    where
        T: Into<Text>,
        K: CacheKey + ?Sized,
        L: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<LoadError>,
    {
        let loader = move || async move { loader().await.map(Into::into) };
        self.fetch_by::<Utf8, _, _, _, _>(key, options, loader)
    }

    /// [`fetch`](Self::fetch) of bytes; a hit shares the stored ones.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    pub fn fetch_bytes<T, K, L, Fut, E>(
        &self,
        key: &K,
        options: &Options,
        loader: L,
    ) -> impl Future<Output = Result<Bytes>> + Send
    where
        T: Into<Bytes>,
        K: CacheKey + ?Sized,
        L: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<LoadError>,
    {
        let loader = move || async move { loader().await.map(Into::into) };
        self.fetch_by::<Raw, _, _, _, _>(key, options, loader)
    }

    fn fetch_by<C, K, L, Fut, E>(
        &self,
        key: &K,
        options: &Options,
        loader: L,
    ) -> impl Future<Output = Result<C::Value>> + Send
    where
        C: Codec<Value: Send>,
        K: CacheKey + ?Sized,
        L: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<C::Value, E>> + Send + 'static,
        E: Into<LoadError>,
    {
        // Before the future, so that it does not hold the key.
        let key = self.inner.namespace.spell(key);
        async move {
            let key = key?;
            let inner = &self.inner;
            if let Some(value) = inner.at_hand::<C>(&key, options) {
                return Ok(value);
            }
            match inner.start::<C>(&key, options).await? {
                Looked::Value(value) => Ok(value),
                Looked::Refresh(value, guard) => {
                    inner.lead_apart::<C, _, _, _>(guard, options, loader);
                    Ok(value)
                }
                // Boxed, so that a hit does not carry the room for a miss.
                Looked::Missing(old, since) => {
                    Box::pin(inner.load_apart::<C, _, _, _>(&key, options, old, since, loader)).await
                }
            }
        }
    }
}

impl<S: Store> Inner<S> {
    /// Looks into the store.
    pub(super) async fn start<C: Codec>(
        self: &Arc<Self>,
        key: &str,
        options: &Options,
    ) -> Result<Looked<C::Value>> {
        options.check()?;
        let since = self.flights.ended(key);
        let found = if options.force {
            None
        } else {
            self.look::<C>(key, options).await?
        };
        let Some(Found { value, age, created }) = found else {
            self.meters.misses.increment(1);
            return Ok(Looked::Missing(None, since));
        };
        match age {
            Age::Fresh | Age::Early => self.meters.hits.increment(1),
            Age::Stale => self.meters.stale.increment(1),
            Age::Reserve | Age::Gone => {
                self.meters.misses.increment(1);
                return Ok(Looked::Missing(Some(Old { value, created }), since));
            }
        }
        if age == Age::Fresh {
            return Ok(Looked::Value(value));
        }
        match self.flights.enter(key, options.version.as_ref(), since) {
            Entered::Lead(guard) => Ok(Looked::Refresh(value, guard.replacing(Some(created)))),
            Entered::Join(_) => Ok(Looked::Value(value)),
        }
    }

    /// The loader in a task of its own.
    fn lead_apart<C, L, Fut, E>(self: &Arc<Self>, guard: LeadGuard, options: &Options, loader: L)
    where
        C: Codec,
        L: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<C::Value, E>> + Send + 'static,
        E: Into<LoadError>,
    {
        let inner = Arc::clone(self);
        let options = options.clone();
        Self::spawn(async move {
            // A loader that panics before its first await does so inside.
            inner
                .lead::<C, E>(guard, options, async move { loader().await })
                .await;
        });
    }

    async fn load_apart<C, L, Fut, E>(
        self: &Arc<Self>,
        key: &str,
        options: &Options,
        old: Option<Old<C::Value>>,
        since: Ended,
        loader: L,
    ) -> Result<C::Value>
    where
        C: Codec,
        L: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<C::Value, E>> + Send + 'static,
        E: Into<LoadError>,
    {
        let replaces = old.as_ref().map(|old| old.created);
        let old = old.map(|old| old.value);
        let guard = match self.board::<C>(key, options, since, replaces).await {
            Boarded::Landed(value) => return Ok(value),
            Boarded::Failed(failure) => return self.reserve(old, failure),
            Boarded::Lead(guard) => guard,
        };
        let flight = guard.flight();
        self.lead_apart::<C, _, _, _>(guard, options, loader);
        let outcome = landing(&flight).await;
        self.settle::<C>(key, old, outcome)
    }

    /// What the leader itself gets.
    pub(super) fn settle<C: Codec>(
        &self,
        key: &str,
        old: Option<C::Value>,
        outcome: Option<super::flight::Outcome>,
    ) -> Result<C::Value> {
        match outcome.unwrap_or_else(|| Err(abandoned(key))) {
            Ok(payload) => C::decode(payload, usize::MAX).map_err(|_| {
                let source = unreadable::<C::Value>();
                let key = key.to_owned();
                Failure::Value { key, source }.into()
            }),
            Err(failure) => self.reserve(old, failure),
        }
    }

    /// The old value in place of a failure.
    pub(super) fn reserve<V>(&self, old: Option<V>, failure: Failure) -> Result<V> {
        let old = old.ok_or(failure)?;
        self.meters.stale.increment(1);
        Ok(old)
    }
}
