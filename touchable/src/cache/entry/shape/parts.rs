//! Shapes of what has parts.

use serde::{
    Serialize,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use super::{Shape, Shapeless, chain, named};

/// Parts in their order, with their names where they have one.
pub(super) struct Chained {
    hash: u64,
    inside: Shape,
}

impl Chained {
    pub(super) const fn new(hash: u64, inside: Shape) -> Self {
        Self { hash, inside }
    }

    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Shapeless> {
        self.hash = chain(self.hash, value.serialize(self.inside)?);
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Shapeless> {
        self.hash = named(self.hash, name);
        self.part(value)
    }
}

macro_rules! chained {
    ($($trait:ident::$method:ident,)*) => {
        $(impl $trait for Chained {
            type Ok = u64;
            type Error = Shapeless;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Shapeless> {
                self.part(value)
            }

            fn end(self) -> Result<u64, Shapeless> {
                Ok(self.hash)
            }
        })*
    };
}

chained! {
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

macro_rules! named_fields {
    ($($trait:ident,)*) => {
        $(impl $trait for Chained {
            type Ok = u64;
            type Error = Shapeless;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Shapeless> {
                self.field(name, value)
            }

            fn end(self) -> Result<u64, Shapeless> {
                Ok(self.hash)
            }
        })*
    };
}

named_fields! { SerializeStruct, SerializeStructVariant, }

/// Parts in any order.
pub(super) struct Added {
    sort: u64,
    sum: u64,
    count: u64,
    key: u64,
    inside: Shape,
}

impl Added {
    pub(super) const fn new(sort: u64, inside: Shape) -> Self {
        Self {
            sort,
            sum: 0,
            count: 0,
            key: 0,
            inside,
        }
    }

    fn part(&mut self, hash: u64) {
        self.sum = self.sum.wrapping_add(hash);
        self.count += 1;
    }

    const fn end(self) -> u64 {
        chain(chain(self.sort, self.sum), self.count)
    }
}

impl SerializeSeq for Added {
    type Ok = u64;
    type Error = Shapeless;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Shapeless> {
        let hash = value.serialize(self.inside)?;
        self.part(hash);
        Ok(())
    }

    fn end(self) -> Result<u64, Shapeless> {
        Ok(self.end())
    }
}

impl SerializeMap for Added {
    type Ok = u64;
    type Error = Shapeless;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Shapeless> {
        self.key = key.serialize(self.inside)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Shapeless> {
        let hash = chain(self.key, value.serialize(self.inside)?);
        self.part(hash);
        Ok(())
    }

    fn end(self) -> Result<u64, Shapeless> {
        Ok(self.end())
    }
}
