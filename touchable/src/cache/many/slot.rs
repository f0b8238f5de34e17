//! One key of many, and what is known of it.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::{
    cache::{
        CacheKey,
        entry::{Codec, Payload, unreadable},
        flight::Ended,
        front::Inner,
        key::Namespace,
        options::Age,
        read::Opened,
        store::Store,
    },
    error::{Result, cache::Failure},
};

pub(in crate::cache) struct Slot<K, C: Codec> {
    pub(super) key: K,
    /// The key as the store knows it.
    pub(super) spelled: Box<str>,
    pub(super) since: Ended,
    pub(super) state: State<C::Value>,
    /// When the entry was written that was read.
    pub(super) created: Option<i64>,
    pub(super) to_refresh: bool,
    /// The value for a key that was asked for more than once.
    payload: Option<Payload>,
    is_repeated: bool,
    /// The value in place of a failure.
    reserve: Option<C::Value>,
}

pub(in crate::cache) enum State<V> {
    Missing,
    /// What another loads under this key is of another type.
    Foreign,
    Done(Option<V>),
}

impl<K, C: Codec> Slot<K, C> {
    /// Takes what was read.
    pub(super) fn read<S: Store>(&mut self, opened: Option<Opened>, inner: &Inner<S>) {
        let value = opened.and_then(|opened| {
            let payload = self.is_repeated.then(|| opened.payload.clone());
            let decoded = C::decode(Some(opened.payload), inner.format.max_value_bytes);
            let value = inner.decoded(&self.spelled, decoded)?;
            self.created = Some(opened.created);
            self.payload = payload;
            Some((value, opened.age))
        });
        let meters = &inner.meters;
        match value {
            Some((value, age @ (Age::Fresh | Age::Early | Age::Stale))) => {
                if age == Age::Stale {
                    &meters.stale
                } else {
                    &meters.hits
                }
                .increment(1);
                self.to_refresh = age != Age::Fresh;
                self.state = State::Done(Some(value));
            }
            old => {
                meters.misses.increment(1);
                self.reserve = old.map(|(value, _)| value);
            }
        }
    }

    /// Takes what was loaded.
    pub(super) fn land(&mut self, payload: Option<Payload>, is_ours: bool) -> Result<()> {
        if self.is_repeated {
            self.payload.clone_from(&payload);
        }
        let decoded = payload
            .map(|payload| C::decode(Some(payload), usize::MAX))
            .transpose();
        match decoded {
            Ok(value) => self.state = State::Done(value),
            Err(_) if !is_ours => self.state = State::Foreign,
            Err(_) => {
                let key = self.spelled.to_string();
                let source = unreadable::<C::Value>();
                return Err(Failure::Value { key, source }.into());
            }
        }
        Ok(())
    }

    pub(super) fn fail<S: Store>(&mut self, failure: Failure, inner: &Inner<S>) -> Result<()> {
        let old = self.reserve.take();
        self.state = State::Done(Some(inner.reserve(old, failure)?));
        Ok(())
    }
}

/// The keys of a call, each once, and in which order they were asked for.
pub(in crate::cache) struct Slots<K, C: Codec> {
    pub(super) slots: Vec<Slot<K, C>>,
    order: Vec<usize>,
}

impl<K: CacheKey + Clone, C: Codec> Slots<K, C> {
    pub(super) fn of(keys: &[K], namespace: &Namespace) -> Result<Self> {
        let spelled = |key| namespace.spell(key).map(|spelled| Box::from(&*spelled));
        let spelled = keys.iter().map(spelled).collect::<Result<Vec<Box<str>>>>()?;
        let order = places(&spelled);
        let mut slots: Vec<Slot<K, C>> = Vec::with_capacity(keys.len());
        for ((key, spelled), place) in keys.iter().zip(spelled).zip(&order) {
            if let Some(slot) = slots.get_mut(*place) {
                slot.is_repeated = true;
                continue;
            }
            slots.push(Slot {
                key: key.clone(),
                spelled,
                since: Ended::default(),
                state: State::Missing,
                created: None,
                to_refresh: false,
                payload: None,
                is_repeated: false,
                reserve: None,
            });
        }
        Ok(Self { slots, order })
    }

    /// The keys as the store knows them, each once.
    pub(in crate::cache) fn spelled(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(|slot| &*slot.spelled)
    }

    pub(in crate::cache) fn in_order(mut self) -> Vec<Option<C::Value>> {
        let mut value_of = |index: &usize| {
            let slot = &mut self.slots[*index];
            let again = || C::decode(Some(slot.payload.clone()?), usize::MAX).ok();
            match &mut slot.state {
                State::Done(value) => value.take().or_else(again),
                State::Missing | State::Foreign => None,
            }
        };
        self.order.iter().map(&mut value_of).collect()
    }
}

/// For each key the place of its first occurrence among the different ones.
fn places(keys: &[Box<str>]) -> Vec<usize> {
    let mut seen = HashMap::with_capacity_and_hasher(keys.len(), RandomState::default());
    keys.iter()
        .map(|key| {
            let next = seen.len();
            *seen.entry(&**key).or_insert(next)
        })
        .collect()
}
