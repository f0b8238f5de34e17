//! The key and the version of one record. Generated code calls this.

use sea_orm::{
    ActiveModelTrait, ActiveValue, EntityName, EntityTrait, Iterable, ModelTrait, PrimaryKeyToColumn, Value,
};

use super::{KeyWriter, Version, primary, writer::head_of};
use crate::{
    clock::Stamp,
    entity::{Touchable, is_null},
    error::{Result, cache::Failure},
};

/// Something that holds the columns of a row.
pub trait Record {
    /// The entity of the row.
    type Entity: Touchable;

    /// The value that the row has in the database, `None` when that is not known.
    fn stored(&self, column: <Self::Entity as EntityTrait>::Column) -> Option<Value>;

    /// The stamp that the row has in the database.
    fn stamp(&self) -> Option<Stamp> {
        Self::Entity::value_stamp(&self.stored(Self::Entity::TOUCH_COLUMN)?)
    }

    /// Whether it shows anything that the database does not have.
    fn is_changed(&self) -> bool {
        false
    }
}

const UNSAVED: &str =
    "its primary key is not that of a stored row; save it first, or load it with this column";
const CHANGED: &str = "it has changes that are not saved; save it first";
const UNSTAMPED: &str =
    "its touch column is null, not saved or was not selected; save or touch it, or load it with this column";
const UNCOUNTED: &str =
    "its version column is null, not saved or was not selected; save it, or load it with this column";

fn no_version<R: Record + ?Sized>(problem: &'static str) -> Failure {
    let table = <R::Entity as Default>::default().table_name();
    Failure::NoVersion { table, problem }
}

/// `tasks/`.
pub(super) fn head<E: Touchable>() -> &'static str {
    let head = || {
        let entity = E::default();
        head_of(entity.schema_name(), entity.table_name())
    };
    E::schema().key_head.get_or_init(head)
}

/// `tasks/5`.
///
/// # Errors
/// When it is not saved.
pub fn write_key<R: Record + ?Sized>(record: &R, key: &mut KeyWriter) -> Result<()> {
    key.head(head::<R::Entity>());
    for (i, column) in <R::Entity as EntityTrait>::PrimaryKey::iter().enumerate() {
        if i > 0 {
            key.raw(',');
        }
        let value = record.stored(column.into_column());
        if !value.is_some_and(|value| primary::push(key, &value)) {
            return Err(no_version::<R>(UNSAVED).into());
        }
    }
    Ok(())
}

/// `tasks/5@00001767225600000001`.
///
/// # Errors
/// When it has no version.
pub fn write<R: Record + ?Sized>(record: &R, key: &mut KeyWriter) -> Result<()> {
    write_key(record, key)?;
    key.version(state(record)?);
    Ok(())
}

/// The integer of the version column, or the stamp of the touch column.
///
/// # Errors
/// When it has no version.
pub fn version<R: Record + ?Sized>(record: &R) -> Result<Version> {
    let stored = |column| record.stored(column).is_some_and(|value| !is_null(&value));
    let mut columns = <R::Entity as EntityTrait>::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
    if !columns.all(stored) {
        return Err(no_version::<R>(UNSAVED).into());
    }
    state(record)
}

fn state<R: Record + ?Sized>(record: &R) -> Result<Version> {
    if record.is_changed() {
        return Err(no_version::<R>(CHANGED).into());
    }
    let version = match R::Entity::VERSION_COLUMN {
        Some(column) => record
            .stored(column)
            .and_then(|value| integer(&value))
            .map(Version::integer)
            .ok_or(UNCOUNTED),
        None => record.stamp().map(Version::from).ok_or(UNSTAMPED),
    };
    version.map_err(|problem| no_version::<R>(problem).into())
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Int(integer) => integer.map(i128::from),
        Value::BigInt(integer) => integer.map(i128::from),
        Value::Unsigned(integer) => integer.map(i128::from),
        Value::BigUnsigned(integer) => integer.map(i128::from),
        _ => None,
    }
}

/// A column of a loaded row.
pub fn of_model<M: ModelTrait>(model: &M, column: <M::Entity as EntityTrait>::Column) -> Value {
    model.get(column)
}

/// A column of an active model, if it is the stored one.
pub fn of_active<A: ActiveModelTrait>(
    active: &A,
    column: <A::Entity as EntityTrait>::Column,
) -> Option<Value> {
    match active.get(column) {
        ActiveValue::Unchanged(value) => Some(value),
        _ => None,
    }
}
