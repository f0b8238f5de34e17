//! Fragments that are never invalidated: their key carries the version of the record they show, and a touch moves it.
//!
//! | for | look at |
//! |---|---|
//! | keys and versions of records and of collections | [`key`] |
//! | templates, by what they contain | [`Template`] |
//! | the version of a query | [`VersionedSelect`] |
//! | where the bytes are | [`store`] |

mod collection;
mod failure;
pub mod key;
#[cfg(feature = "cache")]
pub mod store;
mod template;

pub use collection::VersionedSelect;
pub(crate) use failure::Failure;
pub use key::{CacheKey, Version, Versioned};
pub use template::Template;
