//! The way of bytes from a shared store to a value, without a store: what the fuzz target calls.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Codec, Content, Format, Kind, Payload, Raw, Times, Typed, Utf8, encode};

const fn format(max_value_bytes: usize, checked: bool) -> Format {
    Format {
        checked,
        compressed: true,
        max_value_bytes,
    }
}

/// The entry of a value.
#[must_use]
pub fn entry<T: Serialize + DeserializeOwned + 'static>(key: &str, value: &T, limit: usize) -> Option<Bytes> {
    let payload = encode::<Typed<T>>(value, limit).ok()??;
    let times = Times {
        created: 1,
        fresh_until: Times::NEVER,
        kept_until: Times::NEVER,
        load_micros: 1,
    };
    format(limit, true).wrap(key, None, times, &payload)
}

/// The value that bytes are taken for. Without `checked` the checksum may be wrong, so that a fuzzer gets past it.
#[must_use]
pub fn value<T: Serialize + DeserializeOwned + 'static>(
    key: &str,
    bytes: Bytes,
    limit: usize,
    checked: bool,
) -> Option<T> {
    Typed::decode(Some(payload(key, bytes, limit, checked)?), limit).ok()
}

/// How long the text or the bytes are that bytes are taken for.
#[must_use]
pub fn text_or_bytes(key: &str, bytes: Bytes, limit: usize, checked: bool) -> Option<usize> {
    let payload = payload(key, bytes, limit, checked)?;
    let text = Utf8::decode(Some(payload.clone()), limit).map(|text| text.len());
    text.or_else(|_| Raw::decode(Some(payload), limit).map(|bytes| bytes.len()))
        .ok()
}

/// How long the payload is that is kept beside bytes in memory.
#[must_use]
pub fn inspected(key: &str, bytes: Bytes, limit: usize, checked: bool) -> Option<usize> {
    let inspected = format(limit, checked).inspect(key, bytes)?;
    Some(inspected.payload().content.as_bytes().len())
}

/// Decodes a payload as a type whatever shape stands beside it.
#[must_use]
pub fn payload_as<T: Serialize + DeserializeOwned + 'static>(bytes: Bytes, limit: usize) -> bool {
    let payload = Payload {
        kind: Kind::Typed,
        shape: 0,
        content: Content::Bytes(bytes),
        is_too_large: false,
    };
    Typed::<T>::decode(Some(payload), limit).is_ok()
}

fn payload(key: &str, bytes: Bytes, limit: usize, checked: bool) -> Option<Payload> {
    let entry = format(limit, checked).unwrap(key, bytes).ok()?;
    entry.payload().ok()
}
