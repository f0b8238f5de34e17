//! Where a cache keeps its bytes.
//!
//! | store | for |
//! |---|---|
//! | [`Memory`] | one process; the default |
//! | [`Redis`] (feature `redis`) | several nodes |
//! | [`Database`] | several nodes, without another server |
//! | [`Tiered`] | `Memory` over one of the others |
//! | [`Null`] | off |
//! | [`AnyStore`] | one of these, chosen at run time |
//!
//! [`Failsafe`] around any of them makes misses of its failures.

mod any;
mod database;
mod failed;
mod failsafe;
mod integer;
mod memory;
mod null;
mod observe;
#[cfg(feature = "redis")]
mod redis;
mod tiered;
mod ttl;

use bytes::Bytes;

pub use any::AnyStore;
pub use database::{Database, DatabaseBuilder};
pub use failsafe::{Failsafe, StoreFailure};
pub use memory::{Memory, MemoryBuilder};
pub use null::Null;
#[cfg(feature = "feed")]
pub use observe::NEAR_EVICTIONS;
pub use observe::{ERRORS, EVICTIONS};
#[cfg(feature = "redis")]
pub use redis::{Redis, RedisBuilder};
pub use tiered::Tiered;
pub use ttl::Ttl;

use crate::error::Result;

/// A place for bytes under keys, each with a time to live.
///
/// A key is what [`key`](super::key) makes: not blank, at most 250 bytes, without control characters. A store returns the
/// bytes of the last write that succeeded, or nothing: an entry may go at any time.
pub trait Store: Send + Sync + 'static {
    /// How messages and metrics call this kind of store: `memory`, `redis`.
    const NAME: &'static str;

    /// Whether others can write to the place where the bytes are, or bits in it can rot; their checksum is then verified.
    const SHARED: bool = true;

    /// [`NAME`](Self::NAME), or that of the store inside.
    fn name(&self) -> &'static str {
        Self::NAME
    }

    /// The memory of this process that is asked first, if there is one. What is found there need not be asked for again.
    #[doc(hidden)]
    fn at_hand(&self) -> Option<&Memory> {
        None
    }

    /// The bytes under a key.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Bytes>>> + Send;

    /// The bytes under each of the keys, in their order.
    fn get_many(&self, keys: &[&str]) -> impl Future<Output = Result<Vec<Option<Bytes>>>> + Send;

    /// Writes bytes under a key, whatever was there; they live for ever without `ttl`.
    fn set(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> impl Future<Output = Result<()>> + Send;

    /// Writes several entries.
    fn set_many(
        &self,
        entries: &[(&str, Bytes)],
        ttl: Option<Ttl>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Removes an entry; whether there was one.
    fn delete(&self, key: &str) -> impl Future<Output = Result<bool>> + Send;

    /// Removes several entries; how many there were.
    fn delete_many(&self, keys: &[&str]) -> impl Future<Output = Result<u64>> + Send;

    /// Removes every entry whose key begins with `prefix`, all of them when it is empty; how many there were.
    fn delete_prefix(&self, prefix: &str) -> impl Future<Output = Result<u64>> + Send;

    /// Adds to the integer under a key in one atomic step, beginning at 0, and returns the sum. `ttl` counts from the
    /// increment that created the entry.
    ///
    /// An entry that is not an integer is an error and stays as it is; so does one that would overflow.
    fn increment(&self, key: &str, by: i64, ttl: Option<Ttl>) -> impl Future<Output = Result<i64>> + Send;

    /// Writes an entry if there is none under the key, in one atomic step; whether it did.
    fn add(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> impl Future<Output = Result<bool>> + Send;
}
