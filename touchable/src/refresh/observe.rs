//! What an auto-refresh cache shows of itself, by its `name`.
//!
//! | metric | kind | counts |
//! |---|---|---|
//! | [`touchable_refresh_reads_total{name, outcome}`](READS) | counter | reads: `hit`, `miss` |
//! | [`touchable_refresh_calls_total{name, limiter, outcome}`](CALLS) | counter | calls of [`poll`](super::Poller::poll): `done`, `error`, `panic`, `timeout`, `cancelled` |
//! | [`touchable_refresh_call_seconds{name}`](SECONDS) | histogram | how long they took |
//! | [`touchable_refresh_answers_total{name, outcome}`](ANSWERS) | counter | items polled: `updated`, `unchanged`, `unanswered`, `removed`, `failed`, and `discarded` ones, which were removed, replaced or evicted meanwhile |
//! | [`touchable_refresh_evicted_total{name, reason}`](EVICTED) | counter | items that have left without being asked to: `finished`, `live`, `expired` |
//! | [`touchable_refresh_given_up_total{name}`](GIVEN_UP) | counter | items that have failed too often in a row |
//! | [`touchable_refresh_items{name, state}`](ITEMS) | gauge | items: `live`, `finished` (terminal or given up) |
//! | [`touchable_refresh_queue{name}`](QUEUE) | gauge | items that wait for their time, for a worker, or for an answer |
//! | [`touchable_refresh_lag_seconds{name}`](LAG) | gauge | for how long the first item that is due has waited |
//! | [`touchable_refresh_longest_call_seconds{name}`](LONGEST) | gauge | how long the longest call under way has taken |
//!
//! The metrics are registered when a cache is started: install the recorder before. Gauges and reads are told every five seconds, and by
//! [`stats`](super::AutoRefreshCache::stats).
//!
//! A call runs in a span named [`touchable.refresh.poll`](SPAN) at the level DEBUG, with the fields `name` and `items`. A read opens no
//! span.

use std::{
    array,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use metrics::{Counter, Gauge, Histogram};
use tracing::Span;

use super::poller::Evicted;

/// The name of the span around a call.
pub const SPAN: &str = "touchable.refresh.poll";
/// Reads, by `name` and `outcome`.
pub const READS: &str = "touchable_refresh_reads_total";
/// Calls, by `name`, `limiter` and `outcome`.
pub const CALLS: &str = "touchable_refresh_calls_total";
/// Durations of calls, by `name`.
pub const SECONDS: &str = "touchable_refresh_call_seconds";
/// What was said of items, by `name` and `outcome`.
pub const ANSWERS: &str = "touchable_refresh_answers_total";
/// Items that have left, by `name` and `reason`.
pub const EVICTED: &str = "touchable_refresh_evicted_total";
/// Items that were given up, by `name`.
pub const GIVEN_UP: &str = "touchable_refresh_given_up_total";
/// Items that are there, by `name` and `state`.
pub const ITEMS: &str = "touchable_refresh_items";
/// Items in the queue, by `name`.
pub const QUEUE: &str = "touchable_refresh_queue";
/// How far the queue is behind, by `name`.
pub const LAG: &str = "touchable_refresh_lag_seconds";
/// How long the longest call under way has taken, by `name`.
pub const LONGEST: &str = "touchable_refresh_longest_call_seconds";

/// What an auto-refresh cache has and has done; see [`stats`](super::AutoRefreshCache::stats). Counts are since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Items that are there.
    pub items: usize,
    /// Items among them that are polled.
    pub live: usize,
    /// Items among them that are terminal, or given up.
    pub finished: usize,
    /// Items that wait for their time, for a worker, or for an answer: never more than there are, and polls under way of some
    /// that have left.
    pub queued: usize,
    /// For how long the first item that is due has waited.
    pub lag: Duration,
    /// How long the longest call under way has taken.
    pub longest_call: Duration,
    /// Reads that found an item.
    pub hits: u64,
    /// Reads that found none.
    pub misses: u64,
    /// Calls of the poller that have ended, but for those that were cancelled.
    pub calls: u64,
    /// Calls among them that failed, panicked, or did not end in time.
    pub failed_calls: u64,
    /// Items that were asked about.
    pub polled: u64,
    /// Items among them of which nothing was to be known.
    pub failures: u64,
    /// Items among them without an answer.
    pub unanswered: u64,
    /// Answers that came too late: their items were removed, replaced or evicted.
    pub discarded: u64,
    /// Items that have left without being asked to.
    pub evicted: u64,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    Done,
    Error,
    Panic,
    Timeout,
    Cancelled,
}

/// What a call has come to for an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polled {
    Updated,
    Unchanged,
    Unanswered,
    Removed,
    Failed,
    Discarded,
}

/// The counters and handles of one cache.
pub(super) struct Meters {
    name: String,
    hits: Striped,
    misses: Striped,
    reads: [Counter; 2],
    told: [AtomicU64; 2],
    calls: [(Counter, AtomicU64); 5],
    answers: [(Counter, AtomicU64); 6],
    evicted: AtomicU64,
    given_up: Counter,
    seconds: Histogram,
    items: [Gauge; 2],
    queue: Gauge,
    lag: Gauge,
    longest: Gauge,
}

