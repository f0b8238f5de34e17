//! The rows that an upsert would update, locked and read before it does.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, sea_query::Condition};

use super::{
    super::{
        stamps::column,
        stored::{self, Lock, Stored},
        write::Turn,
    },
    Batch,
    conflict::{Conflict, Target},
    unique,
};
use crate::{
    dialect::table_name,
    entity::{Key, Touchable},
    error::Result,
    touch::{CHUNK, in_values},
};

/// The rows that are there.
#[derive(Debug, Default)]
pub(super) struct Before {
    rows: BTreeMap<String, Stored>,
    /// Whether no other can be updated, as far as could be seen.
    pub is_complete: bool,
}

impl Before {
    /// Finds and locks the rows that conflict with the new ones, and those that earlier turns have met.
    pub(super) async fn read<E: Touchable, C: ConnectionTrait>(
        db: &C,
        batch: &Batch<E>,
        turn: &Turn,
    ) -> Result<Self> {
        let mut before = Self::default();
        before.add(stored::by_key::<E, C>(db, &turn.met, Lock::Update).await?);
        if db.get_database_backend() == DbBackend::MySql {
            before.read_mysql(db, batch, turn).await?;
            before.is_complete = true;
            return Ok(before);
        }
        before.is_complete = !turn.is_first();
        if let Some(Conflict {
            target: Target::Columns(columns),
            ..
        }) = &batch.conflict
            && batch.rows.give(columns)
        {
            before.add(conflicting::<E, C>(db, batch, columns, Lock::Update, None).await?);
            before.is_complete = true;
        }
        Ok(before)
    }

    /// Looked for without locks at first: `InnoDB` would lock the gap where a row is not, and two upserts of new rows
    /// would then wait for each other.
    async fn read_mysql<E: Touchable, C: ConnectionTrait>(
        &mut self,
        db: &C,
        batch: &Batch<E>,
        turn: &Turn,
    ) -> Result<()> {
        for key in unique::of::<E, C>(db, &batch.rows).await? {
            let (lock, name) = if turn.is_first() {
                (Lock::No, None)
            } else {
                (Lock::Update, Some(key.name.as_str()))
            };
            let mut found = conflicting::<E, C>(db, batch, &key.columns, lock, name).await?;
            if turn.is_first() {
                let keys: Vec<Key> = found.into_iter().map(|row| row.key).collect();
                found = stored::by_key::<E, C>(db, &keys, Lock::Update).await?;
            }
            self.add(found);
        }
        Ok(())
    }

    fn add(&mut self, rows: Vec<Stored>) {
        self.rows
            .extend(rows.into_iter().map(|row| (format!("{:?}", row.key), row)));
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Stored> {
        self.rows.get(&format!("{key:?}"))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Stored> {
        self.rows.values()
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        self.rows().map(|row| row.key.clone()).collect()
    }
}

/// The rows that have one of the new rows' values in these columns.
async fn conflicting<E: Touchable, C: ConnectionTrait>(
    db: &C,
    batch: &Batch<E>,
    columns: &[String],
    lock: Lock,
    index: Option<&str>,
) -> Result<Vec<Stored>> {
    let mut rows = Vec::new();
    for keys in batch.rows.distinct(columns).chunks(CHUNK) {
        let models = stored::models::<E, C>(db, are::<E>(columns, keys), lock, index).await?;
        rows.extend(models.iter().map(Stored::of));
    }
    Ok(rows)
}

fn are<E: Touchable>(columns: &[String], keys: &[Key]) -> Condition {
    // Of one column SeaORM knows how its type is compared.
    if let [name] = columns
        && let Some(column) = column::<E>(name)
    {
        return Condition::all().add(column.is_in(keys.iter().flatten().cloned()));
    }
    let casts = E::schema().casts(columns.iter().map(String::as_str));
    let columns: Vec<_> = columns
        .iter()
        .map(|name| sea_orm::sea_query::IntoIden::into_iden(sea_orm::sea_query::Alias::new(name)))
        .collect();
    in_values(&table_name(E::schema()), &columns, keys, &casts)
}
