//! Rows as they are stored, under their locks.

use sea_orm::{
    ConnectionTrait, DbBackend, Iterable, ModelTrait, Order, PrimaryKeyToColumn, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
    sea_query::{
        Alias, Condition, Expr, LockType, Query,
        extension::mysql::{IndexHintScope, MySqlSelectStatementExt},
    },
};

use crate::{
    dialect::{Captured, table_name},
    entity::{Key, Schema, Touchable, primary_key_of_model},
    error::Result,
    touch::{CHUNK, of_keys, read_keys},
};

/// A row as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub key: Key,
    /// In the order of the entity's columns.
    pub values: Vec<sea_orm::Value>,
}

impl Stored {
    pub(super) fn of<M: ModelTrait>(model: &M) -> Self {
        Self {
            key: primary_key_of_model(model),
            values: <M::Entity as sea_orm::EntityTrait>::Column::iter()
                .map(|column| model.get(column))
                .collect(),
        }
    }

    /// What a column holds.
    pub(super) fn value(&self, schema: &Schema, column: &str) -> Option<&sea_orm::Value> {
        let at = schema.column_names().position(|name| name == column)?;
        self.values.get(at)
    }
}

/// Whether rows are locked while they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    No,
    /// For an update; on `SQLite`, where the transaction has locked the database, as good as `No`.
    Update,
}

/// The rows that meet a condition, in order of the primary key.
///
/// An index is MySQL's to use: on a small table it would rather read all rows, and lock them.
pub(super) async fn models<E: Touchable, C: ConnectionTrait>(
    db: &C,
    condition: Condition,
    lock: Lock,
    index: Option<&str>,
) -> Result<Vec<E::Model>> {
    let mut select = E::find().filter(condition);
    for key in E::PrimaryKey::iter() {
        select = select.order_by_asc(key.into_column());
    }
    let backend = db.get_database_backend();
    if lock == Lock::Update && backend != DbBackend::Sqlite {
        select = select.lock(LockType::Update);
    }
    if let (DbBackend::MySql, Some(index)) = (backend, index) {
        QueryTrait::query(&mut select).force_index(Alias::new(index), IndexHintScope::All);
    }
    Ok(select.all(db).await?)
}

/// The rows of these keys that are there.
pub(super) async fn models_by_key<E: Touchable, C: ConnectionTrait>(
    db: &C,
    keys: &[Key],
    lock: Lock,
) -> Result<Vec<E::Model>> {
    let schema = E::schema();
    let mut found = Vec::with_capacity(keys.len());
    for keys in keys.chunks(CHUNK) {
        let condition = of_keys(&table_name(schema), schema, keys);
        let index = (keys.len() > 1).then_some("PRIMARY");
        found.extend(models::<E, C>(db, condition, lock, index).await?);
    }
    Ok(found)
}

/// The same, without their type.
pub(super) async fn by_key<E: Touchable, C: ConnectionTrait>(
    db: &C,
    keys: &[Key],
    lock: Lock,
) -> Result<Vec<Stored>> {
    let models = models_by_key::<E, C>(db, keys, lock).await?;
    Ok(models.iter().map(Stored::of).collect())
}

/// Finds the rows that a statement's tail (`WHERE ..`) matches, in order of the primary key.
pub(super) async fn matching<E: Touchable, C: ConnectionTrait>(
    db: &C,
    tail: &Captured,
    lock: Lock,
) -> Result<Vec<Key>> {
    let schema = E::schema();
    let backend = db.get_database_backend();
    let key = || {
        schema
            .primary_key
            .iter()
            .map(|column| Expr::col((table_name(schema), *column)))
    };
    let mut select = Captured::of(
        backend,
        Query::select()
            .exprs(schema.read_keys(Some(&table_name(schema))))
            .from(schema.table.clone()),
    );
    select.append(tail.clone());
    let mut order = Query::select();
    for column in key() {
        order.order_by_expr(column, Order::Asc);
    }
    let order = Captured::of(backend, &order);
    select.push(order.sql.strip_prefix("SELECT ").unwrap_or_default());
    if lock == Lock::Update && backend != DbBackend::Sqlite {
        select.push(" FOR UPDATE");
    }
    Ok(read_keys(db, schema, select.into_statement(backend)).await?)
}
