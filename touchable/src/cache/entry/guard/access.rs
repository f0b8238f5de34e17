//! The parts of a value, each with its share of the bounds.

use serde::{
    Deserializer,
    de::{DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor},
};

use super::{Guarded, Parts};

impl<'b, A> Guarded<'b, (A, Parts)> {
    fn part<S, V, E: serde::de::Error>(&self, seed: S) -> Result<Guarded<'b, S>, E> {
        match self.inner.1 {
            Parts::Elements => self.element::<S, V, E>(seed),
            Parts::Fields => Ok(self.around(seed)),
        }
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Guarded<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.around(deserializer);
        self.inner.deserialize(deserializer)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Guarded<'_, (A, Parts)> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        if self.inner.0.size_hint() == Some(0) {
            return Ok(None);
        }
        let seed = self.part::<S, S::Value, A::Error>(seed)?;
        self.inner.0.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        // No more than what may still be charged: memory is asked for by this hint.
        self.inner
            .0
            .size_hint()
            .map(|hint| hint.min(self.bounds.bytes.get()))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Guarded<'_, (A, Parts)> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if self.inner.0.size_hint() == Some(0) {
            return Ok(None);
        }
        let seed = self.part::<K, K::Value, A::Error>(seed)?;
        self.inner.0.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let seed = self.part::<T, T::Value, A::Error>(seed)?;
        self.inner.0.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner
            .0
            .size_hint()
            .map(|hint| hint.min(self.bounds.bytes.get()))
    }
}

impl<'de, 'b, A: EnumAccess<'de>> EnumAccess<'de> for Guarded<'b, A> {
    type Error = A::Error;
    type Variant = Guarded<'b, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let seed = self.around(seed);
        let (bounds, slot) = (self.bounds, self.slot);
        let (value, inner) = self.inner.variant_seed(seed)?;
        Ok((value, Guarded { inner, bounds, slot }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Guarded<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.around(seed);
        self.inner.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let (inner, visitor) = self.visitor(visitor, Parts::Fields)?;
        inner.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let (inner, visitor) = self.visitor(visitor, Parts::Fields)?;
        inner.struct_variant(fields, visitor)
    }
}
