//! What the derive implements for an entity.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use sea_orm::{EntityTrait, Value, sea_query::ValueType};

use super::{Dirty, Rule, Schema};
use crate::clock::Stamp;

/// An entity whose saves touch the rows that show it. Derive it: `#[derive(Touchable)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the target of a touch but does not derive `Touchable`",
    label = "this association leads to an entity without `Touchable`",
    note = "add `Touchable` to the derives of its `Model`: that is where its touch column and its own rules come from"
)]
pub trait Touchable: EntityTrait {
    /// The rules, in the order of their declaration.
    const RULES: &'static [Rule<Self>];
    /// The column that every save and touch moves.
    const TOUCH_COLUMN: Self::Column;
    /// The column that an insert fills when the application left it out.
    const CREATED_COLUMN: Option<Self::Column>;
    /// The integer column that every save and touch increments.
    const VERSION_COLUMN: Option<Self::Column>;
    /// The column that is null as long as a row is not deleted, where rows are deleted by a column.
    const DELETED_COLUMN: Option<Self::Column>;
    /// What counts as a change.
    const DIRTY: Dirty;

    /// The stream on which changes of this entity's rows are published.
    #[must_use]
    fn feed() -> Option<&'static str> {
        None
    }

    /// The declaration as the engine reads it, compiled once.
    fn schema() -> &'static Schema;
    /// A stamp in the type of the touch column.
    fn stamp_value(stamp: Stamp) -> Value;
    /// The stamp that a value of the touch column holds; `None` when it is null.
    fn value_stamp(value: &Value) -> Option<Stamp>;
    /// A stamp in the type of [`CREATED_COLUMN`](Self::CREATED_COLUMN).
    fn created_value(stamp: Stamp) -> Option<Value>;
    /// What [`VERSION_COLUMN`](Self::VERSION_COLUMN) starts with.
    fn first_version() -> Option<Value>;
}

/// A type a touch column can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a touch column",
    label = "not a timestamp with microseconds",
    note = "use `DateTimeUtc`, `DateTimeWithTimeZone` or `DateTime` (chrono), their `time` equivalents with touchable's feature `time`, or an `Option` of one"
)]
pub trait StampType: ValueType + Into<Value> {
    /// The column's value for a stamp.
    fn from_stamp(stamp: Stamp) -> Self;
    /// The stamp of a column's value; `None` when it is null.
    fn to_stamp(&self) -> Option<Stamp>;
}

impl StampType for DateTime<Utc> {
    fn from_stamp(stamp: Stamp) -> Self {
        Self::from_timestamp_micros(stamp.as_micros()).unwrap_or_default()
    }
    fn to_stamp(&self) -> Option<Stamp> {
        Some(Stamp::from_micros(self.timestamp_micros()))
    }
}

impl StampType for DateTime<FixedOffset> {
    fn from_stamp(stamp: Stamp) -> Self {
        DateTime::<Utc>::from_stamp(stamp).into()
    }
    fn to_stamp(&self) -> Option<Stamp> {
        Some(Stamp::from_micros(self.timestamp_micros()))
    }
}

impl StampType for NaiveDateTime {
    fn from_stamp(stamp: Stamp) -> Self {
        DateTime::<Utc>::from_stamp(stamp).naive_utc()
    }
    fn to_stamp(&self) -> Option<Stamp> {
        self.and_utc().to_stamp()
    }
}

#[cfg(feature = "time")]
impl StampType for time::OffsetDateTime {
    fn from_stamp(stamp: Stamp) -> Self {
        Self::from_unix_timestamp_nanos(i128::from(stamp.as_micros()) * 1_000).unwrap_or(Self::UNIX_EPOCH)
    }
    fn to_stamp(&self) -> Option<Stamp> {
        <i64 as TryFrom<i128>>::try_from(self.unix_timestamp_nanos() / 1_000)
            .ok()
            .map(Stamp::from_micros)
    }
}

#[cfg(feature = "time")]
impl StampType for time::PrimitiveDateTime {
    fn from_stamp(stamp: Stamp) -> Self {
        let utc = time::OffsetDateTime::from_stamp(stamp);
        Self::new(utc.date(), utc.time())
    }
    fn to_stamp(&self) -> Option<Stamp> {
        self.assume_utc().to_stamp()
    }
}

impl<T: StampType + sea_orm::sea_query::Nullable> StampType for Option<T> {
    fn from_stamp(stamp: Stamp) -> Self {
        Some(T::from_stamp(stamp))
    }
    fn to_stamp(&self) -> Option<Stamp> {
        self.as_ref()?.to_stamp()
    }
}

/// A type that a column can have by which rows are deleted: null says that a row is there.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that a row is deleted",
    label = "not an `Option`",
    note = "a row is there while the column is null: use `Option<DateTimeUtc>`, or an `Option` of another type"
)]
pub trait DeletedType {}

impl<T> DeletedType for Option<T> {}

/// A type a version column can have: any integer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a version column",
    label = "not an integer",
    note = "use `i32`, `i64`, `u32` or `u64`"
)]
pub trait VersionType: Into<Value> {
    /// The version of a new row.
    fn first() -> Self;
}

macro_rules! version_types {
    ($($type:ty),*) => {$(
        impl VersionType for $type {
            fn first() -> Self { 1 }
        }
    )*};
}
version_types!(i32, i64, u32, u64);
