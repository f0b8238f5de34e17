//! What a save leaves for `after_save`, by the stamp that its row has come back with.

use chrono::{DateTime, NaiveDateTime, Utc};
use sea_orm::QueryResult;

use super::atomic::Save;
use crate::{
    Clock, Stamp, StampType,
    touch::{
        Schema,
        engine::{ColumnKind, Key, leave_idle, mark_done, take_exact},
    },
};

impl Save {
    /// The stamp that the statement writes.
    pub(super) fn stamp(&self) -> Stamp {
        self.ticket().unwrap_or_else(|| Clock::current().stamp())
    }

    pub(super) fn ticket(&self) -> Option<Stamp> {
        (self.schema.value_stamp)(self.stamp.as_ref()?)
    }

    /// The touches are seen to; `after_save` will find the row under the stamp that was written.
    pub(super) fn done(&self) {
        if let Some(stamp) = &self.stamp {
            mark_done(self.schema, stamp);
        }
    }

    /// Leaves word for `after_save` under the stamp with which the row has come back.
    pub(super) fn settle(&self, key: &Key, row: Option<&QueryResult>, returns: bool) {
        match row {
            Some(row) if read_stamp(self.schema, row) == self.ticket() => self.done(),
            // Raised above the stored one, or kept since nothing changed.
            Some(_) => self.settle_idle(key),
            // MySQL returns no row, nor does SQLite unless SeaORM is told so; SeaORM reads it in a moment.
            None if !returns => self.done(),
            // Nobody will ask.
            None => self.forget(),
        }
    }

    pub(super) fn settle_idle(&self, key: &Key) {
        self.forget();
        leave_idle(self.schema.name, key);
    }

    /// Takes back what `before_save` has left.
    pub(super) fn forget(&self) {
        if let Some(ticket) = self.ticket() {
            take_exact(ticket, self.schema.name);
        }
    }
}

/// The stamp of a row that came back.
fn read_stamp(schema: &Schema, row: &QueryResult) -> Option<Stamp> {
    if schema.kind(schema.touch) == Some(ColumnKind::Naive) {
        row.try_get::<Option<NaiveDateTime>>("", schema.touch)
            .ok()??
            .to_stamp()
    } else {
        row.try_get::<Option<DateTime<Utc>>>("", schema.touch)
            .ok()??
            .to_stamp()
    }
}
