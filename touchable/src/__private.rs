//! Everything generated code may name. Not part of the public interface.

pub use std::sync::OnceLock;

pub use sea_orm::{self, prelude::async_trait};

use sea_orm::{Value, sea_query::ValueType};

pub use crate::{
    Stamp, StampType, Touchable, VersionType,
    touch::{Dirty, Events, Fields, Rule, Schema, hooks::*},
};

/// A stamp in the type of a touch column.
pub fn stamp_value<T: StampType>(stamp: Stamp) -> Value {
    T::from_stamp(stamp).into()
}

/// The stamp in a value of a touch column.
pub fn value_stamp<T: StampType>(value: &Value) -> Option<Stamp> {
    <T as ValueType>::try_from(value.clone()).ok()?.to_stamp()
}

/// The first version, in the type of a version column.
pub fn first_version<T: VersionType>() -> Value {
    T::first().into()
}
