//! The name before all keys of one cache, and the form in which a store gets them.

use sha2::{Digest, Sha256};

use super::{
    CacheKey, KeyWriter, Spelled,
    escape::{TEXT, push_hex},
};
use crate::error::{Result, cache::Failure};

/// The longest key that a store gets: what memcached takes, and a column with an index on every database.
pub const MAX_KEY_BYTES: usize = 250;

/// So that a cut key still shows what it is of.
const MAX_PREFIX_BYTES: usize = 100;

/// What stands between the beginning of a key that was cut and its hash; no other key contains it.
pub(super) const CUT: char = '#';

/// The mark and SHA-256.
const HASH_BYTES: usize = 1 + 64;

/// The name before all keys of one cache, so that several can share a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Namespace {
    prefix: Box<str>,
}

impl Namespace {
    /// Escapes what text in keys may not contain, so that no name is the beginning of another's keys.
    ///
    /// # Errors
    /// When it is blank, or longer than 100 bytes.
    pub fn new(name: &str) -> Result<Self> {
        Self::spelled(name, "", "")
    }

    /// With the name as hash tag: all keys are in one slot of a Redis Cluster, and on one of its nodes.
    ///
    /// # Errors
    /// See [`new`](Self::new).
    pub fn in_one_slot(name: &str) -> Result<Self> {
        Self::spelled(name, "{", "}")
    }

    fn spelled(name: &str, open: &str, close: &str) -> Result<Self> {
        if name.trim().is_empty() {
            return Err(Failure::Key("its namespace is blank; give the cache a name".to_owned()).into());
        }
        let mut prefix = String::from(open);
        TEXT.push(&mut prefix, name);
        prefix.push_str(close);
        prefix.push(':');
        if prefix.len() > MAX_PREFIX_BYTES {
            let problem =
                format!("the namespace `{name}` has more than {MAX_PREFIX_BYTES} bytes; shorten it");
            return Err(Failure::Key(problem).into());
        }
        Ok(Self {
            prefix: prefix.into_boxed_str(),
        })
    }

    /// What all keys of the namespace begin with, and none of another.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key under which a store holds the entry that `key` names.
    ///
    /// A key longer than [`MAX_KEY_BYTES`] is cut, and ends in the SHA-256 of the whole.
    ///
    /// # Errors
    /// When the key is blank, or a record in it has no version.
    pub fn key<K: CacheKey + ?Sized>(&self, key: &K) -> Result<String> {
        self.spell(key).map(Spelled::into_string)
    }

    /// [`key`](Self::key) for a while.
    pub(crate) fn spell<K: CacheKey + ?Sized>(&self, key: &K) -> Result<Spelled> {
        let mut text = self.written(key)?;
        if text.len() > MAX_KEY_BYTES {
            cut(&mut text);
        }
        Ok(Spelled::of(text))
    }

    /// The same at any length: for what no store keeps under it.
    #[cfg(feature = "reactive")]
    pub(crate) fn spell_whole<K: CacheKey + ?Sized>(&self, key: &K) -> Result<Spelled> {
        self.written(key).map(Spelled::of)
    }

    fn written<K: CacheKey + ?Sized>(&self, key: &K) -> Result<String> {
        let mut text = Spelled::room();
        text.push_str(&self.prefix);
        let mut writer = KeyWriter::after(text);
        key.write_to(&mut writer)?;
        if writer.blank {
            let problem = format!("it is blank (in `{}`); name what is cached", self.prefix);
            return Err(Failure::Key(problem).into());
        }
        Ok(writer.text)
    }
}

fn cut(key: &mut String) {
    let hash = Sha256::digest(key.as_bytes());
    // Keys are ASCII: any byte is the beginning of a character.
    key.truncate(MAX_KEY_BYTES - HASH_BYTES);
    key.push(CUT);
    for byte in hash {
        push_hex(key, byte);
    }
}
