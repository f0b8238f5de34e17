//! Touching a record, or the rows of a query, without saving them.

use sea_orm::{
    ConnectionTrait, Iterable, ModelTrait, PrimaryKeyToColumn, QuerySelect, QueryTrait, Select, Statement,
    TransactionTrait,
};

use super::{flush::flush, flush::tries_of, publish};
use crate::{
    connection::become_writer,
    entity::{Schema, Touchable, display_key, primary_key_of_model},
    error::{Error, Result},
    touch::{CHUNK, begin, finish, read_keys},
    touch::{Entry, Except, Touched, is_suppressed, ours, take_turn},
};

/// `record.touch(&db)`: as if the row had been saved with a change that every cascading rule watches.
pub trait TouchRecord: ModelTrait<Entity: Touchable> + Sync {
    /// Moves the row's touch column in the database, and touches what its rules that hear of touches name.
    ///
    /// The record in memory keeps its old stamp.
    ///
    /// # Errors
    /// When the row does not exist ([`Error::is_record_not_found`]) or the database refuses.
    fn touch<C: ConnectionTrait>(&self, db: &C) -> impl Future<Output = Result<Touched>> + Send {
        async move {
            let schema = Self::Entity::schema();
            if is_suppressed(schema) {
                return Ok(Touched::default());
            }
            publish::check(db, schema)?;
            let key = primary_key_of_model(self);
            let entries = vec![Entry::rows(schema, vec![key.clone()])];
            let touched = flush(db, entries, schema, &Except::Nobody).await?;
            if touched.rows() == 0 {
                return Err(Error::record_not_found(schema.name, display_key(&key)));
            }
            Ok(touched)
        }
    }
}

impl<M: ModelTrait<Entity: Touchable> + Sync> TouchRecord for M {}

/// `Entity::touch_all(select, &db)`: the rows of a query, as [`TouchRecord::touch`] does one.
pub trait TouchAll: Touchable {
    /// Touches the rows of a query in one transaction.
    ///
    /// # Errors
    /// When the database refuses; then nothing is touched.
    fn touch_all<C>(select: Select<Self>, db: &C) -> impl Future<Output = Result<Touched>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        touch_all(select, db)
    }
}

impl<E: Touchable> TouchAll for E {}

/// Touches the rows of a query, in one transaction.
async fn touch_all<E, C>(select: Select<E>, db: &C) -> Result<Touched>
where
    E: Touchable,
    C: ConnectionTrait + TransactionTrait,
{
    publish::check(db, E::schema())?;
    let mut select = select.select_only();
    for key in E::PrimaryKey::iter() {
        select = select.column(key.into_column());
    }
    let rows = db.get_database_backend().build(select.as_query());
    let mut tries = tries_of(db);
    loop {
        let done = touch_rows(db, E::schema(), rows.clone(), tries.is_crowded()).await;
        if !tries.again(&done).await {
            return done;
        }
    }
}

async fn touch_rows<C>(db: &C, schema: &'static Schema, rows: Statement, crowded: bool) -> Result<Touched>
where
    C: ConnectionTrait + TransactionTrait,
{
    become_writer(db, schema).await?;
    let tx = begin(db).await?;
    if crowded {
        take_turn(&tx, schema).await?;
    }
    let done = ours(async {
        let keys = read_keys(&tx, schema, rows).await?;
        let mut touched = Touched::default();
        for keys in keys.chunks(CHUNK) {
            let entries = vec![Entry::rows(schema, keys.to_vec())];
            touched.add(flush(&tx, entries, schema, &Except::Nobody).await?);
        }
        Ok(touched)
    })
    .await;
    finish(tx, done).await
}
