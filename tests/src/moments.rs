//! Every row's columns at one moment, and which of them moved since.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseExecutor, Value};

use crate::{
    Table,
    table::{Row, Rows, is_moment},
};

/// The harness's epoch in microseconds since the Unix epoch.
#[must_use]
pub const fn epoch() -> i64 {
    1_700_000_000_000_000
}

/// The moment so many microseconds after the harness's epoch (November 2023): what seeds are stamped with.
#[must_use]
pub fn at(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(epoch() + micros).expect("a moment chrono knows")
}

/// Microseconds since the Unix epoch in a value that is a moment.
#[must_use]
pub fn micros(value: &Value) -> Option<i64> {
    match value {
        Value::ChronoDateTimeUtc(at) => at.as_ref().map(DateTime::timestamp_micros),
        Value::ChronoDateTimeWithTimeZone(at) => at.as_ref().map(DateTime::timestamp_micros),
        Value::ChronoDateTime(at) => at.as_ref().map(|at| at.and_utc().timestamp_micros()),
        Value::TimeDateTime(at) => at.as_ref().map(|at| whole_micros(at.assume_utc())),
        Value::TimeDateTimeWithTimeZone(at) => at.as_ref().map(|at| whole_micros(*at)),
        _ => None,
    }
}

fn whole_micros(at: time::OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).expect("a moment of this age")
}

/// What all tables hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments(BTreeMap<&'static str, (&'static str, Rows)>);

impl Moments {
    pub(crate) async fn read(tables: &[Table], db: DatabaseExecutor<'_>) -> Self {
        let mut moments = BTreeMap::new();
        for table in tables {
            let rows = table.read(reborrow(&db)).await;
            moments.insert(table.name, (table.touch_column, rows));
        }
        Self(moments)
    }

    /// The touch column of a row by its name (`tasks 1`), in microseconds since the Unix epoch.
    ///
    /// # Panics
    ///
    /// Panics when there is no such row, or its touch column is null.
    #[must_use]
    pub fn micros(&self, row: &str) -> i64 {
        let table = row.split(' ').next().unwrap_or(row);
        let (column, rows) = self.0.get(table).unwrap_or_else(|| panic!("no table {table}"));
        let row = rows.get(row).unwrap_or_else(|| panic!("no row {row}"));
        micros(&row[column]).unwrap_or_else(|| panic!("{table}.{column} is null"))
    }

    /// A column of a row by its name.
    ///
    /// # Panics
    ///
    /// Panics when there is no such row or column.
    #[must_use]
    pub fn value(&self, row: &str, column: &str) -> Value {
        let table = row.split(' ').next().unwrap_or(row);
        self.0[table].1[row][column].clone()
    }

    /// What moved from `self` to `later`, one word per finding:
    ///
    /// - `tasks 1` — its touch column rose
    /// - `+tasks 1`, `-tasks 1` — the row came, or went
    /// - `projects 1.tasks_touched_at` — another moment of the row moved
    /// - `tasks 1.title` — a column changed and the touch column did not
    /// - `tasks 1 FELL` — its touch column moved backwards, which nothing may cause
    #[must_use]
    pub fn moved(&self, later: &Self) -> BTreeSet<String> {
        let mut moved = BTreeSet::new();
        for (table, (column, before)) in &self.0 {
            let after = &later.0[table].1;
            moved.extend(
                after
                    .keys()
                    .filter(|name| !before.contains_key(*name))
                    .map(|name| format!("+{name}")),
            );
            for (name, row) in before {
                match after.get(name) {
                    None => {
                        moved.insert(format!("-{name}"));
                    }
                    Some(new) => compare(name, column, row, new, &mut moved),
                }
            }
        }
        moved
    }
}

fn compare(name: &str, touch_column: &str, before: &Row, after: &Row, moved: &mut BTreeSet<String>) {
    let (old, new) = (&before[touch_column], &after[touch_column]);
    let touched = old != new;
    if touched {
        let rose = micros(new) > micros(old);
        moved.insert(format!("{name}{}", if rose { "" } else { " FELL" }));
    }
    for (column, value) in after {
        let changed = *column != touch_column && before[column] != *value;
        if changed && (!touched || is_moment(value)) {
            moved.insert(format!("{name}.{column}"));
        }
    }
}

fn reborrow<'a>(db: &'a DatabaseExecutor<'_>) -> DatabaseExecutor<'a> {
    match db {
        DatabaseExecutor::Connection(connection) => DatabaseExecutor::Connection(connection),
        DatabaseExecutor::Transaction(transaction) => DatabaseExecutor::Transaction(transaction),
        DatabaseExecutor::OwnedTransaction(transaction) => DatabaseExecutor::Transaction(transaction),
    }
}
