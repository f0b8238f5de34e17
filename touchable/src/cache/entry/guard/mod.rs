//! Decoding bytes that may be hostile: with a bound on memory and on depth.
//!
//! postcard believes lengths. A few bytes can claim a million elements that take none on the wire, a `None` of one byte
//! can be an option of a kilobyte in memory, and a tree that is nested deep enough overflows the stack. So every
//! deserializer, visitor and seed is wrapped in one that counts.

mod access;
mod visitor;

use std::cell::Cell;

use serde::{
    Deserializer,
    de::{DeserializeOwned, Visitor},
};

use super::Undecodable;

/// How deep a value may be nested; what `serde_json` takes by default.
pub(super) const MAX_DEPTH: usize = 128;

/// The value in bytes that hold nothing else, with at most `limit` bytes of memory for its parts.
pub(super) fn from_bytes<T: DeserializeOwned>(bytes: &[u8], limit: usize) -> Result<T, Undecodable> {
    let bounds = Bounds {
        bytes: Cell::new(limit),
        depth: Cell::new(MAX_DEPTH),
        too_large: Cell::new(false),
    };
    let mut deserializer = postcard::Deserializer::from_bytes(bytes);
    let value = T::deserialize(Guarded {
        inner: &mut deserializer,
        bounds: &bounds,
        slot: size_of::<T>(),
    });
    match (value, deserializer.finalize()) {
        _ if bounds.too_large.get() => Err(Undecodable::TooLarge),
        (Ok(value), Ok([])) => Ok(value),
        _ => Err(Undecodable::Shape),
    }
}

/// What is left of the memory and the depth.
struct Bounds {
    bytes: Cell<usize>,
    depth: Cell<usize>,
    too_large: Cell<bool>,
}

impl Bounds {
    fn charge<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        let Some(rest) = self.bytes.get().checked_sub(bytes) else {
            self.too_large.set(true);
            return Err(E::custom("more than the cache holds"));
        };
        self.bytes.set(rest);
        Ok(())
    }

    /// Runs `inside` one level deeper.
    fn nested<T, E: serde::de::Error>(&self, inside: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let Some(depth) = self.depth.get().checked_sub(1) else {
            return Err(E::custom("nested too deep"));
        };
        self.depth.set(depth);
        let result = inside();
        self.depth.set(depth + 1);
        result
    }
}

/// Something of serde's, with the bounds.
struct Guarded<'b, T> {
    inner: T,
    bounds: &'b Bounds,
    /// The memory in which the next value will be, and which is already charged. What does not fit is in a box.
    slot: usize,
}

impl<'b, T> Guarded<'b, T> {
    /// The same guard around something else.
    fn around<U>(&self, inner: U) -> Guarded<'b, U> {
        Guarded {
            inner,
            bounds: self.bounds,
            slot: self.slot,
        }
    }

    /// Around a part that goes to memory of its own, which is charged.
    fn element<U, V, E: serde::de::Error>(&self, seed: U) -> Result<Guarded<'b, U>, E> {
        // Not nothing, or a claimed number of empty elements would keep us busy for ever.
        self.bounds.charge(size_of::<V>().max(1))?;
        Ok(Guarded {
            inner: seed,
            bounds: self.bounds,
            slot: size_of::<V>(),
        })
    }
}

/// Whether the parts that a visitor sees go to memory of their own, or into the value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    Elements,
    Fields,
}

struct Watched<V> {
    visitor: V,
    parts: Parts,
}

impl<'b, D> Guarded<'b, D> {
    fn visitor<'de, V: Visitor<'de>, E: serde::de::Error>(
        self,
        visitor: V,
        parts: Parts,
    ) -> Result<(D, Guarded<'b, Watched<V>>), E> {
        let size = size_of::<V::Value>();
        if size > self.slot {
            self.bounds.charge(size)?;
        }
        let watched = Guarded {
            inner: Watched { visitor, parts },
            bounds: self.bounds,
            slot: size.max(self.slot),
        };
        Ok((self.inner, watched))
    }
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*) => $parts:ident,)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let (inner, visitor) = self.visitor(visitor, Parts::$parts)?;
            inner.$method($($argument,)* visitor)
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Guarded<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_any() => Elements,
        deserialize_bool() => Fields,
        deserialize_i8() => Fields,
        deserialize_i16() => Fields,
        deserialize_i32() => Fields,
        deserialize_i64() => Fields,
        deserialize_i128() => Fields,
        deserialize_u8() => Fields,
        deserialize_u16() => Fields,
        deserialize_u32() => Fields,
        deserialize_u64() => Fields,
        deserialize_u128() => Fields,
        deserialize_f32() => Fields,
        deserialize_f64() => Fields,
        deserialize_char() => Fields,
        deserialize_str() => Fields,
        deserialize_string() => Fields,
        deserialize_bytes() => Fields,
        deserialize_byte_buf() => Fields,
        deserialize_option() => Fields,
        deserialize_unit() => Fields,
        deserialize_unit_struct(name: &'static str) => Fields,
        deserialize_newtype_struct(name: &'static str) => Fields,
        deserialize_seq() => Elements,
        deserialize_tuple(len: usize) => Fields,
        deserialize_tuple_struct(name: &'static str, len: usize) => Fields,
        deserialize_map() => Elements,
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) => Fields,
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) => Fields,
        deserialize_identifier() => Fields,
        deserialize_ignored_any() => Elements,
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
