//! A store in a map, which a test can look into, fill by hand, hold up and make fail.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use sea_orm::DbErr;
use tokio::sync::Semaphore;
use touchable::{
    Result,
    cache::store::{Store, Ttl},
};

#[derive(Clone)]
pub struct Shelf(Arc<Inner>);

struct Inner {
    entries: Mutex<BTreeMap<String, (Bytes, Option<Ttl>)>>,
    calls: Mutex<Vec<(&'static str, String)>>,
    held: Mutex<Option<(&'static str, Arc<Held>)>>,
    failing: Mutex<HashSet<&'static str>>,
}

/// An operation that waits before it takes effect.
pub struct Held {
    arrived: Semaphore,
    go: Semaphore,
}

impl Held {
    /// Until the operation is there.
    pub async fn arrived(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    pub fn go(&self) {
        self.go.add_permits(1);
    }
}

impl Shelf {
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            entries: Mutex::default(),
            calls: Mutex::default(),
            held: Mutex::default(),
            failing: Mutex::default(),
        }))
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, (Bytes, Option<Ttl>)>> {
        self.0.entries.lock().unwrap()
    }

    /// The first such operation from now on waits.
    pub fn hold(&self, operation: &'static str) -> Arc<Held> {
        let held = Arc::new(Held {
            arrived: Semaphore::new(0),
            go: Semaphore::new(0),
        });
        *self.0.held.lock().unwrap() = Some((operation, Arc::clone(&held)));
        held
    }

    pub fn fail(&self, operation: &'static str) {
        self.0.failing.lock().unwrap().insert(operation);
    }

    pub fn keys(&self) -> Vec<String> {
        self.entries().keys().cloned().collect()
    }

    /// The only entry: its key, and its bytes.
    pub fn only(&self) -> (String, Bytes) {
        let entries = self.entries();
        assert_eq!(entries.len(), 1, "{:?}", entries.keys());
        let (key, (bytes, _)) = entries.first_key_value().unwrap();
        (key.clone(), bytes.clone())
    }

    pub fn only_ttl(&self) -> Option<Ttl> {
        self.entries().first_key_value().unwrap().1.1
    }

    pub fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        self.entries().insert(key.to_owned(), (bytes.into(), None));
    }

    /// How often an operation was called.
    pub fn calls(&self, operation: &str) -> usize {
        let calls = self.0.calls.lock().unwrap();
        calls.iter().filter(|(called, _)| *called == operation).count()
    }

    async fn enter(&self, operation: &'static str, keys: &[&str]) -> Result<()> {
        self.0.calls.lock().unwrap().push((operation, keys.join(" ")));
        let held = self.0.held.lock().unwrap().take_if(|(of, _)| *of == operation);
        if let Some((_, held)) = held {
            held.arrived.add_permits(1);
            held.go.acquire().await.unwrap().forget();
        }
        if self.0.failing.lock().unwrap().contains(operation) {
            return Err(DbErr::Custom(format!("the shelf cannot {operation}")).into());
        }
        // A real store suspends: everything that can be interleaved with it is.
        tokio::task::yield_now().await;
        Ok(())
    }
}

impl Store for Shelf {
    const NAME: &'static str = "shelf";

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.enter("get", &[key]).await?;
        let read = self.entries().get(key).map(|(bytes, _)| bytes.clone());
        // For tests that hold up an answer.
        self.enter("answer", &[key]).await?;
        Ok(read)
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
        self.enter("get_many", keys).await?;
        let entries = self.entries();
        let get = |key: &&str| entries.get(*key).map(|(bytes, _)| bytes.clone());
        Ok(keys.iter().map(get).collect())
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<()> {
        self.enter("set", &[key]).await?;
        self.entries().insert(key.to_owned(), (value, ttl));
        Ok(())
    }

    async fn set_many(&self, entries: &[(&str, Bytes)], ttl: Option<Ttl>) -> Result<()> {
        let keys: Vec<&str> = entries.iter().map(|(key, _)| *key).collect();
        self.enter("set_many", &keys).await?;
        let new = entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (value.clone(), ttl)));
        self.entries().extend(new);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.enter("delete", &[key]).await?;
        Ok(self.entries().remove(key).is_some())
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        self.enter("delete_many", keys).await?;
        let mut entries = self.entries();
        Ok(keys.iter().filter(|key| entries.remove(**key).is_some()).count() as u64)
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<u64> {
        self.enter("delete_prefix", &[prefix]).await?;
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|key, _| !key.starts_with(prefix));
        Ok((before - entries.len()) as u64)
    }

    async fn increment(&self, key: &str, _: i64, _: Option<Ttl>) -> Result<i64> {
        self.enter("increment", &[key]).await?;
        Err(DbErr::Custom("the shelf cannot count".to_owned()).into())
    }

    async fn add(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<bool> {
        self.enter("add", &[key]).await?;
        let mut entries = self.entries();
        if entries.contains_key(key) {
            return Ok(false);
        }
        entries.insert(key.to_owned(), (value, ttl));
        Ok(true)
    }
}
