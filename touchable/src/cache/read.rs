//! Reading an entry: decoded, and judged by its age.

use bytes::Bytes;

use super::{
    entry::{Codec, Payload, Times, Undecodable},
    front::Inner,
    options::{Age, Options},
    store::Store,
};
use crate::error::Result;

/// A value from the store.
pub(super) struct Found<V> {
    pub(super) value: V,
    pub(super) age: Age,
    pub(super) created: i64,
}

/// A payload from the store, not decoded yet.
pub(super) struct Opened {
    pub(super) payload: Payload,
    pub(super) age: Age,
    pub(super) created: i64,
}

impl<S: Store> Inner<S> {
    /// The value of a fresh entry in the memory of this process, counted as a hit. Nothing says nothing: the store has to
    /// be asked.
    pub(super) fn at_hand<C: Codec>(&self, key: &str, options: &Options) -> Option<C::Value> {
        if options.force {
            return None;
        }
        options.check().ok()?;
        let (value, len) = self.store.at_hand()?.look(key, |held| {
            let inspected = held.inspected(|bytes| self.format.inspect(key, bytes))?;
            let is_fit = self.format.accepts(inspected)
                && inspected.is_of(options.version.as_deref())
                && self.age(inspected.times(), options) == Age::Fresh;
            let payload = is_fit.then(|| inspected.payload())?;
            let shared = C::shared(payload).ok_or_else(|| payload.clone());
            Some((shared, inspected.len()))
        })?;
        let limit = self.format.max_value_bytes;
        let value = value.or_else(|payload| C::decode(Some(payload), limit)).ok()?;
        self.meters.read_bytes.increment(len);
        self.meters.hits.increment(1);
        Some(value)
    }

    /// The value under a key, unless it is gone for these options.
    pub(super) async fn look<C: Codec>(
        &self,
        key: &str,
        options: &Options,
    ) -> Result<Option<Found<C::Value>>> {
        let bytes = self.store.get(key).await?;
        Ok(bytes.and_then(|bytes| self.judge::<C>(key, bytes, options)))
    }

    /// The value in bytes of the store.
    pub(super) fn judge<C: Codec>(
        &self,
        key: &str,
        bytes: Bytes,
        options: &Options,
    ) -> Option<Found<C::Value>> {
        let Opened {
            payload,
            age,
            created,
        } = self.open(key, bytes, options)?;
        let value = self.decoded(key, C::decode(Some(payload), self.format.max_value_bytes))?;
        Some(Found { value, age, created })
    }

    /// The payload in bytes of the store.
    pub(super) fn open(&self, key: &str, bytes: Bytes, options: &Options) -> Option<Opened> {
        self.meters.read_bytes.increment(bytes.len() as u64);
        let entry = self.decoded(key, self.format.unwrap(key, bytes))?;
        if !entry.is_of(options.version.as_deref()) {
            return None;
        }
        let age = self.age(entry.times(), options);
        if age == Age::Gone {
            return None;
        }
        let created = entry.times().created;
        let payload = self.decoded(key, entry.payload())?;
        Some(Opened {
            payload,
            age,
            created,
        })
    }

    fn age(&self, times: &Times, options: &Options) -> Age {
        if times.fresh_until == Times::NEVER {
            return Age::Fresh;
        }
        options.age(times, self.clock.now())
    }

    /// What cannot be decoded is a miss, and counted.
    pub(super) fn decoded<T>(&self, key: &str, decoded: Result<T, Undecodable>) -> Option<T> {
        decoded
            .map_err(|reason| {
                self.meters.undecodable.increment(1);
                tracing::debug!(
                    cache = self.meters.name(),
                    key,
                    ?reason,
                    "an entry cannot be decoded"
                );
            })
            .ok()
    }
}
