//! Wrapping a payload, and finding it again in bytes that are not trusted.

use bytes::{Buf, Bytes};
use lz4_flex::block;
use twox_hash::XxHash3_64;

use super::{
    Content, Payload,
    header::{FLAG_COMPRESSED, FLAG_VERSIONED, HEADER_BYTES, Header, Times},
};

/// From this size on a payload is compressed when that makes it smaller.
const COMPRESS_FROM: usize = 1024;
/// The most that a byte of LZ4 can become; more is a lie, for which no memory is asked.
const MAX_RATIO: usize = 255;
const CHECKSUM_BYTES: usize = 8;

/// These bytes are no entry of this key, or of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecodable {
    /// Not what this library wrote under this key.
    Damaged,
    /// A value of another type, or of this one as it was when it had other fields.
    Shape,
    /// More than the cache holds.
    TooLarge,
}

/// How entries of one cache are written and read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    /// Others can write to the store, or bits in it can rot.
    pub(crate) checked: bool,
    pub(crate) compressed: bool,
    pub(crate) max_value_bytes: usize,
}

impl Format {
    /// A value in its envelope; nothing when it is over the limit.
    pub(crate) fn wrap(
        &self,
        key: &str,
        version: Option<&str>,
        times: Times,
        payload: &Payload,
    ) -> Option<Bytes> {
        let raw = payload.content.as_bytes();
        let raw_len = u32::try_from(raw.len()).ok()?;
        let version_len = u16::try_from(version.map_or(0, str::len)).ok()?;
        if payload.is_too_large || raw.len() > self.max_value_bytes {
            return None;
        }
        let smaller = self.smaller(raw);
        let header = Header {
            kind: payload.kind,
            flags: if smaller.is_some() { FLAG_COMPRESSED } else { 0 }
                | if version.is_some() { FLAG_VERSIONED } else { 0 },
            version_len,
            times,
            shape: payload.shape,
            raw_len,
        };
        let stored = smaller.as_deref().unwrap_or(raw);
        let mut bytes = Vec::with_capacity(HEADER_BYTES + usize::from(version_len) + stored.len());
        bytes.extend_from_slice(&[0; CHECKSUM_BYTES]);
        header.write(&mut bytes);
        bytes.extend_from_slice(version.unwrap_or_default().as_bytes());
        bytes.extend_from_slice(stored);
        if self.checked {
            let checksum = checksum(key, &bytes[CHECKSUM_BYTES..]);
            bytes[..CHECKSUM_BYTES].copy_from_slice(&checksum.to_le_bytes());
        }
        Some(bytes.into())
    }

    fn smaller(&self, payload: &[u8]) -> Option<Vec<u8>> {
        if !self.compressed || payload.len() < COMPRESS_FROM {
            return None;
        }
        Some(block::compress(payload)).filter(|compressed| compressed.len() < payload.len())
    }

    /// The entry in bytes from a store.
    pub(crate) fn unwrap(&self, key: &str, bytes: Bytes) -> Result<Entry, Undecodable> {
        let (sum, rest) = bytes
            .split_first_chunk::<CHECKSUM_BYTES>()
            .ok_or(Undecodable::Damaged)?;
        if self.checked && u64::from_le_bytes(*sum) != checksum(key, rest) {
            return Err(Undecodable::Damaged);
        }
        let header = Header::read(rest).ok_or(Undecodable::Damaged)?;
        let payload_at = HEADER_BYTES + usize::from(header.version_len);
        let stored_len = bytes.len().checked_sub(payload_at).ok_or(Undecodable::Damaged)?;
        let raw_len = usize::try_from(header.raw_len).map_err(|_| Undecodable::TooLarge)?;
        if raw_len > self.max_value_bytes || stored_len > self.max_value_bytes {
            return Err(Undecodable::TooLarge);
        }
        let fits = if header.is_compressed() {
            raw_len / MAX_RATIO <= stored_len
        } else {
            raw_len == stored_len
        };
        if !fits {
            return Err(Undecodable::Damaged);
        }
        Ok(Entry {
            bytes,
            header,
            payload_at,
            raw_len,
        })
    }
}

/// Of the key too, so that an entry that came under another key is none there.
fn checksum(key: &str, rest: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot(key.as_bytes()), rest)
}

/// An entry as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    bytes: Bytes,
    header: Header,
    payload_at: usize,
    raw_len: usize,
}

impl Entry {
    pub(crate) const fn times(&self) -> &Times {
        &self.header.times
    }

    /// Whether it was written under this version; every entry is right for who asks for none.
    #[inline]
    pub(crate) fn is_of(&self, version: Option<&str>) -> bool {
        version.is_none_or(|version| {
            self.header.is_versioned() && self.bytes[HEADER_BYTES..self.payload_at] == *version.as_bytes()
        })
    }

    pub(super) const fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(super) const fn is_compressed(&self) -> bool {
        self.header.is_compressed()
    }

    pub(crate) fn payload(self) -> Result<Payload, Undecodable> {
        let mut bytes = self.bytes;
        // In place: a slice would count one more owner of the bytes and then one less.
        bytes.advance(self.payload_at);
        if self.header.is_compressed() {
            let mut raw = vec![0; self.raw_len];
            match block::decompress_into(&bytes, &mut raw) {
                Ok(len) if len == self.raw_len => bytes = raw.into(),
                _ => return Err(Undecodable::Damaged),
            }
        }
        Ok(Payload {
            kind: self.header.kind,
            shape: self.header.shape,
            content: Content::Bytes(bytes),
            is_too_large: false,
        })
    }
}
