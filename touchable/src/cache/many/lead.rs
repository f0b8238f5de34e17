//! Leading the flights of many keys with one call of a loader.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use bytes::Bytes;
use tracing::Instrument;

use crate::{
    cache::{
        CacheKey, Options,
        entry::Codec,
        flight::{LeadGuard, Outcome},
        front::Inner,
        load::{LoadError, loader_failed, panicked},
        store::Store,
    },
    error::{Result, cache::Failure},
    schedule::caught,
};

/// More keys than this are counted in messages, not named.
const NAMED_KEYS: usize = 3;

pub(super) type Lead<K> = (LeadGuard, K);

impl<S: Store> Inner<S> {
    /// Runs the loader for these keys in a task of its own, unless there are none.
    pub(super) fn lead_many_apart<K, C, L, Fut, I, E>(
        self: &Arc<Self>,
        leads: Vec<Lead<K>>,
        options: &Options,
        loader: &Arc<L>,
    ) where
        K: CacheKey + Clone + Eq + Hash + Send + Sync + 'static,
        C: Codec,
        L: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<I, E>> + Send,
        I: IntoIterator<Item = (K, C::Value)>,
        E: Into<LoadError>,
    {
        if leads.is_empty() {
            return;
        }
        let (inner, options, loader) = (Arc::clone(self), options.clone(), Arc::clone(loader));
        Self::spawn(async move {
            let leads = inner.look_again::<K, C>(leads, &options).await;
            if leads.is_empty() {
                return;
            }
            let began = inner.clock.now();
            let outcomes = inner.run_many::<K, C, _, _, _, _>(&leads, &*loader).await;
            inner.land_many(leads, outcomes, &options, began).await;
        });
    }

    /// Lands the flights of what was stored meanwhile; those that are left.
    pub(super) async fn look_again<K, C: Codec>(
        &self,
        leads: Vec<Lead<K>>,
        options: &Options,
    ) -> Vec<Lead<K>> {
        let again = leads.iter().filter(|(guard, _)| guard.look_again);
        let again = again.inspect(|(guard, _)| guard.looks_again());
        let keys: Vec<String> = again.map(|(guard, _)| guard.key().to_owned()).collect();
        if keys.is_empty() {
            return leads;
        }
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let read = self.store.get_many(&keys).await.unwrap_or_default();
        let mut read: HashMap<&str, Option<Bytes>> = keys.into_iter().zip(read).collect();
        let mut rest = Vec::with_capacity(leads.len());
        for (guard, key) in leads {
            let bytes = read.remove(guard.key()).flatten();
            match bytes.and_then(|bytes| self.usable::<C>(&guard, bytes, options)) {
                Some(payload) => guard.land(Ok(Some(payload))),
                None => rest.push((guard, key)),
            }
        }
        rest
    }

    /// The outcome of each flight.
    async fn run_many<K, C, L, Fut, I, E>(&self, leads: &[Lead<K>], loader: &L) -> Vec<Outcome>
    where
        K: CacheKey + Clone + Eq + Hash,
        C: Codec,
        L: Fn(Vec<K>) -> Fut,
        Fut: Future<Output = Result<I, E>>,
        I: IntoIterator<Item = (K, C::Value)>,
        E: Into<LoadError>,
    {
        let timer = self.begin_load();
        let keys = leads.iter().map(|(_, key)| key.clone()).collect();
        let loaded = caught(async {
            match loader(keys).await {
                Ok(values) => self.assign::<K, C>(leads, values),
                Err(source) => Err(loader_failed(&names(leads), source)),
            }
        });
        let outcomes = loaded
            .instrument(self.meters.span_of_many(leads.len()))
            .await
            .unwrap_or_else(|message| Err(panicked(&names(leads), message)));
        self.end_load(timer, outcomes.as_ref().err());
        outcomes.unwrap_or_else(|failure| vec![Err(failure); leads.len()])
    }

    /// Gives each flight the payload of its key.
    fn assign<K, C>(
        &self,
        leads: &[Lead<K>],
        values: impl IntoIterator<Item = (K, C::Value)>,
    ) -> Result<Vec<Outcome>, Failure>
    where
        K: CacheKey + Eq + Hash,
        C: Codec,
    {
        let index_of: HashMap<&K, usize> = leads.iter().map(|(_, key)| key).zip(0..).collect();
        let mut outcomes: Vec<Outcome> = vec![Ok(None); leads.len()];
        for (key, value) in values {
            let Some(&index) = index_of.get(&key) else {
                let key = self
                    .namespace
                    .key(&key)
                    .map_err(crate::error::Error::into_failure)?;
                return Err(loader_failed(
                    &key,
                    "the loader returned this key without being asked for it",
                ));
            };
            outcomes[index] = self.encode::<C>(leads[index].0.key(), &value);
        }
        Ok(outcomes)
    }

    pub(super) async fn land_many<K>(
        &self,
        leads: Vec<Lead<K>>,
        outcomes: Vec<Outcome>,
        options: &Options,
        began: i64,
    ) {
        if let Err(failure) = self.keep_many(&leads, &outcomes, options, began).await {
            self.unwritten(&failure);
        }
        for ((guard, _), outcome) in leads.into_iter().zip(outcomes) {
            guard.land(outcome);
        }
    }

    /// Writes what was loaded, unless its flight is outdated.
    async fn keep_many<K>(
        &self,
        leads: &[Lead<K>],
        outcomes: &[Outcome],
        options: &Options,
        began: i64,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut permissions = Vec::with_capacity(leads.len());
        let mut entries = Vec::with_capacity(leads.len());
        let mut emptied = Vec::new();
        for ((guard, _), outcome) in leads.iter().zip(outcomes) {
            let Ok(payload) = outcome else { continue };
            let Some(permission) = guard.write().await else {
                continue;
            };
            permissions.push(permission);
            // For each entry, since each draws its own jitter.
            let (times, _) = options.times(began, now)?;
            let wrap = |payload| {
                let entry = self
                    .format
                    .wrap(guard.key(), options.version.as_deref(), times, payload);
                self.meters.oversized.increment(u64::from(entry.is_none()));
                entry
            };
            match payload.as_ref().and_then(wrap) {
                Some(entry) => entries.push((guard.key(), entry)),
                None if guard.replaces.is_some() => emptied.push(guard.key()),
                None => {}
            }
        }
        let bytes: usize = entries.iter().map(|(_, entry)| entry.len()).sum();
        self.meters.written_bytes.increment(bytes as u64);
        if !emptied.is_empty() {
            self.store.delete_many(&emptied).await?;
        }
        if !entries.is_empty() {
            self.store.set_many(&entries, options.kept()?).await?;
        }
        drop(permissions);
        Ok(())
    }
}

pub(super) fn names<K>(leads: &[Lead<K>]) -> String {
    let named: Vec<&str> = leads
        .iter()
        .take(NAMED_KEYS)
        .map(|(guard, _)| guard.key())
        .collect();
    let named = named.join("`, `");
    match leads.len().saturating_sub(NAMED_KEYS) {
        0 => named,
        // The message closes the quotes.
        more => format!("{named}` and `{more} more"),
    }
}
