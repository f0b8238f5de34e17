//! Exclusive leases: at most one holder at a time, in a process, over several nodes, and across crashes.
//!
//! A lease ends by itself: who dies is replaced after its time. Its [token](Lease::token) is a number that rises with
//! every holder; whatever the holder writes can carry it, so that a write of a holder who stalled, and was replaced
//! without noticing, is refused (a *fencing token*).
//!
//! | leases kept in | for | time is that of |
//! |---|---|---|
//! | [`MemoryLeases`] | one process, tests | the process (monotonic) |
//! | [`DatabaseLeases`] | one dependency less | the database server |
//! | `RedisLeases` (feature `redis`) | several nodes | the Redis server |
//!
//! # Example: one node at a time
//!
//! ```
//! use std::time::Duration;
//! use touchable::lease::{Lease, MemoryLeases};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> touchable::Result<()> {
//! let leases = MemoryLeases::new();
//! let Some(lease) = Lease::acquire(&leases, "nightly-report", Duration::from_secs(10)).await? else {
//!     return Ok(()); // another one is at it
//! };
//! // Renewed in the background; the future is dropped should the lease be lost all the same.
//! lease.hold(async { /* the report */ }).await?;
//! lease.release().await
//! # }
//! ```

mod database;
mod grant;
mod held;
mod memory;
#[cfg(feature = "redis")]
mod redis;

pub use database::DatabaseLeases;
pub use grant::{Grant, Holder, Leases};
pub use held::Lease;
pub use memory::MemoryLeases;
#[cfg(feature = "redis")]
pub use redis::RedisLeases;
