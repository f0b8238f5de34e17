//! Spelling a key, so that no two inputs meet in one.

use super::CacheKey;
use crate::{Result, cache::Failure};

/// The name before all keys of one cache, so that several can share a store.
#[derive(Clone, Debug)]
pub struct Namespace(Box<str>);

impl Namespace {
    /// # Errors
    /// When it is blank.
    pub fn new(name: &str) -> Result<Self> {
        Ok(Self(name.into()))
    }

    /// What all keys of the namespace begin with, and none of another.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.0
    }

    /// The key under which a store holds the entry that `key` names: one allocation.
    ///
    /// # Errors
    /// See [`CacheKey::write_to`].
    pub fn key<K: CacheKey + ?Sized>(&self, key: &K) -> Result<String> {
        let mut writer = KeyWriter(String::with_capacity(self.0.len() + 64));
        writer.0.push_str(&self.0);
        key.write_to(&mut writer)?;
        Ok(writer.0)
    }
}

/// A key in the making.
#[derive(Debug)]
pub struct KeyWriter(String);

impl KeyWriter {
    pub(super) fn text(&mut self, text: &str) -> Result<()> {
        if text.is_empty() {
            return Err(Failure::Key("it is blank".to_owned()).into());
        }
        self.0.push(':');
        self.0.push_str(text);
        Ok(())
    }
}
