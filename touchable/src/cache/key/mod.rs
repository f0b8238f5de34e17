//! What an entry is called: the key of a record, its version, and how a store spells them.

mod writer;

pub use writer::{KeyWriter, Namespace};

use crate::Result;

/// What can name an entry of a cache: text, numbers, records, and tuples, slices and options of such.
pub trait CacheKey {
    /// Appends this key, as one part.
    ///
    /// # Errors
    /// When the key is blank, or a record has no version.
    fn write_to(&self, key: &mut KeyWriter) -> Result<()>;
}

impl CacheKey for str {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.text(self)
    }
}

impl CacheKey for String {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.text(self)
    }
}

impl<K: CacheKey + ?Sized> CacheKey for &K {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        (**self).write_to(key)
    }
}
