//! Field-level cache invalidation for SeaORM.

mod clock;
pub mod connection;
mod entity;
mod error;
pub mod graph;
pub mod observe;
pub mod touch;

#[doc(hidden)]
pub mod __private;

pub use clock::{Clock, Stamp};
pub use connection::{TouchConnection, TouchTransaction, after_commit, connect};
pub use entity::{StampType, Touchable, VersionType};
pub use error::{Error, Result};
pub use graph::TouchGraph;
pub use touch::{TouchMany, TouchRecord, Touched, no_touching, no_touching_on};
#[cfg(feature = "derive")]
pub use touchable_derive::Touchable;
