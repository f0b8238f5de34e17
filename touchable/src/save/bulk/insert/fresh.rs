//! The rows that an INSERT has really inserted, where the database does not return them.

use sea_orm::{
    ColumnTrait, ConnectionTrait, Iterable, Order, PrimaryKeyToColumn, PrimaryKeyTrait, Value,
    sea_query::{Condition, Query, SelectStatement},
};

use super::{super::stamps::column, Batch};
use crate::{
    entity::{Key, Touchable},
    error::Result,
    touch::{CHUNK, read_keys, rows_of},
};

/// The largest key that there is, where the database gives larger ones to new rows.
pub(super) async fn largest<E: Touchable, C: ConnectionTrait>(db: &C) -> Result<Option<Value>> {
    let columns: Vec<E::Column> = E::PrimaryKey::iter()
        .map(PrimaryKeyToColumn::into_column)
        .collect();
    let ([column], true) = (columns.as_slice(), E::PrimaryKey::auto_increment()) else {
        return Ok(None);
    };
    let mut select = Query::select();
    select
        .from(E::schema().table.clone())
        .order_by(*column, Order::Desc)
        .limit(1);
    Ok(keys_of::<E, C>(db, select).await?.into_iter().flatten().next())
}

/// The keys of the rows that have the new rows' keys.
pub(super) async fn given<E: Touchable, C: ConnectionTrait>(db: &C, batch: &Batch<E>) -> Result<Vec<Key>> {
    let schema = E::schema();
    let mut found = Vec::new();
    for keys in batch.rows.distinct(&schema.primary_key).chunks(CHUNK) {
        found.extend(keys_of::<E, C>(db, rows_of(schema, keys)).await?);
    }
    Ok(found)
}

/// The keys of the rows that have the new rows' stamps, and larger keys than there were.
pub(super) async fn generated<E: Touchable, C: ConnectionTrait>(
    db: &C,
    batch: &Batch<E>,
    largest: Option<&Value>,
) -> Result<Vec<Key>> {
    let schema = E::schema();
    if batch.rows.primary_keys::<E>().is_some() {
        return Ok(Vec::new());
    }
    // One that a later row of the batch has updated is above its own.
    let stamps = batch.rows.distinct([schema.touch]).into_iter().flatten();
    let lowest = stamps.min_by_key(E::value_stamp);
    let mut are = Condition::all().add_option(lowest.map(|stamp| E::TOUCH_COLUMN.gte(stamp)));
    let key = schema.primary_key.first().and_then(|name| column::<E>(name));
    if let Some((key, largest)) = key.zip(largest) {
        are = are.add(key.gt(largest.clone()));
    }
    let mut select = Query::select();
    select.from(schema.table.clone()).cond_where(are);
    keys_of::<E, C>(db, select).await
}

async fn keys_of<E: Touchable, C: ConnectionTrait>(db: &C, mut rows: SelectStatement) -> Result<Vec<Key>> {
    rows.columns(E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column));
    Ok(read_keys(db, E::schema(), db.get_database_backend().build(&rows)).await?)
}
