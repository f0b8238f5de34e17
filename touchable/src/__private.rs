//! Everything generated code may name. Not part of the public interface.

pub use std::sync::OnceLock;

pub use sea_orm::{self, prelude::async_trait};

use sea_orm::{EntityTrait, Linked, Related, RelatedSelfVia, RelationDef, Value, sea_query::ValueType};

pub use crate::{
    __feed as feed, __records as records,
    cache::key::record::{self, Record},
    clock::Stamp,
    entity::{DeletedType, Dirty, Events, Fields, Rule, Schema, StampType, Touchable, VersionType},
    save::hooks::*,
};

/// A stamp in the type of a touch column.
#[must_use]
pub fn stamp_value<T: StampType>(stamp: Stamp) -> Value {
    T::from_stamp(stamp).into()
}

/// The stamp in a value of a touch column.
#[must_use]
pub fn value_stamp<T: StampType>(value: &Value) -> Option<Stamp> {
    <T as ValueType>::try_from(value.clone()).ok()?.to_stamp()
}

/// The stamp in a touch column.
#[must_use]
pub fn to_stamp<T: StampType>(column: &T) -> Option<Stamp> {
    column.to_stamp()
}

/// Compiles when a column of this type can say that a row is deleted.
pub const fn can_delete<T: DeletedType>() {}

/// The first version, in the type of a version column.
#[must_use]
pub fn first_version<T: VersionType>() -> Value {
    T::first().into()
}

/// The name of a column in the database.
pub fn column_name<C: sea_orm::IdenStatic>(column: C) -> &'static str {
    column.as_str()
}

/// The way to a related entity, through a junction if there is one.
#[must_use]
pub fn related<E, R>() -> Vec<RelationDef>
where
    E: Related<R>,
    R: EntityTrait,
{
    E::via().into_iter().chain([E::to()]).collect()
}

/// The way through a junction back to the same entity.
#[must_use]
pub fn related_self<E, J>() -> Vec<RelationDef>
where
    E: RelatedSelfVia<J>,
    J: EntityTrait,
{
    vec![E::via(), E::to()]
}

/// The way through a junction back to the same entity, walked from its other end.
#[must_use]
pub fn related_self_reverse<E, J>() -> Vec<RelationDef>
where
    E: RelatedSelfVia<J>,
    J: EntityTrait,
{
    vec![E::to().rev(), E::via().rev()]
}

/// Compiles when the chain of a `Linked` starts at the entity whose rule it is.
pub const fn link_starts_at<E, L>()
where
    E: EntityTrait,
    L: Linked<FromEntity = E>,
{
}

/// Half of a dense entity: `Model` or `ModelEx`.
#[diagnostic::on_unimplemented(
    message = "`Touchable` is derived for one half of this entity: `{Self}` goes without",
    label = "derived here only",
    note = "write `Touchable` into the derives below `#[sea_orm::model]`, not into `model_attrs(..)` or `model_ex_attrs(..)`"
)]
pub trait Derived {}

/// Compiles when the other half derives `Touchable` too.
pub const fn derived<T: Derived>() {}

/// Compiles where there is a feed to publish on.
#[cfg(feature = "feed")]
#[doc(hidden)]
#[macro_export]
macro_rules! __feed {
    () => {};
}

/// Compiles where there is a feed to publish on.
#[cfg(not(feature = "feed"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __feed {
    () => {
        ::core::compile_error!("`#[touchable(feed)]` needs the feature `feed` of `touchable`");
    };
}

/// What a cache makes of bytes from a shared store, for the fuzz target.
#[cfg(feature = "cache")]
pub use crate::cache::entry::probe;
