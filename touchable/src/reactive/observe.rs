//! What a reactive cache shows of itself, by its `name` ([`Compute::NAME`](super::Compute::NAME)).
//!
//! | metric | kind | counts |
//! |---|---|---|
//! | [`touchable_reactive_readings_total{name, outcome}`](READINGS) | counter | readings: `fresh`, `stale`, `pending`, `failed` |
//! | [`touchable_reactive_computations_total{name, outcome}`](COMPUTATIONS) | counter | computations: `value`, `unchanged`, `gone`, `error`, `panic`, `timeout`, `large`, and `discarded` ones, whose value was cleared, expired or taken over meanwhile |
//! | [`touchable_reactive_compute_seconds{name}`](SECONDS) | histogram | how long they took |
//! | [`touchable_reactive_wanted{name}`](WANTED) | gauge | keys that somebody wants, on all nodes |
//! | [`touchable_reactive_lag_seconds{name}`](LAG) | gauge | for how long the first key that waits for a worker is due |
//! | [`touchable_reactive_hook_failures_total{name}`](HOOK_FAILURES) | counter | calls of [`on_updated`](super::Compute::on_updated) that panicked or did not end |
//! | [`touchable_reactive_unknown_names`](UNKNOWN) | gauge | names in Redis with wanted keys that this node does not compute |
//!
//! The metrics are registered when a cache is started: install the recorder before.
//!
//! A computation runs in a span named [`touchable.reactive.compute`](SPAN) at the level DEBUG, with the fields `name` and
//! `key`. A reading opens no span.

use metrics::{Counter, Gauge, Histogram};
use tracing::Span;

/// The name of the span around a computation.
pub const SPAN: &str = "touchable.reactive.compute";
/// Readings, by `name` and `outcome`.
pub const READINGS: &str = "touchable_reactive_readings_total";
/// Computations, by `name` and `outcome`.
pub const COMPUTATIONS: &str = "touchable_reactive_computations_total";
/// Durations of computations, by `name`.
pub const SECONDS: &str = "touchable_reactive_compute_seconds";
/// Keys that somebody wants, by `name`.
pub const WANTED: &str = "touchable_reactive_wanted";
/// How far workers are behind, by `name`.
pub const LAG: &str = "touchable_reactive_lag_seconds";
/// Hooks that failed, by `name`.
pub const HOOK_FAILURES: &str = "touchable_reactive_hook_failures_total";
/// Names that nobody here computes.
pub const UNKNOWN: &str = "touchable_reactive_unknown_names";

/// The handles of one reactive cache.
pub(super) struct Meters {
    pub(super) name: &'static str,
    pub(super) readings: [Counter; 4],
    pub(super) seconds: Histogram,
    pub(super) wanted: Gauge,
    pub(super) lag: Gauge,
    pub(super) hook_failures: Counter,
}

impl Meters {
    pub(super) fn new(name: &'static str) -> Self {
        let reading =
            |outcome: &'static str| metrics::counter!(READINGS, "name" => name, "outcome" => outcome);
        metrics::describe_counter!(READINGS, "Readings of reactive values");
        metrics::describe_counter!(COMPUTATIONS, "Computations of reactive values");
        metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "How long computations took");
        metrics::describe_gauge!(WANTED, "Keys that somebody wants");
        metrics::describe_gauge!(
            LAG,
            metrics::Unit::Seconds,
            "For how long the first key that waits is due"
        );
        metrics::describe_counter!(HOOK_FAILURES, "Calls of `on_updated` that failed");
        Self {
            name,
            readings: ["fresh", "stale", "pending", "failed"].map(reading),
            seconds: metrics::histogram!(SECONDS, "name" => name),
            wanted: metrics::gauge!(WANTED, "name" => name),
            lag: metrics::gauge!(LAG, "name" => name),
            hook_failures: metrics::counter!(HOOK_FAILURES, "name" => name),
        }
    }

    pub(super) fn computed(&self, outcome: &'static str) {
        metrics::counter!(COMPUTATIONS, "name" => self.name, "outcome" => outcome).increment(1);
    }

    pub(super) fn span(&self, key: &str) -> Span {
        tracing::debug_span!(SPAN, name = self.name, key)
    }
}
