//! A store that is chosen at run time.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures_core::future::BoxFuture;

use super::{Memory, Store, Ttl};
use crate::error::Result;

/// Any store, for an application that reads from its settings which one it is. Each call allocates its future.
///
/// ```
/// use touchable::cache::store::{AnyStore, Memory, Null};
///
/// fn store(settings: &str) -> AnyStore {
///     match settings {
///         "memory" => AnyStore::new(Memory::new()),
///         _ => AnyStore::new(Null),
///     }
/// }
/// # assert_eq!(format!("{:?}", store("off")), "AnyStore(\"null\")");
/// ```
#[derive(Clone)]
pub struct AnyStore(Arc<dyn Erased>);

impl AnyStore {
    /// Forgets which kind of store it is.
    #[must_use]
    pub fn new(store: impl Store) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyStore").field(&self.0.name()).finish()
    }
}

/// The methods of a [`Store`], with futures in boxes.
trait Erased: Send + Sync {
    fn name(&self) -> &'static str;
    fn at_hand(&self) -> Option<&Memory>;
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>>;
    fn get_many<'a>(&'a self, keys: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>>>;
    fn set<'a>(&'a self, key: &'a str, value: Bytes, ttl: Option<Ttl>) -> BoxFuture<'a, Result<()>>;
    fn set_many<'a>(&'a self, entries: &'a [(&'a str, Bytes)], ttl: Option<Ttl>)
    -> BoxFuture<'a, Result<()>>;
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool>>;
    fn delete_many<'a>(&'a self, keys: &'a [&'a str]) -> BoxFuture<'a, Result<u64>>;
    fn delete_prefix<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<u64>>;
    fn increment<'a>(&'a self, key: &'a str, by: i64, ttl: Option<Ttl>) -> BoxFuture<'a, Result<i64>>;
    fn add<'a>(&'a self, key: &'a str, value: Bytes, ttl: Option<Ttl>) -> BoxFuture<'a, Result<bool>>;
}

impl<S: Store> Erased for S {
    fn name(&self) -> &'static str {
        Store::name(self)
    }

    fn at_hand(&self) -> Option<&Memory> {
        Store::at_hand(self)
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Box::pin(Store::get(self, key))
    }

    fn get_many<'a>(&'a self, keys: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>>> {
        Box::pin(Store::get_many(self, keys))
    }

    fn set<'a>(&'a self, key: &'a str, value: Bytes, ttl: Option<Ttl>) -> BoxFuture<'a, Result<()>> {
        Box::pin(Store::set(self, key, value, ttl))
    }

    fn set_many<'a>(
        &'a self,
        entries: &'a [(&'a str, Bytes)],
        ttl: Option<Ttl>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(Store::set_many(self, entries, ttl))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(Store::delete(self, key))
    }

    fn delete_many<'a>(&'a self, keys: &'a [&'a str]) -> BoxFuture<'a, Result<u64>> {
        Box::pin(Store::delete_many(self, keys))
    }

    fn delete_prefix<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<u64>> {
        Box::pin(Store::delete_prefix(self, prefix))
    }

    fn increment<'a>(&'a self, key: &'a str, by: i64, ttl: Option<Ttl>) -> BoxFuture<'a, Result<i64>> {
        Box::pin(Store::increment(self, key, by, ttl))
    }

    fn add<'a>(&'a self, key: &'a str, value: Bytes, ttl: Option<Ttl>) -> BoxFuture<'a, Result<bool>> {
        Box::pin(Store::add(self, key, value, ttl))
    }
}

impl Store for AnyStore {
    const NAME: &'static str = "any";

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn at_hand(&self) -> Option<&Memory> {
        self.0.at_hand()
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.0.get(key).await
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
        self.0.get_many(keys).await
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<()> {
        self.0.set(key, value, ttl).await
    }

    async fn set_many(&self, entries: &[(&str, Bytes)], ttl: Option<Ttl>) -> Result<()> {
        self.0.set_many(entries, ttl).await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.0.delete(key).await
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        self.0.delete_many(keys).await
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<u64> {
        self.0.delete_prefix(prefix).await
    }

    async fn increment(&self, key: &str, by: i64, ttl: Option<Ttl>) -> Result<i64> {
        self.0.increment(key, by, ttl).await
    }

    async fn add(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<bool> {
        self.0.add(key, value, ttl).await
    }
}
