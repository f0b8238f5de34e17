//! Many keys at once: one read, one loader, one write.

mod here;
mod lead;
mod slot;

use std::{hash::Hash, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Cache, CacheKey, Options,
    entry::{Codec, Typed},
    flight::{Entered, Flight, LeadGuard, landing},
    front::Inner,
    load::{LoadError, abandoned},
    store::Store,
};
use crate::error::Result;
use slot::{Slot, State};

pub(super) use slot::Slots;

impl<S: Store> Cache<S> {
    /// The values under several keys, in their order; one call of the loader makes those that are not there.
    ///
    /// The loader gets the keys that are missing, each once, and returns pairs of key and value in any order. A key that it
    /// leaves out is `None` in the result and not stored; to store that something does not exist, make `T` an `Option`. A
    /// key that another call is loading already is waited for and not loaded again. (Should that call's runtime shut down,
    /// the loader is called once more for what it left; this is why it is `Fn`.)
    ///
    /// Entries to be [refreshed](Options::stale_while_revalidate) are one more call, in the background.
    /// [`cluster_flight`](Options::cluster_flight) has no effect here.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch). A loader that returns a key that it was not asked for is an error that names it: its
    /// values would mostly be under wrong keys.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn fetch_many<K, T, L, Fut, I, E>(
        &self,
        keys: &[K],
        options: &Options,
        loader: L,
    ) -> impl Future<Output = Result<Vec<Option<T>>>> + Send
    where
        K: CacheKey + Clone + Eq + Hash + Send + Sync + 'static,
        T: Serialize + DeserializeOwned + Send + 'static,
        L: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<I, E>> + Send,
        I: IntoIterator<Item = (K, T)>,
        E: Into<LoadError>,
    {
        let slots = Slots::<K, Typed<T>>::of(keys, &self.inner.namespace);
        async move {
            let mut slots = slots?;
            options.check()?;
            self.inner
                .fill(&mut slots.slots, options, Arc::new(loader))
                .await?;
            Ok(slots.in_order())
        }
    }
}

/// A flight that some slot waits for.
struct Awaited {
    slot: usize,
    flight: Arc<Flight>,
    is_ours: bool,
}

impl<S: Store> Inner<S> {
    async fn fill<K, C, L, Fut, I, E>(
        self: &Arc<Self>,
        slots: &mut [Slot<K, C>],
        options: &Options,
        loader: Arc<L>,
    ) -> Result<()>
    where
        K: CacheKey + Clone + Eq + Hash + Send + Sync + 'static,
        C: Codec<Value: Send>,
        L: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<I, E>> + Send,
        I: IntoIterator<Item = (K, C::Value)>,
        E: Into<LoadError>,
    {
        self.read_slots(slots, options).await?;
        self.lead_many_apart::<K, C, _, _, _, _>(self.refreshes(slots, options), options, &loader);
        loop {
            let (awaited, leads) = self.board_slots(slots, options);
            if awaited.is_empty() {
                return Ok(());
            }
            self.lead_many_apart::<K, C, _, _, _, _>(leads, options, &loader);
            for awaited in awaited {
                self.land_slot(&mut slots[awaited.slot], &awaited).await?;
            }
        }
    }

    async fn read_slots<K, C>(&self, slots: &mut [Slot<K, C>], options: &Options) -> Result<()>
    where
        K: Send,
        C: Codec<Value: Send>,
    {
        if options.force {
            self.meters.misses.increment(slots.len() as u64);
            return Ok(());
        }
        for slot in &mut *slots {
            slot.since = self.flights.ended(&slot.spelled);
        }
        let keys: Vec<&str> = slots.iter().map(|slot| &*slot.spelled).collect();
        let read = if keys.is_empty() {
            Vec::new()
        } else {
            self.store.get_many(&keys).await?
        };
        drop(keys);
        for (slot, bytes) in slots.iter_mut().zip(read) {
            let opened = bytes.and_then(|bytes| self.open(&slot.spelled, bytes, options));
            slot.read(opened, self);
        }
        Ok(())
    }

    /// The flights that load anew what is served meanwhile.
    fn refreshes<K: Clone, C: Codec>(&self, slots: &[Slot<K, C>], options: &Options) -> Vec<(LeadGuard, K)> {
        let to_refresh = slots.iter().filter(|slot| slot.to_refresh);
        let lead =
            |slot: &Slot<K, C>| match self
                .flights
                .enter(&slot.spelled, options.version.as_ref(), slot.since)
            {
                Entered::Lead(guard) => Some((guard.replacing(slot.created), slot.key.clone())),
                Entered::Join(_) => None,
            };
        to_refresh.filter_map(lead).collect()
    }

    /// The flights of what is missing: all to be awaited, some of them to be led.
    fn board_slots<K: Clone, C: Codec>(
        &self,
        slots: &[Slot<K, C>],
        options: &Options,
    ) -> (Vec<Awaited>, Vec<(LeadGuard, K)>) {
        let mut awaited = Vec::new();
        let mut leads = Vec::new();
        let version = options.version.as_ref();
        for (index, slot) in slots.iter().enumerate() {
            let entered = match slot.state {
                State::Done(_) => continue,
                State::Missing if !options.force => self.flights.enter(&slot.spelled, version, slot.since),
                _ => Entered::Lead(self.flights.overtake(&slot.spelled, version)),
            };
            let (flight, is_ours) = match entered {
                Entered::Join(flight) => (flight, false),
                Entered::Lead(guard) => {
                    let flight = guard.flight();
                    leads.push((guard.replacing(slot.created), slot.key.clone()));
                    (flight, true)
                }
            };
            awaited.push(Awaited {
                slot: index,
                flight,
                is_ours,
            });
        }
        (awaited, leads)
    }

    async fn land_slot<K, C: Codec>(&self, slot: &mut Slot<K, C>, awaited: &Awaited) -> Result<()> {
        match landing(&awaited.flight).await {
            Some(Ok(payload)) => slot.land(payload, awaited.is_ours),
            Some(Err(failure)) => slot.fail(failure, self),
            None if awaited.is_ours => slot.fail(abandoned(&slot.spelled), self),
            None => Ok(()),
        }
    }
}
