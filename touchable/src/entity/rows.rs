//! Reading an entity's rows where its type is not known.

use sea_orm::{
    ColumnTrait, Condition, DbBackend, DbErr, EntityTrait, FromQueryResult, Iterable, ModelTrait,
    PrimaryKeyToColumn, PrimaryKeyTrait, QueryFilter, QueryResult, QueryTrait, Select, Statement, Value,
    sea_query::{IntoValueTuple, SelectStatement},
};

use super::row::Key;

/// What of an entity's type is left for reading its rows.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The primary key in these columns of a row.
    pub key: fn(&QueryResult, &[String]) -> Result<Key, DbErr>,
    /// The query for all rows.
    pub all: fn(DbBackend) -> Statement,
    /// The query for the row with this key.
    pub one: fn(&Key) -> SelectStatement,
    /// The columns of a row of these queries, in the order of the entity's columns.
    pub columns: fn(&QueryResult) -> Result<Vec<Value>, DbErr>,
}

impl Rows {
    pub(crate) fn of<E: EntityTrait>() -> Self {
        Self {
            key: key::<E>,
            all: |backend| E::find().build(backend),
            one: |key| by_key::<E>(key).into_query(),
            columns: columns::<E>,
        }
    }
}

fn key<E: EntityTrait>(row: &QueryResult, columns: &[String]) -> Result<Key, DbErr> {
    let key: <E::PrimaryKey as PrimaryKeyTrait>::ValueType = row.try_get_many("", columns)?;
    Ok(key.into_value_tuple().into_iter().collect())
}

fn by_key<E: EntityTrait>(key: &Key) -> Select<E> {
    let is = E::PrimaryKey::iter()
        .zip(key)
        .fold(Condition::all(), |all, (key, value)| {
            all.add(key.into_column().eq(value.clone()))
        });
    E::find().filter(is)
}

fn columns<E: EntityTrait>(row: &QueryResult) -> Result<Vec<Value>, DbErr> {
    let model = E::Model::from_query_result(row, "")?;
    Ok(E::Column::iter().map(|column| model.get(column)).collect())
}
