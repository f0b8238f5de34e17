//! Leading a flight: from the loader to the store, and to everybody who waits.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use tracing::{Instrument, Span, instrument::WithSubscriber};

use super::{
    cluster::Turn,
    entry::{Codec, Payload, encode},
    flight::{Ended, Entered, LeadGuard, Outcome, landing},
    front::Inner,
    options::{Age, Options},
    store::Store,
};
use crate::{
    clock::Clock,
    error::{Result, cache::Failure},
    schedule::caught,
};

/// What a loader may fail with.
pub(super) type LoadError = Box<dyn std::error::Error + Send + Sync>;

/// How somebody who found nothing goes on.
pub(super) enum Boarded<V> {
    /// Another's flight has landed.
    Landed(V),
    Failed(Failure),
    Lead(LeadGuard),
}

impl<S: Store> Inner<S> {
    /// Waits for the flight of this key, or leads one.
    pub(super) async fn board<C: Codec>(
        self: &Arc<Self>,
        key: &str,
        options: &Options,
        since: Ended,
        replaces: Option<i64>,
    ) -> Boarded<C::Value> {
        let version = options.version.as_ref();
        if options.force {
            return Boarded::Lead(self.flights.overtake(key, version));
        }
        loop {
            let flight = match self.flights.enter(key, version, since) {
                Entered::Lead(guard) => return Boarded::Lead(guard.replacing(replaces)),
                Entered::Join(flight) => flight,
            };
            match landing(&flight).await {
                Some(Ok(payload)) => {
                    return match C::decode(payload, usize::MAX) {
                        Ok(value) => Boarded::Landed(value),
                        // A value of another type under the same key.
                        Err(_) => Boarded::Lead(self.flights.overtake(key, version)),
                    };
                }
                Some(Err(failure)) => return Boarded::Failed(failure),
                None => {}
            }
        }
    }

    /// Runs a loader and lands the flight.
    pub(super) async fn lead<C: Codec, E: Into<LoadError>>(
        self: Arc<Self>,
        guard: LeadGuard,
        options: Options,
        loader: impl Future<Output = Result<C::Value, E>>,
    ) {
        let turn = self.turn::<C>(&guard, &options).await;
        if let Turn::Landed(payload) = turn {
            return guard.land(Ok(Some(payload)));
        }
        let began = self.clock.now();
        let outcome = self.run::<C, E>(guard.key(), loader).await;
        self.land(guard, &options, began, outcome, turn).await;
    }

    /// The outcome of a loader.
    pub(super) async fn run<C: Codec, E: Into<LoadError>>(
        &self,
        key: &str,
        loader: impl Future<Output = Result<C::Value, E>>,
    ) -> Outcome {
        let timer = self.begin_load();
        let loaded = caught(async {
            match loader.await {
                Ok(value) => self.encode::<C>(key, &value),
                Err(source) => Err(loader_failed(key, source)),
            }
        });
        let outcome = loaded
            .instrument(self.meters.span(key))
            .await
            .unwrap_or_else(|message| Err(panicked(key, message)));
        self.end_load(timer, outcome.as_ref().err());
        outcome
    }

    /// A payload that is known to be readable.
    pub(super) fn encode<C: Codec>(&self, key: &str, value: &C::Value) -> Outcome {
        encode::<C>(value, self.format.max_value_bytes).map_err(|source| Failure::Value {
            key: key.to_owned(),
            source,
        })
    }

    pub(super) fn begin_load(&self) -> Instant {
        self.meters.loads.increment(1);
        Instant::now()
    }

    pub(super) fn end_load(&self, began: Instant, failure: Option<&Failure>) {
        self.meters.load_seconds.record(began.elapsed().as_secs_f64());
        if let Some(failure) = failure {
            self.meters.load_failures.increment(1);
            tracing::debug!(cache = self.meters.name(), %failure, "a load failed");
        }
    }

    /// Stores what was loaded, unless the flight is outdated, and hands it out.
    pub(super) async fn land(
        &self,
        guard: LeadGuard,
        options: &Options,
        began: i64,
        outcome: Outcome,
        turn: Turn,
    ) {
        if let Ok(payload) = &outcome
            && let Some(_permission) = guard.write().await
            && let Err(failure) = self.keep(&guard, options, began, payload.as_ref()).await
        {
            self.unwritten(&failure);
        }
        self.end_turn(turn).await;
        guard.land(outcome);
    }

    /// Writes a payload. One that is not to be stored still takes the place of what was there.
    async fn keep(
        &self,
        guard: &LeadGuard,
        options: &Options,
        began: i64,
        payload: Option<&Payload>,
    ) -> Result<()> {
        let key = guard.key();
        let (times, ttl) = options.times(began, self.clock.now())?;
        let version = options.version.as_deref();
        let entry = payload.and_then(|payload| self.format.wrap(key, version, times, payload));
        match entry {
            Some(entry) => {
                self.meters.written_bytes.increment(entry.len() as u64);
                self.store.set(key, entry, ttl).await
            }
            None => {
                self.meters.oversized.increment(u64::from(payload.is_some()));
                match guard.replaces {
                    Some(_) => self.store.delete(key).await.map(drop),
                    None => Ok(()),
                }
            }
        }
    }

    pub(super) fn unwritten(&self, failure: &crate::error::Error) {
        self.meters.unwritten.increment(1);
        tracing::warn!(cache = self.meters.name(), %failure, "a loaded value could not be stored");
    }

    /// A value that was stored while its leader was on the way.
    pub(super) async fn second_look<C: Codec>(
        &self,
        guard: &LeadGuard,
        options: &Options,
    ) -> Option<Payload> {
        guard.looks_again();
        let bytes = self.store.get(guard.key()).await.ok()??;
        self.usable::<C>(guard, bytes, options)
    }

    pub(super) fn usable<C: Codec>(
        &self,
        guard: &LeadGuard,
        bytes: Bytes,
        options: &Options,
    ) -> Option<Payload> {
        let opened = self.open(guard.key(), bytes, options)?;
        let newer = guard.replaces.is_none_or(|old| opened.created > old);
        let fresh = matches!(opened.age, Age::Fresh | Age::Early);
        let readable = || C::decode(Some(opened.payload.clone()), self.format.max_value_bytes).is_ok();
        (newer && fresh && readable()).then_some(opened.payload)
    }

    /// Runs a future in a task of its own, with the clock, the span and the subscriber of the caller.
    pub(super) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        let clock = Clock::current();
        let future = async move { clock.scope(future).await };
        tokio::spawn(future.instrument(Span::current()).with_current_subscriber());
    }
}

pub(super) fn loader_failed(key: &str, source: impl Into<LoadError>) -> Failure {
    Failure::Loader {
        key: key.to_owned(),
        source: Arc::from(source.into()),
    }
}

pub(super) fn panicked(key: &str, message: String) -> Failure {
    Failure::Panic {
        key: key.to_owned(),
        message,
    }
}

/// The task of a loader was dropped, with its runtime.
pub(super) fn abandoned(key: &str) -> Failure {
    loader_failed(key, "the runtime on which its loader ran has shut down")
}