impl Meters {
    pub(super) fn new(name: &str, limiter: &str) -> Self {
        metrics::describe_counter!(READS, "Reads of items");
        metrics::describe_counter!(CALLS, "Calls of the poller");
        metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "How long calls took");
        metrics::describe_counter!(ANSWERS, "What was said of items");
        metrics::describe_counter!(EVICTED, "Items that left without being asked to");
        metrics::describe_counter!(GIVEN_UP, "Items that failed too often in a row");
        metrics::describe_gauge!(ITEMS, "Items that are there");
        metrics::describe_gauge!(QUEUE, "Items that wait to be polled, or are");
        metrics::describe_gauge!(LAG, metrics::Unit::Seconds, "For how long the first item is due");
        metrics::describe_gauge!(
            LONGEST,
            metrics::Unit::Seconds,
            "How long the longest call has taken"
        );
        let named = || name.to_owned();
        let call = |outcome: &'static str| metrics::counter!(CALLS, "name" => named(), "limiter" => limiter.to_owned(), "outcome" => outcome);
        let answer =
            |outcome: &'static str| metrics::counter!(ANSWERS, "name" => named(), "outcome" => outcome);
        let calls = ["done", "error", "panic", "timeout", "cancelled"];
        let answers = [
            "updated",
            "unchanged",
            "unanswered",
            "removed",
            "failed",
            "discarded",
        ];
        Self {
            name: named(),
            hits: Striped::default(),
            misses: Striped::default(),
            reads: ["hit", "miss"]
                .map(|outcome| metrics::counter!(READS, "name" => named(), "outcome" => outcome)),
            told: Default::default(),
            calls: calls.map(|outcome| (call(outcome), AtomicU64::new(0))),
            answers: answers.map(|outcome| (answer(outcome), AtomicU64::new(0))),
            evicted: AtomicU64::new(0),
            given_up: metrics::counter!(GIVEN_UP, "name" => named()),
            seconds: metrics::histogram!(SECONDS, "name" => named()),
            items: ["live", "finished"]
                .map(|state| metrics::gauge!(ITEMS, "name" => named(), "state" => state)),
            queue: metrics::gauge!(QUEUE, "name" => named()),
            lag: metrics::gauge!(LAG, "name" => named()),
            longest: metrics::gauge!(LONGEST, "name" => named()),
        }
    }

    pub(super) fn read(&self, is_hit: bool) {
        if is_hit { &self.hits } else { &self.misses }.increment();
    }

    pub(super) fn called(&self, called: Called, took: Duration) {
        let (counter, count) = &self.calls[called as usize];
        counter.increment(1);
        count.fetch_add(1, Relaxed);
        self.seconds.record(took.as_secs_f64());
    }

    pub(super) fn polled(&self, polled: Polled) {
        let (counter, count) = &self.answers[polled as usize];
        counter.increment(1);
        count.fetch_add(1, Relaxed);
    }

    pub(super) fn evicted(&self, reason: Evicted) {
        metrics::counter!(EVICTED, "name" => self.name.clone(), "reason" => reason.name()).increment(1);
        self.evicted.fetch_add(1, Relaxed);
    }

    pub(super) fn gave_up(&self) {
        self.given_up.increment(1);
    }

    pub(super) fn span(&self, items: usize) -> Span {
        tracing::debug_span!(SPAN, name = self.name, items)
    }

    /// Nothing is there any more.
    pub(super) fn end(&self) {
        for gauge in self.items.iter().chain([&self.queue, &self.lag, &self.longest]) {
            gauge.set(0.0);
        }
    }

    /// Completes what is known of the items with what was counted, and tells the gauges.
    pub(super) fn complete(&self, stats: Stats) -> Stats {
        let call = |called: Called| self.calls[called as usize].1.load(Relaxed);
        let answer = |polled: Polled| self.answers[polled as usize].1.load(Relaxed);
        let failed_calls = call(Called::Error) + call(Called::Panic) + call(Called::Timeout);
        let answers = self.answers.iter().map(|(_, count)| count.load(Relaxed));
        let stats = Stats {
            hits: self.hits.sum(),
            misses: self.misses.sum(),
            calls: call(Called::Done) + failed_calls,
            failed_calls,
            polled: answers.sum(),
            failures: answer(Polled::Failed),
            unanswered: answer(Polled::Unanswered),
            discarded: answer(Polled::Discarded),
            evicted: self.evicted.load(Relaxed),
            ..stats
        };
        for (at, sum) in [stats.hits, stats.misses].into_iter().enumerate() {
            // Of two that tell at once, each tells its part.
            let told = self.told[at].fetch_max(sum, Relaxed);
            self.reads[at].increment(sum.saturating_sub(told));
        }
        let count = |items: usize| u32::try_from(items).map_or(f64::MAX, f64::from);
        self.items[0].set(count(stats.live));
        self.items[1].set(count(stats.finished));
        self.queue.set(count(stats.queued));
        self.lag.set(stats.lag.as_secs_f64());
        self.longest.set(stats.longest_call.as_secs_f64());
        stats
    }
}

/// A counter that threads do not take from each other.
#[derive(Default)]
struct Striped([Stripe; STRIPES]);

/// On a cache line of its own, and of its neighbour, which processors fetch along.
#[derive(Default)]
#[repr(align(128))]
struct Stripe(AtomicU64);

const STRIPES: usize = 16;

impl Striped {
    fn increment(&self) {
        self.0[stripe()].0.fetch_add(1, Relaxed);
    }

    fn sum(&self) -> u64 {
        array::from_fn::<u64, STRIPES, _>(|at| self.0[at].0.load(Relaxed))
            .into_iter()
            .sum()
    }
}

/// The stripe of this thread.
fn stripe() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: usize = THREADS.fetch_add(1, Relaxed) % STRIPES;
    }
    MINE.try_with(|mine| *mine).unwrap_or(0)
}
