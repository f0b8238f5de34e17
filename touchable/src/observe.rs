//! What a flush shows of itself: a `tracing` span, and counters of the `metrics` facade.
//!
//! | metric | kind | counts |
//! |---|---|---|
//! | [`touchable_saves_total{table}`](SAVES) | counter | records that were inserted, updated or deleted, and the rows of a bulk write with `.touching()` |
//! | [`touchable_rules_fired_total{rule}`](RULES_FIRED) | counter | flushes in which a rule's UPDATE moved a row; a rule is named `events -> tasks` |
//! | [`touchable_rows_touched_total{table}`](ROWS_TOUCHED) | counter | rows that touches moved |
//! | [`touchable_bypasses_total{table, reason}`](BYPASSES) | counter | writes that bypassed the rules [with a reason](crate::TouchConnection::bypassing) |
//! | [`touchable_flush_seconds`](FLUSH_SECONDS) | histogram | how long flushes took |
//!
//! A flush is what one save, or one commit on a [`TouchConnection`](crate::TouchConnection), sets in motion: one UPDATE
//! for each table and set of columns. It runs in a span named [`touchable.flush`](SPAN) at the level DEBUG:
//!
//! | field | holds |
//! |---|---|
//! | `entity` | the tables whose change is flushed |
//! | `rules` | the rules that the flush follows, cascades included |
//! | `rows` | how many rows moved |
//! | `seconds` | how long it took |
//!
//! Each UPDATE runs in a span `touchable.touch` inside it, with the fields `table`, `rules` and `rows`.
//!
//! A save that fires nothing opens no span and allocates nothing here.
//!
//! # What is not seen
//!
//! - The counters are incremented when the UPDATE has succeeded. A transaction that is rolled back afterwards takes the
//!   touches back and not the counts.
//! - An `update_without_returning` runs no hook after it and is not counted as a save.
//! - On PostgreSQL, outside a transaction of the application, the last touch of a save is sent together with the save on a
//!   [`TouchConnection`](crate::TouchConnection): its span, and `seconds`, include the save.

use metrics::{Key, Label, Level, Metadata};

/// The name of the span around a flush.
pub const SPAN: &str = "touchable.flush";
/// Saved records, by `table`.
pub const SAVES: &str = "touchable_saves_total";
/// Rules that moved rows, by `rule`.
pub const RULES_FIRED: &str = "touchable_rules_fired_total";
/// Rows that touches moved, by `table`.
pub const ROWS_TOUCHED: &str = "touchable_rows_touched_total";
/// Writes that bypassed the rules of their `table`, for a `reason` that was given.
pub const BYPASSES: &str = "touchable_bypasses_total";
/// Durations of flushes.
pub const FLUSH_SECONDS: &str = "touchable_flush_seconds";

pub(crate) static METADATA: Metadata<'static> = Metadata::new("touchable", Level::INFO, Some("touchable"));

pub(crate) fn count(name: &'static str, labels: &'static [Label], by: u64) {
    let key = Key::from_static_parts(name, labels);
    metrics::with_recorder(|recorder| recorder.register_counter(&key, &METADATA).increment(by));
}

/// Counts a write that bypasses the rules, and may.
pub(crate) fn bypassed(table: &'static str, reason: &'static str) {
    let labels = vec![Label::new("table", table), Label::new("reason", reason)];
    let key = Key::from_parts(BYPASSES, labels);
    metrics::with_recorder(|recorder| recorder.register_counter(&key, &METADATA).increment(1));
}
