//! What an entry is called: the key of a record, its version, and how a store spells them.
//!
//! ```
//! use touchable::cache::key::Namespace;
//!
//! # fn main() -> touchable::Result<()> {
//! let pages = Namespace::new("pages")?;
//! assert_eq!(pages.key(&("search", "red shoes", 2))?, "pages:search:red%20shoes:2");
//! assert_eq!(pages.key(&("search", ("red", "shoes"), 2))?, "pages:search:(red:shoes):2");
//! assert!(pages.key(" ").unwrap_err().is_invalid_key());
//! # Ok(())
//! # }
//! ```
//!
//! | input | in the store |
//! |---|---|
//! | text | as it is; a leading digit is quoted, everything but letters, digits and `-_./,=+;` is escaped: `'5`, `red%20shoes` |
//! | numbers, `true` | `5`, `!true` |
//! | `None`, `Some("a")` | `~`, `~a` |
//! | tuples and slices | `a:b`, inside of others `(a:b)` |
//! | a record | `tasks/5@00001767225600000001` |
//!
//! Two inputs meet in one key only when they are the same text, number or record, or sequences of the same: `5u8` and
//! `5i64`, `"a"` and `'a'`, a tuple and a slice.

mod atom;
#[cfg(feature = "feed")]
pub(crate) mod changed;
mod escape;
mod generated;
mod namespace;
#[cfg(feature = "feed")]
pub(crate) mod naming;
mod part;
mod primary;
#[doc(hidden)]
pub mod record;
mod spelled;
mod version;
mod versioned;
mod writer;

pub use atom::AsText;
pub use namespace::{MAX_KEY_BYTES, Namespace};
pub(crate) use spelled::Spelled;
pub use version::{Keyed, Version};
pub use versioned::Versioned;
pub use writer::KeyWriter;

use crate::error::Result;

/// What can name an entry of a cache: text, numbers, records, and tuples, slices and options of such.
///
/// A type of the application's own delegates to one of them:
///
/// ```
/// use touchable::{Result, cache::{CacheKey, key::{KeyWriter, Namespace}}};
///
/// struct Search { words: String, page: u32 }
///
/// impl CacheKey for Search {
///     fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
///         (&self.words, self.page).write_to(key)
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let search = Search { words: "shoes".to_owned(), page: 2 };
/// assert_eq!(Namespace::new("search")?.key(&search)?, "search:shoes:2");
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key of a cache",
    note = "text, integers, `bool`, records whose entity derives `Touchable`, and tuples, slices and options of them can; wrap what is `Display` into `AsText`"
)]
pub trait CacheKey {
    /// Appends this key, as one part.
    ///
    /// # Errors
    /// When a record has no version.
    fn write_to(&self, key: &mut KeyWriter) -> Result<()>;
}
