//! Values that are computed in the background, for as long as somebody asks for them.
//!
//! For what takes seconds, or comes from another service: a read never waits for it. It returns what is there, and whoever
//! reads keeps the value being computed. Once nobody reads for the [`lifetime`](ReactiveBuilder::lifetime), nothing is computed
//! and nothing is left.
//!
//! # Example: the status of a deployment
//!
//! ```
//! use std::time::Duration;
//! use touchable::reactive::{BoxError, Compute, Computed, Reactive, Reading};
//!
//! struct Status {
//!     // a client of the service
//! }
//!
//! impl Compute for Status {
//!     const NAME: &'static str = "deployment_status";
//!     type Key = u64;
//!     type Value = String;
//!
//!     async fn compute(&self, _environment: &u64, _before: Option<&String>) -> Result<Computed<String>, BoxError> {
//!         // Ask the service. It may be slow, fail, hang or panic.
//!         Ok(Computed::Value("running".to_owned()))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> touchable::Result<()> {
//! let status = Reactive::builder(Status {})
//!     .refresh_interval(Duration::from_mins(1))
//!     .lifetime(Duration::from_mins(10))
//!     .start()?;
//! let shown = match status.read(&5).await? {
//!     Reading::Fresh { value, .. } => value.to_string(),
//!     Reading::Stale { value, age, .. } => format!("{value}, {} s ago", age.as_secs()),
//!     Reading::Pending { poll_after } => format!("look again in {poll_after:?}"),
//!     Reading::Failed { error, .. } => error.to_string(),
//! };
//! assert_eq!(shown, "look again in 1s");
//! let reading = status.read_or_wait(&5, Duration::from_secs(5)).await?;
//! assert_eq!(*reading.into_value().unwrap(), "running");
//! status.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! | for | look at |
//! |---|---|
//! | saying how a value is computed | [`Compute`], [`Computed`] |
//! | reading, expiring, clearing | [`Reactive`] |
//! | intervals, timeouts, limits | [`ReactiveBuilder`] |
//! | how many computations run at once | [`Pool`] |
//! | one process; several nodes | [`MemorySchedule`]; `RedisSchedule` (feature `redis`) |
//! | counters and spans | [`observe`] |
//!
//! # How a value is kept up to date
//!
//! A key that somebody reads is *wanted*. A wanted key always has either a due time or a claim with an end: a worker takes it
//! when it is due, computes it, stores the value and sets the next due time. A worker that dies holds it for the
//! [`claim_time`](ReactiveBuilder::claim_time), and cannot write after that. Computations of one key never overlap.
//!
//! First fills go before refreshes: none that was asked for more than ten seconds after a refresh was due goes before that.

mod ask;
mod builder;
mod compute;
mod front;
mod jobs;
mod memory;
mod near;
pub mod observe;
mod pool;
mod reading;
#[cfg(feature = "redis")]
mod redis;
mod run;
mod worker;

pub use builder::ReactiveBuilder;
pub use compute::{BoxError, Compute, Computed};
pub use front::Reactive;
pub use jobs::{Inspected, Schedule};
pub use memory::MemorySchedule;
pub use pool::Pool;
pub use reading::{ComputeError, Reading};
#[cfg(feature = "redis")]
pub use redis::RedisSchedule;
