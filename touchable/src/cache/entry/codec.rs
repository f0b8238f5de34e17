//! Values to payloads and back: bytes and text as they are, anything else by postcard.

use std::{marker::PhantomData, sync::Arc};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Content, Kind, Payload, Text, Undecodable, guard, shape};
use crate::error::cache::Shared;

/// One way to store values of one type.
pub(crate) trait Codec: 'static {
    type Value;

    /// The payload of a value; nothing for a value that is not stored.
    fn encode(value: &Self::Value) -> Result<Option<Payload>, Shared>;

    /// The value of a payload that needs no decoding, while the entry is held.
    #[inline]
    fn shared(_payload: &Payload) -> Option<Self::Value> {
        None
    }

    /// The value of a payload, with at most `limit` bytes of memory for its parts.
    fn decode(payload: Option<Payload>, limit: usize) -> Result<Self::Value, Undecodable>;
}

/// A value, or `None`, which is not stored.
pub(crate) struct Skipped<C>(PhantomData<fn() -> C>);

impl<C: Codec> Codec for Skipped<C> {
    type Value = Option<C::Value>;

    fn encode(value: &Self::Value) -> Result<Option<Payload>, Shared> {
        value.as_ref().map_or(Ok(None), C::encode)
    }

    fn decode(payload: Option<Payload>, limit: usize) -> Result<Self::Value, Undecodable> {
        let decode = |payload| C::decode(Some(payload), limit);
        payload.map(decode).transpose()
    }
}

/// Bytes as they are.
pub(crate) struct Raw;

impl Codec for Raw {
    type Value = Bytes;

    fn encode(value: &Bytes) -> Result<Option<Payload>, Shared> {
        Ok(Some(Payload {
            kind: Kind::Raw,
            shape: 0,
            content: Content::Bytes(value.clone()),
            is_too_large: false,
        }))
    }

    fn decode(payload: Option<Payload>, _limit: usize) -> Result<Bytes, Undecodable> {
        of_kind(payload, Kind::Raw).map(|payload| payload.content.into_bytes())
    }
}

/// Text as it is.
pub(crate) struct Utf8;

impl Codec for Utf8 {
    type Value = Text;

    fn encode(value: &Text) -> Result<Option<Payload>, Shared> {
        Ok(Some(Payload {
            kind: Kind::Text,
            shape: 0,
            content: Content::Text(value.clone()),
            is_too_large: false,
        }))
    }

    #[inline]
    fn shared(payload: &Payload) -> Option<Text> {
        match &payload.content {
            Content::Text(text) if payload.kind == Kind::Text => Some(text.clone()),
            _ => None,
        }
    }

    fn decode(payload: Option<Payload>, _limit: usize) -> Result<Text, Undecodable> {
        of_kind(payload, Kind::Text)?.content.into_text()
    }
}

/// A value of any serde type.
pub(crate) struct Typed<T>(PhantomData<fn() -> T>);

impl<T: Serialize + DeserializeOwned + 'static> Codec for Typed<T> {
    type Value = T;

    fn encode(value: &T) -> Result<Option<Payload>, Shared> {
        // The shape first: it refuses what is nested too deep for the stack.
        let shape = shape::of(value)?;
        let bytes = postcard::to_allocvec(value).map_err(|source| -> Shared { Arc::new(source) })?;
        Ok(Some(Payload {
            kind: Kind::Typed,
            shape,
            content: Content::Bytes(bytes.into()),
            is_too_large: false,
        }))
    }

    fn decode(payload: Option<Payload>, limit: usize) -> Result<T, Undecodable> {
        let payload = of_kind(payload, Kind::Typed)?;
        let value: T = guard::from_bytes(payload.content.as_bytes(), limit)?;
        // postcard knows no names: bytes of one type can be read as another. The names that the decoded value shows are
        // compared with those that the stored one showed.
        match shape::of(&value) {
            Ok(shape) if shape == payload.shape => Ok(value),
            _ => Err(Undecodable::Shape),
        }
    }
}

fn of_kind(payload: Option<Payload>, kind: Kind) -> Result<Payload, Undecodable> {
    payload
        .filter(|payload| payload.kind == kind)
        .ok_or(Undecodable::Shape)
}

/// A payload that is known to be readable; nothing for a value that is not stored.
pub(crate) fn encode<C: Codec>(value: &C::Value, limit: usize) -> Result<Option<Payload>, Shared> {
    let Some(mut payload) = C::encode(value)? else {
        return Ok(None);
    };
    // Types whose `Deserialize` does not read what their `Serialize` writes are found here, and not by a hit.
    match C::decode(Some(payload.clone()), limit) {
        Ok(_) => {}
        Err(Undecodable::TooLarge) => payload.is_too_large = true,
        Err(_) => return Err(unreadable::<C::Value>()),
    }
    Ok(Some(payload))
}

/// Why a type cannot be stored.
pub(crate) fn unreadable<T>() -> Shared {
    let message = format!(
        "`{}` does not read back what it writes; it may need a format that describes itself (as untagged enums, \
         `flatten`, `skip_serializing_if` and JSON values do): store it as text or bytes",
        std::any::type_name::<T>()
    );
    Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(message))
}
