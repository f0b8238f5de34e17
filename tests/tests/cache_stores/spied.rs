//! A store that writes down what it is asked, and breaks or pauses when it is told to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use bytes::Bytes;
use tokio::sync::Notify;
use touchable::{
    Result,
    cache::store::{Memory, Store, Ttl},
};

#[derive(Clone, Debug, Default)]
pub struct Spied {
    pub inner: Memory,
    state: Arc<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Before,
    After,
}

#[derive(Debug, Default)]
struct State {
    calls: Mutex<Vec<String>>,
    broken: AtomicBool,
    /// The operation that is held back once, before or after it is done.
    held: Mutex<Option<(&'static str, When)>>,
    arrived: Notify,
    resume: Notify,
}

impl Spied {
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.calls.lock().unwrap())
    }

    pub fn break_down(&self, broken: bool) {
        self.state.broken.store(broken, SeqCst);
    }

    /// Holds the next answer of an operation, which is done by then, until [`resume`](Self::resume).
    pub fn hold(&self, operation: &'static str) {
        *self.state.held.lock().unwrap() = Some((operation, When::After));
    }

    /// The same before it is done.
    pub fn hold_before(&self, operation: &'static str) {
        *self.state.held.lock().unwrap() = Some((operation, When::Before));
    }

    pub async fn arrived(&self) {
        self.state.arrived.notified().await;
    }

    pub fn resume(&self) {
        self.state.resume.notify_one();
    }

    async fn answer<T>(
        &self,
        operation: &'static str,
        keys: &[&str],
        done: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let call = format!("{operation} {}", keys.join(","));
        self.state.calls.lock().unwrap().push(call);
        self.pause(operation, When::Before).await;
        let answer = if self.state.broken.load(SeqCst) {
            // An error that the library itself makes of a failure.
            let text = Memory::new();
            text.set("broken", "text".into(), None).await?;
            Err(text.increment("broken", 1, None).await.unwrap_err())
        } else {
            done.await
        };
        self.pause(operation, When::After).await;
        answer
    }

    async fn pause(&self, operation: &'static str, when: When) {
        let held = self
            .state
            .held
            .lock()
            .unwrap()
            .take_if(|held| *held == (operation, when));
        if held.is_some() {
            self.state.arrived.notify_one();
            self.state.resume.notified().await;
        }
    }
}

impl Store for Spied {
    const NAME: &'static str = "spied";

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.answer("get", &[key], self.inner.get(key)).await
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
        self.answer("get_many", keys, self.inner.get_many(keys)).await
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<()> {
        self.answer("set", &[key], self.inner.set(key, value, ttl)).await
    }

    async fn set_many(&self, entries: &[(&str, Bytes)], ttl: Option<Ttl>) -> Result<()> {
        let keys: Vec<&str> = entries.iter().map(|(key, _)| *key).collect();
        self.answer("set_many", &keys, self.inner.set_many(entries, ttl))
            .await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.answer("delete", &[key], self.inner.delete(key)).await
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        self.answer("delete_many", keys, self.inner.delete_many(keys))
            .await
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<u64> {
        self.answer("delete_prefix", &[prefix], self.inner.delete_prefix(prefix))
            .await
    }

    async fn increment(&self, key: &str, by: i64, ttl: Option<Ttl>) -> Result<i64> {
        self.answer("increment", &[key], self.inner.increment(key, by, ttl))
            .await
    }

    async fn add(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<bool> {
        self.answer("add", &[key], self.inner.add(key, value, ttl)).await
    }
}
