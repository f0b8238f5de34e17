//! Fragments that are never invalidated: their key carries the version of the record they show, and a touch moves it.
//!
//! | for | look at |
//! |---|---|
//! | keys and versions of records and of collections | [`key`] |
//! | templates, by what they contain | [`Template`] |
//! | the version of a query | [`VersionedSelect`] |
//! | rendered pieces of a page, nested in each other | [`FragmentCache`] |
//! | loading a value once, whoever asks for it | [`Cache`] |
//! | how long it lives | [`Options`] |
//! | where the bytes are | [`store`] |
//! | counters and spans | [`observe`](mod@observe) |

#[cfg(feature = "cache")]
mod cluster;
mod collection;
#[cfg(feature = "cache")]
mod direct;
#[cfg(feature = "cache")]
pub(crate) mod entry;
#[cfg(feature = "cache")]
mod fetch;
#[cfg(feature = "cache")]
mod flight;
#[cfg(feature = "cache")]
mod fragment;
#[cfg(feature = "cache")]
mod front;
pub mod key;
#[cfg(feature = "cache")]
mod load;
#[cfg(feature = "cache")]
mod many;
#[cfg(feature = "cache")]
pub mod observe;
#[cfg(feature = "cache")]
mod options;
#[cfg(feature = "cache")]
mod read;
#[cfg(feature = "cache")]
mod scoped;
#[cfg(feature = "cache")]
pub mod store;
mod template;

pub use collection::VersionedSelect;
#[cfg(feature = "cache")]
pub use entry::Text;
#[cfg(feature = "cache")]
pub use fragment::{FragmentCache, Lookup, Rendered, observe};
#[cfg(feature = "cache")]
pub use front::{Cache, CacheBuilder};
pub use key::{CacheKey, Version, Versioned};
#[cfg(feature = "cache")]
pub use options::Options;
pub use template::Template;
