//! Reading the stored row of a save.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, Iterable, PrimaryKeyToColumn, QueryFilter,
    QuerySelect, QueryTrait, sea_query::LockType,
};

use crate::{
    connection::become_writer,
    entity::{Key, Touchable},
    error::Result,
    touch::in_transaction,
};

/// Reads a row; with a lock, which only a transaction takes, what was read is what will be changed.
pub(crate) async fn read<E, C>(db: &C, key: &Key, lock: Option<LockType>) -> Result<Option<E::Model>>
where
    E: Touchable,
    C: ConnectionTrait,
{
    if lock.is_some() {
        become_writer(db, E::schema()).await?;
    }
    let condition = E::PrimaryKey::iter()
        .zip(key)
        .fold(Condition::all(), |all, (key, value)| {
            all.add(key.into_column().eq(value.clone()))
        });
    let mut select = E::find().filter(condition);
    match (db.get_database_backend(), lock.filter(|_| in_transaction::<C>())) {
        (DbBackend::Postgres, Some(lock)) => select = select.lock(lock),
        (DbBackend::MySql, Some(_)) => select = select.lock(LockType::Update),
        _ => {}
    }
    QueryTrait::query(&mut select).limit(1);
    Ok(select.one(db).await?)
}
