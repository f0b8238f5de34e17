//! Everything that waits: back-off, intervals, queues of what is due, rate limits, and the tasks in which it happens.
//!
//! | for | look at |
//! |---|---|
//! | the pause after a failure | [`Backoff`] |
//! | keeping below a rate | [`Limiter`] |
//! | work in the background that somebody owns | `Task` (features `lease`, `reactive`, `refresh`) |
//!
//! All of it is on tokio's time, which tests pause. What is stored is stamped by [`Clock`](crate::Clock) instead, which tests
//! set; the two never mix.

mod backoff;
#[cfg(any(feature = "cache", feature = "lease", feature = "refresh"))]
mod caught;
#[cfg(any(feature = "cache", feature = "reactive"))]
mod interval;
mod jitter;
mod limiter;
#[cfg(any(feature = "reactive", feature = "refresh"))]
mod moment;
#[cfg(feature = "reactive")]
mod queue;
#[cfg(any(feature = "lease", feature = "reactive", feature = "refresh"))]
mod task;

pub use backoff::Backoff;
#[cfg(any(feature = "cache", feature = "lease", feature = "refresh"))]
pub(crate) use caught::caught;
#[cfg(any(feature = "cache", feature = "reactive"))]
pub(crate) use interval::{Interval, Turn, Wake};
#[cfg(any(feature = "reactive", feature = "refresh"))]
pub(crate) use jitter::around;
pub(crate) use jitter::longer;
#[cfg(feature = "cache")]
pub(crate) use jitter::shorter;
pub use limiter::Limiter;
#[cfg(any(feature = "reactive", feature = "refresh"))]
pub(crate) use moment::Moment;
#[cfg(feature = "reactive")]
pub(crate) use queue::{DueQueue, Id, Place};
#[cfg(any(feature = "lease", feature = "reactive", feature = "refresh"))]
pub(crate) use task::Stop;
#[cfg(any(feature = "lease", feature = "reactive", feature = "refresh"))]
pub use task::Task;
#[cfg(feature = "refresh")]
pub(crate) use task::report;
