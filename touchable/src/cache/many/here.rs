//! Many keys whose loader borrows from its caller, and so runs inside of it.

use std::{collections::HashSet, sync::Arc};

use tracing::Instrument;

use super::{
    lead::{Lead, names},
    slot::Slots,
};
use crate::{
    cache::{
        CacheKey, Options,
        entry::Codec,
        flight::Outcome,
        front::Inner,
        load::{LoadError, loader_failed, panicked},
        store::Store,
    },
    error::{Result, cache::Failure},
    schedule::caught,
};

/// What came of many keys.
pub(in crate::cache) struct Filled<K, C: Codec> {
    pub(in crate::cache) slots: Slots<K, C>,
    /// The keys that this call has loaded.
    pub(in crate::cache) loaded: HashSet<Box<str>>,
}

impl<S: Store> Inner<S> {
    /// The values of these keys. The loader returns one for each key that it gets, in their order; it is called once,
    /// unless somebody else who was loading one of the keys goes away meanwhile.
    pub(in crate::cache) async fn fetch_many_here<K, C, L, Fut, E>(
        self: &Arc<Self>,
        keys: &[K],
        options: &Options,
        loader: L,
    ) -> Result<Filled<K, C>>
    where
        K: CacheKey + Clone + Send + Sync,
        C: Codec<Value: Send>,
        L: Fn(Vec<K>) -> Fut,
        Fut: Future<Output = Result<Vec<C::Value>, E>>,
        E: Into<LoadError>,
    {
        let mut slots = Slots::<K, C>::of(keys, &self.namespace)?;
        let mut loaded = HashSet::new();
        options.kept()?;
        self.read_slots(&mut slots.slots, options).await?;
        loop {
            let (awaited, leads) = self.board_slots(&slots.slots, options);
            if awaited.is_empty() {
                return Ok(Filled { slots, loaded });
            }
            let leads = self.look_again::<K, C>(leads, options).await;
            if !leads.is_empty() {
                loaded.extend(leads.iter().map(|(guard, _)| guard.key().into()));
                let began = self.clock.now();
                // In a box: the loader's future is a part of it, which a call that only hits does not carry along.
                let outcomes = Box::pin(self.run_here::<K, C, _, _, _>(&leads, &loader)).await;
                let (inner, options) = (Arc::clone(self), options.clone());
                let leads: Vec<Lead<()>> = leads.into_iter().map(|(guard, _)| (guard, ())).collect();
                // Apart, for the same reason as a single one.
                Self::spawn(async move { inner.land_many(leads, outcomes, &options, began).await });
            }
            for awaited in awaited {
                self.land_slot(&mut slots.slots[awaited.slot], &awaited).await?;
            }
        }
    }

    /// The outcome of each flight.
    async fn run_here<K, C, L, Fut, E>(&self, leads: &[Lead<K>], loader: &L) -> Vec<Outcome>
    where
        K: Clone,
        C: Codec,
        L: Fn(Vec<K>) -> Fut,
        Fut: Future<Output = Result<Vec<C::Value>, E>>,
        E: Into<LoadError>,
    {
        let timer = self.begin_load();
        let keys = leads.iter().map(|(_, key)| key.clone()).collect();
        let loaded = caught(async {
            let values = loader(keys)
                .await
                .map_err(|source| loader_failed(&names(leads), source))?;
            if values.len() == leads.len() {
                let encode = |((guard, _), value): (&Lead<K>, _)| self.encode::<C>(guard.key(), value);
                return Ok::<Vec<_>, Failure>(leads.iter().zip(&values).map(encode).collect());
            }
            let (got, asked) = (values.len(), leads.len());
            let problem =
                format!("it returned {got} values for {asked} keys; return one for each, in their order");
            Err(loader_failed(&names(leads), problem))
        });
        let outcomes = loaded
            .instrument(self.meters.span_of_many(leads.len()))
            .await
            .unwrap_or_else(|message| Err(panicked(&names(leads), message)));
        self.end_load(timer, outcomes.as_ref().err());
        outcomes.unwrap_or_else(|failure| vec![Err(failure); leads.len()])
    }
}
