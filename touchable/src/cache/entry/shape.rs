//! The shape of a value: a hash of the names and primitive types by which it describes itself to serde, not of its content.
//!
//! A value that was stored as one type and is read as another, or as the same one with other fields, is found out by it.
//! The parts of a sequence or a map are added up, since a `HashMap` has no order.

mod parts;

use std::{error, fmt, sync::Arc};

use serde::{Serialize, Serializer, ser};
use twox_hash::XxHash3_64;

use super::guard::MAX_DEPTH;
use crate::error::cache::Shared;
use parts::{Added, Chained};

/// The shape of a value.
pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<u64, Shared> {
    value
        .serialize(Shape { depth: 0 })
        .map_err(|problem| -> Shared { Arc::new(problem) })
}

/// Why a value has no shape.
#[derive(Debug)]
pub(super) struct Shapeless(String);

impl fmt::Display for Shapeless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for Shapeless {}

impl ser::Error for Shapeless {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

#[derive(Clone, Copy)]
struct Shape {
    depth: usize,
}

impl Shape {
    /// One level deeper.
    fn inside(self) -> Result<Self, Shapeless> {
        if self.depth == MAX_DEPTH {
            return Err(Shapeless(format!("it is nested more than {MAX_DEPTH} deep")));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

/// A hash that depends on the order.
const fn chain(hash: u64, next: u64) -> u64 {
    (hash.rotate_left(23) ^ next).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn named(hash: u64, name: &str) -> u64 {
    XxHash3_64::oneshot_with_seed(hash, name.as_bytes())
}

/// What serde knows of types. The numbers are stored: add, never change.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Sort {
    Bool = 1,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Str,
    Bytes,
    None,
    Some,
    Unit,
    UnitStruct,
    UnitVariant,
    NewtypeStruct,
    NewtypeVariant,
    Seq,
    Tuple,
    TupleStruct,
    TupleVariant,
    Map,
    Struct,
    StructVariant,
}

impl Sort {
    const fn hash(self) -> u64 {
        chain(0, self as u64)
    }

    fn named(self, name: &str) -> u64 {
        named(self.hash(), name)
    }

    fn variant(self, name: &str, index: u32, variant: &str) -> u64 {
        chain(named(self.named(name), variant), u64::from(index))
    }
}

macro_rules! primitives {
    ($($method:ident: $type:ty => $sort:ident,)*) => {
        $(fn $method(self, _: $type) -> Result<u64, Shapeless> {
            Ok(Sort::$sort.hash())
        })*
    };
}

impl Serializer for Shape {
    type Ok = u64;
    type Error = Shapeless;
    type SerializeSeq = Added;
    type SerializeTuple = Chained;
    type SerializeTupleStruct = Chained;
    type SerializeTupleVariant = Chained;
    type SerializeMap = Added;
    type SerializeStruct = Chained;
    type SerializeStructVariant = Chained;

    primitives! {
        serialize_bool: bool => Bool,
        serialize_i8: i8 => I8,
        serialize_i16: i16 => I16,
        serialize_i32: i32 => I32,
        serialize_i64: i64 => I64,
        serialize_i128: i128 => I128,
        serialize_u8: u8 => U8,
        serialize_u16: u16 => U16,
        serialize_u32: u32 => U32,
        serialize_u64: u64 => U64,
        serialize_u128: u128 => U128,
        serialize_f32: f32 => F32,
        serialize_f64: f64 => F64,
        serialize_char: char => Char,
        serialize_str: &str => Str,
        serialize_bytes: &[u8] => Bytes,
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<u64, Shapeless> {
        Ok(Sort::Str.hash())
    }

    fn serialize_none(self) -> Result<u64, Shapeless> {
        Ok(Sort::None.hash())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<u64, Shapeless> {
        Ok(chain(Sort::Some.hash(), value.serialize(self.inside()?)?))
    }

    fn serialize_unit(self) -> Result<u64, Shapeless> {
        Ok(Sort::Unit.hash())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<u64, Shapeless> {
        Ok(Sort::UnitStruct.named(name))
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<u64, Shapeless> {
        Ok(Sort::UnitVariant.variant(name, index, variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<u64, Shapeless> {
        let inner = value.serialize(self.inside()?)?;
        Ok(chain(Sort::NewtypeStruct.named(name), inner))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<u64, Shapeless> {
        let inner = value.serialize(self.inside()?)?;
        Ok(chain(Sort::NewtypeVariant.variant(name, index, variant), inner))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Added, Shapeless> {
        Ok(Added::new(Sort::Seq.hash(), self.inside()?))
    }

    fn serialize_tuple(self, _: usize) -> Result<Chained, Shapeless> {
        Ok(Chained::new(Sort::Tuple.hash(), self.inside()?))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Chained, Shapeless> {
        Ok(Chained::new(Sort::TupleStruct.named(name), self.inside()?))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Chained, Shapeless> {
        let hash = Sort::TupleVariant.variant(name, index, variant);
        Ok(Chained::new(hash, self.inside()?))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Added, Shapeless> {
        Ok(Added::new(Sort::Map.hash(), self.inside()?))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Chained, Shapeless> {
        Ok(Chained::new(Sort::Struct.named(name), self.inside()?))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Chained, Shapeless> {
        let hash = Sort::StructVariant.variant(name, index, variant);
        Ok(Chained::new(hash, self.inside()?))
    }
}
