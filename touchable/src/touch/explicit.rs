//! Touching a record, or the rows of a query, without saving them.

use sea_orm::{
    ConnectionTrait, DbErr, Iterable, ModelTrait, PrimaryKeyToColumn, QuerySelect, QueryTrait, Select,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionSession, TransactionTrait,
};

use super::{
    Schema,
    deadlock::{Tries, take_turn},
    flush::{Touched, flush},
    plan::{Entry, Except, Key},
    publish,
    row::{display_key, primary_key_of_model},
    suppress::is_suppressed,
    writer::become_writer,
};
use crate::{Error, Result, Touchable, connection::ours};

/// How many keys one statement names at most. The smallest limit of the backends on bound values is 32,766 (`SQLite`);
/// a key of three columns still fits.
pub(crate) const CHUNK: usize = 10_000;

/// `record.touch(&db)`: as if the row had been saved with a change that every cascading rule watches.
pub trait TouchRecord: ModelTrait<Entity: Touchable> + Sync {
    /// Moves the row's touch column in the database, and touches what its rules without a field list name.
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

/// Touches the rows of a query, in one transaction.
pub(crate) async fn touch_all<E, C>(select: Select<E>, db: &C) -> Result<Touched>
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
    let mut tries = Tries::of(db);
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

/// The primary keys in the rows that a statement returns.
pub(super) async fn read_keys<C: ConnectionTrait>(
    db: &C,
    schema: &Schema,
    statement: Statement,
) -> Result<Vec<Key>, DbErr> {
    let rows = db.query_all_raw(statement).await?;
    rows.iter().map(|row| schema.key_of(row)).collect()
}

/// A transaction that will write: on `SQLite` it asks for the write lock at once, since a reader that becomes a writer
/// later is refused when another wrote meanwhile.
pub(crate) async fn begin<C: TransactionTrait>(db: &C) -> Result<C::Transaction, DbErr> {
    db.begin_with_options(TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    })
    .await
}

pub(crate) async fn finish<T, X: TransactionSession>(tx: X, done: Result<T>) -> Result<T> {
    match done {
        Ok(value) => {
            tx.commit().await?;
            Ok(value)
        }
        Err(error) => {
            // The cause matters; that the rollback failed too says nothing new.
            let _ = tx.rollback().await;
            Err(error)
        }
    }
}
