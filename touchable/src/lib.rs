//! Field-level cache invalidation for SeaORM.

pub mod check;
mod clock;
pub mod connection;
mod entity;
mod error;
pub mod graph;
pub mod observe;
pub mod testing;
pub mod touch;

#[doc(hidden)]
pub mod __private;

pub use check::check;
pub use clock::{Clock, Stamp};
pub use connection::{TouchConnection, TouchTransaction, after_commit, connect};
pub use entity::{StampType, Touchable, VersionType};
pub use error::{Error, Result};
pub use graph::TouchGraph;
pub use touch::{
    Explanation, TouchMany, TouchRecord, Touched, explain, explain_delete, explain_insert, no_touching,
    no_touching_on,
};
#[cfg(feature = "derive")]
pub use touchable_derive::Touchable;
