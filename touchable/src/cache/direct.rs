//! Reading, writing and removing by hand. Whoever writes or removes has the last word over loads that are under way.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Cache, CacheKey, Options, entry::Typed, flight::Keys, load::LoadError, options::Age, store::Store,
};
use crate::error::{Result, cache::Failure};

impl<S: Store> Cache<S> {
    /// The value under a key, unless it is too old.
    ///
    /// # Errors
    /// When the store cannot be read, or the key is invalid.
    pub async fn get<T, K>(&self, key: &K) -> Result<Option<T>>
    where
        T: Serialize + DeserializeOwned + 'static,
        K: CacheKey + ?Sized,
    {
        let key = self.inner.namespace.spell(key)?;
        let found = self.inner.look::<Typed<T>>(&key, &Options::new()).await?;
        let found = found.filter(|found| found.age == Age::Fresh);
        match &found {
            Some(_) => self.inner.meters.hits.increment(1),
            None => self.inner.meters.misses.increment(1),
        }
        Ok(found.map(|found| found.value))
    }

    /// Whether there is an entry under a key that is not too old.
    ///
    /// # Errors
    /// When the store cannot be read, or the key is invalid.
    pub async fn exists<K: CacheKey + ?Sized>(&self, key: &K) -> Result<bool> {
        let key = self.inner.namespace.spell(key)?;
        let Some(bytes) = self.inner.store.get(&key).await? else {
            return Ok(false);
        };
        let opened = self.inner.open(&key, bytes, &Options::new());
        Ok(opened.is_some_and(|opened| opened.age == Age::Fresh))
    }

    /// Writes a value. A load of the same key that is under way is handed to those who wait for it and not stored.
    ///
    /// # Errors
    /// When the value cannot be stored, is over the limit, or the store does not take it; then nothing is left of an older
    /// value unless the store failed. An invalid key, or invalid options.
    pub async fn set<T, K>(&self, key: &K, value: &T, options: &Options) -> Result<()>
    where
        T: Serialize + DeserializeOwned + 'static,
        K: CacheKey + ?Sized,
    {
        let inner = &self.inner;
        let key = inner.namespace.spell(key)?;
        options.check()?;
        let now = inner.clock.now();
        let (times, ttl) = options.times(now, now)?;
        let payload = inner.encode::<Typed<T>>(&key, value)?;
        let version = options.version.as_deref();
        let entry = payload.and_then(|payload| inner.format.wrap(&key, version, times, &payload));
        let Some(entry) = entry else {
            inner.meters.oversized.increment(1);
            self.change(Keys::These(&[&key]), inner.store.delete(&key))
                .await?;
            let source = Arc::from(LoadError::from("it is larger than `max_value_bytes`"));
            return Err(Failure::Value {
                key: key.into_string(),
                source,
            }
            .into());
        };
        inner.meters.written_bytes.increment(entry.len() as u64);
        self.change(Keys::These(&[&key]), inner.store.set(&key, entry, ttl))
            .await
    }

    /// Removes an entry; whether there was one.
    ///
    /// It has the last word: a value that is being loaded at this moment goes to those who wait for it and is not stored,
    /// and whoever asks from now on starts a load of their own.
    ///
    /// # Errors
    /// When the store fails, or the key is invalid.
    pub async fn delete<K: CacheKey + ?Sized>(&self, key: &K) -> Result<bool> {
        let key = self.inner.namespace.spell(key)?;
        self.change(Keys::These(&[&key]), self.inner.store.delete(&key))
            .await
    }

    /// Removes several entries at once; how many there were. See [`delete`](Self::delete).
    ///
    /// # Errors
    /// When the store fails, or a key is invalid; then nothing is removed.
    pub async fn delete_many<K: CacheKey>(&self, keys: &[K]) -> Result<u64> {
        let of = |key| self.inner.namespace.key(key);
        let keys = keys.iter().map(of).collect::<Result<Vec<_>>>()?;
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.change(Keys::These(&keys), self.inner.store.delete_many(&keys))
            .await
    }

    /// Removes every entry whose key begins with this one, as it is spelled in the store: `"tasks"` also removes
    /// `("tasks", 5)` and `"tasks-old"`. How many there were. See [`delete`](Self::delete).
    ///
    /// # Errors
    /// When the store fails, or the key is invalid.
    pub async fn delete_prefix<K: CacheKey + ?Sized>(&self, prefix: &K) -> Result<u64> {
        let prefix = self.inner.namespace.spell(prefix)?;
        self.delete_all(&prefix).await
    }

    /// Removes everything in this cache's namespace; how many entries there were. See [`delete`](Self::delete).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn clear(&self) -> Result<u64> {
        self.delete_all(self.inner.namespace.prefix()).await
    }

    async fn delete_all(&self, prefix: &str) -> Result<u64> {
        self.change(Keys::Under(prefix), self.inner.store.delete_prefix(prefix))
            .await
    }

    /// Changes entries, with the last word over flights that began before the change was complete.
    async fn change<T>(&self, keys: Keys<'_>, change: impl Future<Output = Result<T>>) -> Result<T> {
        for flight in self.inner.flights.outdate(keys) {
            flight.written().await;
        }
        let changed = change.await;
        self.inner.flights.outdate_looked(keys);
        changed
    }
}
