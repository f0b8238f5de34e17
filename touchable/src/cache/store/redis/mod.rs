//! Entries in Redis or Redis Cluster.

mod builder;
mod scan;

use std::fmt;

use ::redis::{Cmd, Pipeline, RedisError, cmd};
pub use builder::RedisBuilder;
use bytes::Bytes;

use super::{Store, Ttl, failed, integer::Problem};
use crate::{
    error::{Error, Result},
    redis::{Connection, Server},
};

/// Entries in Redis 6.2 or newer, on one server or on a cluster.
///
/// Every operation on one server is one round trip, except [`delete_prefix`](Store::delete_prefix), which goes through
/// all keys of all masters with `SCAN` and never blocks the server. On a cluster the driver sends each key to its node,
/// all at once. Keys may carry hash tags (`{events}:1`). Keys that move to another node while a prefix is deleted may
/// be missed.
///
/// A server that goes away is connected to again by itself, with the next operation; until then operations fail, each
/// within [`response_timeout`](RedisBuilder::response_timeout). Wrap the store in [`Failsafe`](super::Failsafe). A
/// clone is the same store, on the same connection.
///
/// Give the server a `maxmemory` and a `maxmemory-policy`, `allkeys-lru` if it holds nothing else: entries without a
/// time to live stay otherwise.
///
/// ```no_run
/// # async fn run() -> touchable::Result<()> {
/// use touchable::cache::store::{Redis, Store};
///
/// let store = Redis::connect("redis://localhost").await?;
/// store.set("events/1", "a page".into(), None).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Redis {
    connection: Connection,
    server: Server,
}

const NAME: &str = "redis";

impl Redis {
    /// Connects to the server of a URL, `redis://user:password@host:port/database`, or to the cluster of one or several
    /// nodes, with commas between their URLs.
    ///
    /// # Errors
    /// When the URL is none, nobody answers there in time, it is no Redis, or it refuses the password.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::builder(url).connect().await
    }

    /// The same with other settings.
    pub fn builder(url: &str) -> RedisBuilder {
        RedisBuilder::new(url)
    }

    fn failed(&self, operation: &'static str, what: impl fmt::Display, error: RedisError) -> Error {
        failed::failed(NAME, operation, what, self.server.explain(error))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

fn set(key: &str, value: &[u8], ttl: Option<Ttl>) -> Cmd {
    let mut set = cmd("SET");
    set.arg(key).arg(value);
    if let Some(ttl) = ttl {
        set.arg("PX").arg(millis(ttl));
    }
    set
}

/// A time to live is at least one of them.
fn millis(ttl: Ttl) -> u64 {
    u64::try_from(ttl.duration().as_millis()).unwrap_or(u64::MAX)
}

/// Creates the counter with its time to live if there is none, and adds to it. Not a script, whose numbers are floats
/// and exact only up to 2^53.
fn increment(key: &str, by: i64, ttl: Option<Ttl>) -> Pipeline {
    let mut pipeline = Pipeline::new();
    pipeline.atomic();
    if let Some(ttl) = ttl {
        pipeline
            .add_command(set(key, b"0", Some(ttl)).arg("NX").to_owned())
            .ignore();
    }
    pipeline.cmd("INCRBY").arg(key).arg(by);
    pipeline
}

impl Store for Redis {
    const NAME: &'static str = NAME;

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.connection
            .query(cmd("GET").arg(key))
            .await
            .map_err(|error| self.failed("get", failed::key(key), error))
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.connection
            .query(cmd("MGET").arg(keys))
            .await
            .map_err(|error| self.failed("get", failed::keys(keys.iter().copied()), error))
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<()> {
        self.connection
            .query(&set(key, &value, ttl))
            .await
            .map_err(|error| self.failed("set", failed::key(key), error))
    }

    async fn set_many(&self, entries: &[(&str, Bytes)], ttl: Option<Ttl>) -> Result<()> {
        let sets = entries.iter().map(|(key, value)| set(key, value, ttl)).collect();
        self.connection.all(sets).await.map_err(|error| {
            let keys = failed::keys(entries.iter().map(|(key, _)| *key));
            self.failed("set", keys, error)
        })
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        let gone: Result<u64, _> = self.connection.query(cmd("UNLINK").arg(key)).await;
        gone.map(|gone| gone > 0)
            .map_err(|error| self.failed("delete", failed::key(key), error))
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        if keys.is_empty() {
            return Ok(0);
        }
        self.connection
            .query(cmd("UNLINK").arg(keys))
            .await
            .map_err(|error| self.failed("delete", failed::keys(keys.iter().copied()), error))
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<u64> {
        scan::unlink(&self.connection, prefix)
            .await
            .map_err(|error| self.failed("delete", format_args!("all of `{prefix}`"), error))
    }

    async fn increment(&self, key: &str, by: i64, ttl: Option<Ttl>) -> Result<i64> {
        let sum: Result<(i64,), _> = self.connection.pipeline(&increment(key, by, ttl)).await;
        sum.map(|(sum,)| sum).map_err(|error| {
            let problem = match error.to_string() {
                text if text.contains("not an integer") => Problem::NotAnInteger,
                text if text.contains("would overflow") => Problem::Overflow,
                _ => return self.failed("increment", failed::key(key), error),
            };
            failed::failed(NAME, "increment", failed::key(key), problem)
        })
    }

    async fn add(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<bool> {
        let done: Result<Option<String>, _> = self.connection.query(set(key, &value, ttl).arg("NX")).await;
        done.map(|done| done.is_some())
            .map_err(|error| self.failed("add", failed::key(key), error))
    }
}
