//! Columns of one row by name, whatever holds it.

use sea_orm::{
    ActiveModelTrait, ActiveValue, EntityTrait, IdenStatic, Iterable, ModelTrait, PrimaryKeyToColumn, Value,
};

use super::touchable::Touchable;
use crate::error::{Error, Result};

/// The values of one row's key, in the order of the key's columns.
pub(crate) type Key = Vec<Value>;

pub(crate) type ModelOf<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Model;

pub(crate) fn is_null(value: &Value) -> bool {
    *value == value.as_null()
}

fn column<E: EntityTrait>(name: &str) -> Option<E::Column> {
    E::Column::iter().find(|column| column.as_str() == name)
}

/// The values of these columns, unless one of them is null: a null key is associated with nothing.
pub(crate) fn key_of_model<M: ModelTrait>(model: &M, columns: impl Iterator<Item = String>) -> Option<Key> {
    columns
        .map(|name| Some(model.get(column::<M::Entity>(&name)?)))
        .map(|value| value.filter(|value| !is_null(value)))
        .collect()
}

/// Like [`key_of_model`], of an active model; a value that is not set counts as null.
pub(crate) fn key_of_active<A: ActiveModelTrait>(
    am: &A,
    columns: impl Iterator<Item = String>,
) -> Option<Key> {
    columns
        .map(|name| am.get(column::<A::Entity>(&name)?).into_value())
        .map(|value| value.filter(|value| !is_null(value)))
        .collect()
}

/// Whether an active model has a value for a column, null included.
pub(crate) fn is_given<A: ActiveModelTrait>(am: &A, name: &str) -> bool {
    column::<A::Entity>(name).is_some_and(|column| !am.is_not_set(column))
}

pub(crate) fn primary_key_of_model<M: ModelTrait>(model: &M) -> Key {
    <M::Entity as EntityTrait>::PrimaryKey::iter()
        .map(|key| model.get(key.into_column()))
        .collect()
}

/// # Errors
/// When a column of the primary key is not set.
pub(crate) fn primary_key_of_active<A>(am: &A) -> Result<Key>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    <A::Entity as EntityTrait>::PrimaryKey::iter()
        .map(|key| {
            let column = key.into_column();
            am.get(column)
                .into_value()
                .ok_or_else(|| Error::key_not_set(A::Entity::schema().name, column.as_str()))
        })
        .collect()
}

/// The columns that are `Set`, without those of the primary key.
pub(crate) fn set_columns<A: ActiveModelTrait>(am: &A) -> Vec<<A::Entity as EntityTrait>::Column> {
    <A::Entity as EntityTrait>::Column::iter()
        .filter(|column| <A::Entity as EntityTrait>::PrimaryKey::from_column(*column).is_none())
        .filter(|column| matches!(am.get(*column), ActiveValue::Set(_)))
        .collect()
}

/// Whether two values are the same to everybody who could look at them.
///
/// Equality alone is not enough: `1.0` and `1.00`, or `0.0` and `-0.0`, are equal and are shown differently.
pub(crate) fn same(stored: &Value, set: &Value) -> bool {
    stored == set && (is_exact(stored) || format!("{stored:?}") == format!("{set:?}"))
}

/// Types whose equal values are always written alike. A time with an offset is not among them: SQLite keeps the offset.
const fn is_exact(value: &Value) -> bool {
    matches!(
        value,
        Value::Bool(_)
            | Value::TinyInt(_)
            | Value::SmallInt(_)
            | Value::Int(_)
            | Value::BigInt(_)
            | Value::TinyUnsigned(_)
            | Value::SmallUnsigned(_)
            | Value::Unsigned(_)
            | Value::BigUnsigned(_)
            | Value::String(_)
            | Value::Char(_)
            | Value::Bytes(_)
            | Value::ChronoDate(_)
            | Value::ChronoTime(_)
            | Value::ChronoDateTime(_)
            | Value::ChronoDateTimeUtc(_)
    )
}

/// A key as people read it: `5`, `eu/7`.
pub(crate) fn display_key(key: &[Value]) -> String {
    let texts: Vec<String> = key
        .iter()
        .map(|value| match value {
            Value::String(Some(text)) => text.clone(),
            // Written as SQL writes it.
            other => other.to_string().trim_matches('\'').to_owned(),
        })
        .collect();
    texts.join("/")
}
