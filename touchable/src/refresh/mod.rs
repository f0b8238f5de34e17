//! Items that the caller creates and another service finishes, kept in step with it.
//!
//! For jobs, deployments, payments: what is known of them here is out of date as soon as it is stored, and another service knows
//! better. [`AutoRefreshCache`] asks it, politely: never more often than it allows, never about what is finished, never twice at the
//! same time about the same item, and less often where it fails.
//!
//! # Example: jobs of another service
//!
//! ```
//! use std::time::Duration;
//! use touchable::refresh::{AutoRefreshCache, Batch, BoxError, Poller, RateLimit};
//!
//! #[derive(Debug, PartialEq)]
//! enum Job {
//!     Started,
//!     Done,
//! }
//!
//! struct Jobs {
//!     // a client of the service
//! }
//!
//! impl Poller for Jobs {
//!     type Key = u64;
//!     type Item = Job;
//!
//!     async fn poll(&self, batch: &mut Batch<u64, Job>) -> Result<(), BoxError> {
//!         // Ask the service about all of `batch.keys()` at once.
//!         for slot in batch.slots() {
//!             slot.update(Job::Done);
//!         }
//!         Ok(())
//!     }
//!
//!     fn is_terminal(&self, job: &Job) -> bool {
//!         *job == Job::Done
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> touchable::Result<()> {
//! let jobs = AutoRefreshCache::builder("jobs", Jobs {})
//!     .resync_period(Duration::from_secs(30))
//!     .rate_limit(RateLimit::per_second(30.0).burst(300))
//!     .batch(500)
//!     .start()?;
//! let job = jobs.get_or_create(&5, || Job::Started)?;
//! assert_eq!(*job, Job::Started);
//! let job = jobs.wait_until(&5, |job| *job == Job::Done, Duration::from_secs(10)).await?;
//! assert_eq!(jobs.get(&5), Some(job));
//! jobs.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! | for | look at |
//! |---|---|
//! | saying how the service is asked | [`Poller`], [`Batch`], [`Slot`] |
//! | reading, creating, removing, waiting | [`AutoRefreshCache`], [`Watch`] |
//! | periods, limits, what leaves when | [`AutoRefreshBuilder`], [`RateLimit`], [`OnFull`] |
//! | rows of an entity | [`EntitySync`] |
//! | webhooks and other news | [`Poller::listen`], [`Hints`], [`AutoRefreshCache::sync_soon`] |
//! | counters, gauges and spans | [`observe`], [`AutoRefreshCache::stats`] |
//!
//! # How items are polled
//!
//! There is no tick. Every item that is polled has a due time of its own, in one queue in which a key is at most once. What is due
//! waits for a worker and for the limiter, which is asked when a call begins; a call then takes what is due at that moment, as
//! it is at that moment. New items and those that somebody has [hinted](AutoRefreshCache::sync_soon) at go before those whose period
//! is over, three to one where both wait; otherwise whoever has waited longest goes first.
//!
//! An answer is of the item that was asked about. When that was removed, replaced or evicted meanwhile, it is dropped, whatever has
//! come in its place.

mod batch;
mod builder;
mod cache;
mod creating;
mod entity;
#[cfg(feature = "feed")]
mod follow;
mod hints;
mod inner;
mod items;
mod keeper;
pub mod observe;
mod poller;
mod queue;
mod rate;
mod watch;
mod worker;

pub use batch::{Batch, Slot};
pub use builder::{AutoRefreshBuilder, OnFull};
pub use cache::{AutoRefreshCache, Item, ItemState};
pub use entity::EntitySync;
pub use hints::Hints;
pub use observe::Stats;
pub use poller::{BoxError, Evicted, Listening, Poller};
pub use rate::RateLimit;
pub use watch::Watch;
