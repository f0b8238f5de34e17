//! What a cache shows of itself: counters of the `metrics` facade, by the [name](super::CacheBuilder::name) of the cache, and a
//! `tracing` span around each load.
//!
//! | metric | kind | counts |
//! |---|---|---|
//! | [`touchable_cache_hits_total{cache}`](HITS) | counter | values that came from the store |
//! | [`touchable_cache_misses_total{cache}`](MISSES) | counter | values that were not there, too old, of another version or [undecodable](UNDECODABLE) |
//! | [`touchable_cache_stale_total{cache}`](STALE) | counter | values served after their end; not counted as hits |
//! | [`touchable_cache_loads_total{cache}`](LOADS) | counter | runs of loaders; many misses can share one |
//! | [`touchable_cache_load_failures_total{cache}`](LOAD_FAILURES) | counter | runs that ended in an error or a panic, refreshes in the background among them |
//! | [`touchable_cache_load_seconds{cache}`](LOAD_SECONDS) | histogram | how long loaders ran |
//! | [`touchable_cache_read_bytes_total{cache}`](READ_BYTES) | counter | bytes of entries that were read |
//! | [`touchable_cache_written_bytes_total{cache}`](WRITTEN_BYTES) | counter | bytes of entries that were written |
//! | [`touchable_cache_undecodable_total{cache}`](UNDECODABLE) | counter | entries that were damaged, hostile, or of another type |
//! | [`touchable_cache_oversized_total{cache}`](OVERSIZED) | counter | values over the limit, which were not stored |
//! | [`touchable_cache_unwritten_total{cache}`](UNWRITTEN) | counter | values that the store did not take although they were loaded |
//!
//! What stores count by themselves is in [`store`](super::store).
//!
//! The metrics are registered when a cache is built: install the recorder before.
//!
//! A loader runs in a span named [`touchable.cache.load`](SPAN) at the level DEBUG, inside the span of who called it, with
//! the fields `cache` and `key`; that of [`fetch_many`](super::Cache::fetch_many) has `keys`, their number. A hit opens no span.

use metrics::{Counter, Histogram, Key, Label, Level, Metadata};
use tracing::Span;

/// The name of the span around a load.
pub const SPAN: &str = "touchable.cache.load";
/// Values that came from the store, by `cache`.
pub const HITS: &str = "touchable_cache_hits_total";
/// Values that did not, by `cache`.
pub const MISSES: &str = "touchable_cache_misses_total";
/// Values served after their end, by `cache`.
pub const STALE: &str = "touchable_cache_stale_total";
/// Runs of loaders, by `cache`.
pub const LOADS: &str = "touchable_cache_loads_total";
/// Runs of loaders that failed, by `cache`.
pub const LOAD_FAILURES: &str = "touchable_cache_load_failures_total";
/// Durations of loads, by `cache`.
pub const LOAD_SECONDS: &str = "touchable_cache_load_seconds";
/// Bytes that were read from the store, by `cache`.
pub const READ_BYTES: &str = "touchable_cache_read_bytes_total";
/// Bytes that were written to the store, by `cache`.
pub const WRITTEN_BYTES: &str = "touchable_cache_written_bytes_total";
/// Entries that could not be decoded, by `cache`.
pub const UNDECODABLE: &str = "touchable_cache_undecodable_total";
/// Values too large to be stored, by `cache`.
pub const OVERSIZED: &str = "touchable_cache_oversized_total";
/// Loaded values that the store refused, by `cache`.
pub const UNWRITTEN: &str = "touchable_cache_unwritten_total";

static METADATA: Metadata<'static> = Metadata::new("touchable", Level::INFO, Some("touchable"));

/// The handles of one cache.
pub(super) struct Meters {
    name: Box<str>,
    pub(super) hits: Counter,
    pub(super) misses: Counter,
    pub(super) stale: Counter,
    pub(super) loads: Counter,
    pub(super) load_failures: Counter,
    pub(super) load_seconds: Histogram,
    pub(super) read_bytes: Counter,
    pub(super) written_bytes: Counter,
    pub(super) undecodable: Counter,
    pub(super) oversized: Counter,
    pub(super) unwritten: Counter,
}

impl Meters {
    pub(super) fn of(name: &str) -> Self {
        let key = |metric| Key::from_parts(metric, vec![Label::new("cache", name.to_owned())]);
        metrics::with_recorder(|recorder| {
            let counter = |metric| recorder.register_counter(&key(metric), &METADATA);
            Self {
                name: name.into(),
                hits: counter(HITS),
                misses: counter(MISSES),
                stale: counter(STALE),
                loads: counter(LOADS),
                load_failures: counter(LOAD_FAILURES),
                load_seconds: recorder.register_histogram(&key(LOAD_SECONDS), &METADATA),
                read_bytes: counter(READ_BYTES),
                written_bytes: counter(WRITTEN_BYTES),
                undecodable: counter(UNDECODABLE),
                oversized: counter(OVERSIZED),
                unwritten: counter(UNWRITTEN),
            }
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn span(&self, key: &str) -> Span {
        tracing::debug_span!(SPAN, cache = self.name(), key)
    }

    pub(super) fn span_of_many(&self, keys: usize) -> Span {
        tracing::debug_span!(SPAN, cache = self.name(), keys)
    }
}
