//! When one statement would not see everything.
//!
//! A statement of PostgreSQL sees the rows that were committed when it began. A transaction that was under way then, and
//! that has inserted a row associated with the saved one, may commit while the statement waits for its lock: the row would
//! not be touched, although it may have been shown with the old content. So the statement first asks whether any other
//! transaction was writing when it began, and does nothing if so. Then the save is repeated in a transaction that locks
//! the row before it looks; from then on no foreign key can name it.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Whether no transaction but the statement's own had a number when the statement began: none of those before was still
/// under way, and none has come since.
///
/// The statement's own transaction gets its number after the snapshot was taken, so no number in the snapshot is above
/// it; where the lowest one that is not over is its own, there is no other.
pub(super) const ALONE: &str = "pg_snapshot_xmin(pg_current_snapshot()) = pg_current_xact_id()";

/// For how long after a statement in vain the next ones are not tried. Where many write, a save then costs what the same
/// costs by hand; where few do, one round trip.
const PAUSE: Duration = Duration::from_millis(100);

/// What a connection has met of other writers.
#[derive(Debug, Default)]
pub(super) struct Contention(Mutex<Option<Instant>>);

impl Contention {
    /// Whether a statement of its own would likely be in vain.
    pub(super) fn is_expected(&self) -> bool {
        let met = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.is_some_and(|met| met.elapsed() < PAUSE)
    }

    pub(super) fn met(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}
