//! What a record's key carries so that an older entry is not found.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{CacheKey, KeyWriter, Versioned};
use crate::{clock::Stamp, error::Result};

/// A state of a record or of a collection. Equal versions mean that nothing has been written or touched in between.
///
/// It is shown as the 20 digits of a stamp in microseconds, as the integer of a version column, or as 32 hexadecimal
/// digits for a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Stamp(Stamp),
    Integer(i128),
    Digest([u8; 16]),
}

impl Version {
    /// Half of SHA-256 of a text that stands for the whole state.
    #[must_use]
    pub(crate) fn digest(text: &[u8]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&Sha256::digest(text)[..16]);
        Self(Kind::Digest(half))
    }

    pub(super) const fn integer(integer: i128) -> Self {
        Self(Kind::Integer(integer))
    }

    /// Gives a version that was computed elsewhere a name: the version of a query, or of data that SeaORM knows
    /// nothing of.
    ///
    /// ```
    /// use touchable::{Stamp, cache::{Version, Versioned}};
    ///
    /// # fn main() -> touchable::Result<()> {
    /// let prices = Version::from(Stamp::from_micros(1_767_225_600_000_001)).of("prices");
    /// assert_eq!(prices.cache_key()?, "prices");
    /// assert_eq!(prices.cache_key_with_version()?, "prices:@00001767225600000001");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn of<K>(self, key: K) -> Keyed<K> {
        Keyed { key, version: self }
    }

    #[inline]
    pub(super) fn push_to(self, text: &mut String) {
        match self.0 {
            Kind::Stamp(stamp) => push_stamp(text, stamp),
            Kind::Integer(integer) => text.push_str(itoa::Buffer::new().format(integer)),
            Kind::Digest(digest) => digest
                .into_iter()
                .for_each(|byte| super::escape::push_hex(text, byte)),
        }
    }
}

/// Twenty characters, so that stamps sort as text.
fn push_stamp(text: &mut String, stamp: Stamp) {
    const ZEROS: &str = "00000000000000000000";
    let micros = stamp.as_micros();
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(micros.unsigned_abs());
    let sign = usize::from(micros < 0);
    if sign == 1 {
        text.push('-');
    }
    text.push_str(&ZEROS[..ZEROS.len() - sign - digits.len()]);
    text.push_str(digits);
}

impl From<Stamp> for Version {
    fn from(stamp: Stamp) -> Self {
        Self(Kind::Stamp(stamp))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(32);
        self.push_to(&mut text);
        f.pad(&text)
    }
}

impl CacheKey for Version {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.lone_version(*self);
        Ok(())
    }
}

/// A key with a version that was computed elsewhere: see [`Version::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Keyed<K> {
    key: K,
    version: Version,
}

impl<K: CacheKey> CacheKey for Keyed<K> {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        (&self.key, self.version).write_to(key)
    }
}

impl<K: CacheKey> Versioned for Keyed<K> {
    fn write_key_to(&self, key: &mut KeyWriter) -> Result<()> {
        self.key.write_to(key)
    }

    fn cache_version(&self) -> Result<Version> {
        Ok(self.version)
    }
}
