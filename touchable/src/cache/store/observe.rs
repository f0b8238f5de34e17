//! What stores count.
//!
//! | metric | counts |
//! |---|---|
//! | [`touchable_cache_evictions_total{store}`](EVICTIONS) | entries that went because the store was full, or they were older than it keeps them |
//! | [`touchable_cache_near_evictions_total{stream}`](NEAR_EVICTIONS) | near copies of [`Tiered`](super::Tiered) that went because a feed told that their record has changed, or that it has lost messages |
//! | [`touchable_cache_errors_total{store,operation}`](ERRORS) | what a store could not do, and [`Failsafe`](super::Failsafe) made a miss of |

use metrics::Label;

use crate::observe::count;

/// Entries that had to make room, by `store`.
pub const EVICTIONS: &str = "touchable_cache_evictions_total";
/// Near copies that went because of a message, by `stream`.
#[cfg(feature = "feed")]
pub const NEAR_EVICTIONS: &str = "touchable_cache_near_evictions_total";
/// Failures that became misses, by `store` and `operation`.
pub const ERRORS: &str = "touchable_cache_errors_total";

static MEMORY: [Label; 1] = [Label::from_static_parts("store", "memory")];
static DATABASE: [Label; 1] = [Label::from_static_parts("store", "database")];

pub(super) fn evicted_from_memory(entries: u64) {
    count(EVICTIONS, &MEMORY, entries);
}

pub(super) fn evicted_from_database(entries: u64) {
    count(EVICTIONS, &DATABASE, entries);
}

#[cfg(feature = "feed")]
pub(super) fn evicted_by(stream: &str, copies: u64) {
    if copies > 0 {
        metrics::counter!(NEAR_EVICTIONS, "stream" => stream.to_owned()).increment(copies);
    }
}

pub(super) fn failed(store: &'static str, operation: &'static str) {
    metrics::counter!(ERRORS, "store" => store, "operation" => operation).increment(1);
}
