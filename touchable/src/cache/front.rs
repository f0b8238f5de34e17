//! The typed front of a store.

use std::{fmt, sync::Arc};

use super::{entry::Format, flight::Flights, key::Namespace, observe::Meters, store::Store};
use crate::{
    clock::Clock,
    error::{Result, cache::Failure},
};

const DEFAULT_NAME: &str = "cache";
const DEFAULT_MAX_VALUE_BYTES: usize = 8 << 20;
/// The envelope has 32 bits for a length; nobody should come near.
const MOST_MAX_VALUE_BYTES: usize = 1 << 30;

/// Values under keys, loaded once however many ask for them.
///
/// ```
/// use std::time::Duration;
/// use touchable::{Result, cache::{Cache, Options, store::Store}};
///
/// # async fn ask_the_bank(_: &str) -> std::io::Result<u32> { Ok(108) }
/// /// Asks the bank once in five minutes, however many ask us, and serves yesterday's rate while the bank is down.
/// async fn rate<S: Store>(rates: &Cache<S>, currency: &'static str) -> Result<u32> {
///     let options = Options::new()
///         .ttl(Duration::from_mins(5))
///         .stale_if_error(Duration::from_hours(24));
///     rates.fetch(currency, &options, move || ask_the_bank(currency)).await
/// }
/// ```
///
/// It is cheap to clone; clones share everything, also the loads that are under way.
///
/// | for | method |
/// |---|---|
/// | the stored value, or a new one | [`fetch`](Self::fetch), [`fetch_text`](Self::fetch_text), [`fetch_bytes`](Self::fetch_bytes) |
/// | a loader that borrows | [`fetch_scoped`](Self::fetch_scoped), [`fetch_text_scoped`](Self::fetch_text_scoped) |
/// | nothing to be stored when there is nothing | [`fetch_option`](Self::fetch_option) |
/// | many keys at once | [`fetch_many`](Self::fetch_many) |
/// | reading and writing by hand | [`get`](Self::get), [`set`](Self::set), [`exists`](Self::exists) |
/// | removing | [`delete`](Self::delete), [`delete_many`](Self::delete_many), [`delete_prefix`](Self::delete_prefix), [`clear`](Self::clear) |
pub struct Cache<S> {
    pub(super) inner: Arc<Inner<S>>,
}

pub(super) struct Inner<S> {
    pub(super) store: S,
    pub(super) namespace: Namespace,
    pub(super) clock: Clock,
    pub(super) format: Format,
    pub(super) flights: Arc<Flights>,
    pub(super) meters: Meters,
}

impl<S: Store> Cache<S> {
    /// A cache with the settings that [`builder`](Self::builder) begins with.
    ///
    /// # Errors
    /// None; see [`CacheBuilder::build`], which is behind it.
    pub fn new(store: S) -> Result<Self> {
        Self::builder(store).build()
    }

    /// A cache with settings of its own.
    pub fn builder(store: S) -> CacheBuilder<S> {
        CacheBuilder {
            store,
            namespace: DEFAULT_NAME.to_owned(),
            name: None,
            clock: Clock::system(),
            max_value_bytes: DEFAULT_MAX_VALUE_BYTES,
            compress: S::SHARED,
        }
    }

    /// The store behind the cache.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.inner.store
    }

    /// How many loads are under way in this process: 0 once everybody has been served.
    #[must_use]
    pub fn loads_in_flight(&self) -> usize {
        self.inner.flights.len()
    }
}

impl<S> Clone for Cache<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S: Store> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.inner.meters.name())
            .field("store", &S::NAME)
            .finish_non_exhaustive()
    }
}

/// The settings of a [`Cache`].
#[derive(Debug)]
#[must_use]
pub struct CacheBuilder<S> {
    store: S,
    namespace: String,
    name: Option<String>,
    clock: Clock,
    max_value_bytes: usize,
    compress: bool,
}

impl<S: Store> CacheBuilder<S> {
    /// What all keys begin with, so that several caches can share a store. By default `cache`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// What metrics and spans call this cache. By default its namespace.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The clock that entries age by. By default the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A larger value is handed to those who asked for it and not stored. It also bounds the memory that an entry from a
    /// shared store can make the decoder ask for. By default 8 MiB; at most 1 GiB.
    pub const fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.max_value_bytes = bytes;
        self
    }

    /// Whether values of 1 KiB and more are compressed by LZ4 when that makes them smaller. By default in a store that
    /// others share, where it saves network and memory; not in a store of this process alone, whose hits then are the
    /// stored bytes themselves.
    pub const fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// The cache.
    ///
    /// # Errors
    /// When the namespace is blank or `max_value_bytes` is 0 or above 1 GiB.
    pub fn build(self) -> Result<Cache<S>> {
        if !(1..=MOST_MAX_VALUE_BYTES).contains(&self.max_value_bytes) {
            let problem = format!(
                "a cache cannot have `max_value_bytes` of {}: it is 1 to {MOST_MAX_VALUE_BYTES}",
                self.max_value_bytes
            );
            return Err(Failure::Settings(problem).into());
        }
        let namespace = Namespace::new(&self.namespace)?;
        Ok(Cache {
            inner: Arc::new(Inner {
                store: self.store,
                namespace,
                clock: self.clock,
                format: Format {
                    checked: S::SHARED,
                    compressed: self.compress,
                    max_value_bytes: self.max_value_bytes,
                },
                flights: Flights::new(),
                meters: Meters::of(self.name.as_deref().unwrap_or(&self.namespace)),
            }),
        })
    }
}
