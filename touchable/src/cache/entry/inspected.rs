//! What was found in an entry, kept beside its bytes so that a hit need not find it again.

use bytes::Bytes;

use super::{Entry, Format, Payload, Times};

/// An entry with a payload that can be handed out as it is.
#[derive(Debug)]
pub(crate) struct Inspected {
    entry: Entry,
    payload: Payload,
    /// Its checksum was compared.
    checked: bool,
}

impl Format {
    /// Looks through an entry once. Nothing when it is damaged, or compressed: its payload would take the room that the
    /// compression has saved.
    pub(crate) fn inspect(&self, key: &str, bytes: Bytes) -> Option<Inspected> {
        let entry = self.unwrap(key, bytes).ok()?;
        if entry.is_compressed() {
            return None;
        }
        let payload = entry.clone().payload().and_then(Payload::proven).ok()?;
        Some(Inspected {
            entry,
            payload,
            checked: self.checked,
        })
    }

    /// Whether the entry would be accepted in this format too; another cache may have looked through it.
    #[inline]
    pub(crate) fn accepts(&self, inspected: &Inspected) -> bool {
        (inspected.checked || !self.checked)
            && inspected.payload.content.as_bytes().len() <= self.max_value_bytes
    }
}

impl Inspected {
    pub(crate) const fn times(&self) -> &Times {
        self.entry.times()
    }

    #[inline]
    pub(crate) fn is_of(&self, version: Option<&str>) -> bool {
        self.entry.is_of(version)
    }

    /// Its bytes, the envelope included.
    pub(crate) const fn len(&self) -> u64 {
        self.entry.len()
    }

    pub(crate) const fn payload(&self) -> &Payload {
        &self.payload
    }
}
