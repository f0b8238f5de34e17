//! Fragments that are never invalidated: their key carries the version of the record they show, and a touch moves it.
//!
//! | for | look at |
//! |---|---|
//! | keys and versions of records and of collections | [`key`] |
//! | where the bytes are | [`store`] |

mod failure;
pub mod key;
#[cfg(feature = "cache")]
pub mod store;

pub(crate) use failure::Failure;
pub use key::{CacheKey, Version, Versioned};
