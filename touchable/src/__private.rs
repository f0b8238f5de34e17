//! Everything generated code may name. Not part of the public interface.

pub use std::sync::OnceLock;

pub use sea_orm::{self, prelude::async_trait};

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Value, sea_query::ValueType};

pub use crate::{
    Stamp, StampType, Touchable, VersionType,
    touch::{Dirty, Events, Fields, Rule, Schema},
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

type ModelOf<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Model;

/// `ActiveModelBehavior::before_save`.
pub async fn before_save<A, C>(am: A, db: &C, insert: bool) -> Result<A, DbErr>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let _ = (db, insert);
    Ok(am)
}

/// `ActiveModelBehavior::after_save`.
pub async fn after_save<A, C>(model: ModelOf<A>, db: &C, insert: bool) -> Result<ModelOf<A>, DbErr>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let _ = (db, insert);
    Ok(model)
}

/// `ActiveModelBehavior::before_delete`.
pub async fn before_delete<A, C>(am: A, db: &C) -> Result<A, DbErr>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let _ = db;
    Ok(am)
}

/// `ActiveModelBehavior::after_delete`.
pub async fn after_delete<A, C>(am: A, db: &C) -> Result<A, DbErr>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let _ = db;
    Ok(am)
}
