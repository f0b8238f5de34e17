//! The settings of a store in a table.

use std::{sync::Arc, time::Duration};

use sea_orm::ConnectionTrait;

use super::{Database, rows::Rows, sweeper::Sweeper};
use crate::clock::Clock;

/// The settings of a [`Database`] store.
#[must_use = "nothing is stored before `build`"]
#[derive(Debug)]
pub struct DatabaseBuilder<C> {
    db: C,
    table: String,
    max_bytes: u64,
    max_age: Option<Duration>,
    sweep_every: Duration,
    clock: Clock,
}

impl<C: ConnectionTrait + Send + 'static> DatabaseBuilder<C> {
    pub(super) fn new(db: C) -> Self {
        Self {
            db,
            table: "touchable_cache_entries".to_owned(),
            max_bytes: 256 << 20,
            max_age: None,
            sweep_every: Duration::from_mins(10),
            clock: Clock::system(),
        }
    }

    /// The name of the table; `touchable_cache_entries` by default.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// How many bytes of keys, values and their rows the table holds; 256 MiB by default. What a row takes besides its
    /// key and value is an estimate. An entry that is larger than all of it is not stored.
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How long an entry stays that nobody writes again, whatever its time to live; no end by default.
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// How often the table is swept when little is written; ten minutes by default, and up to a tenth more, so that
    /// nodes do not sweep at once.
    pub const fn sweep_every(mut self, interval: Duration) -> Self {
        self.sweep_every = interval;
        self
    }

    /// The clock by which entries age and expire; the system's by default. Nodes that share a table should agree on
    /// the time to what their times to live can bear.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The store. Its table is not looked at yet.
    #[must_use]
    pub fn build(self) -> Database<C> {
        let sweeper = Arc::new(Sweeper::new(self.max_bytes, self.sweep_every));
        let rows = Arc::new(Rows {
            db: self.db,
            table: self.table,
            max_bytes: self.max_bytes,
            max_age: self.max_age,
            clock: self.clock,
        });
        Database { rows, sweeper }
    }
}
