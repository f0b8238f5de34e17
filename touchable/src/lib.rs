//! Field-level cache invalidation for SeaORM.

mod clock;
mod entity;
mod error;
pub mod touch;

#[doc(hidden)]
pub mod __private;

pub use clock::{Clock, Stamp};
pub use entity::{StampType, Touchable, VersionType};
pub use error::{Error, Result};
pub use touch::{TouchMany, TouchRecord, Touched, no_touching, no_touching_on};
#[cfg(feature = "derive")]
pub use touchable_derive::Touchable;
