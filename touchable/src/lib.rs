//! Field-level cache invalidation for SeaORM.

mod clock;
mod entity;
pub mod touch;

#[doc(hidden)]
pub mod __private;

pub use clock::{Clock, Stamp};
pub use entity::{StampType, Touchable, VersionType};
#[cfg(feature = "derive")]
pub use touchable_derive::Touchable;
