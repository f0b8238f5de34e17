//! `delete(..).touching()`, `delete_by_id(..).touching()`, `delete_many().touching()`.

use std::{collections::HashMap, marker::PhantomData};

use sea_orm::{
    ConnectionTrait, DbBackend, DeleteMany, DeleteOne, DeleteResult, QueryTrait, TransactionTrait,
    ValidatedDeleteOne,
    sea_query::{DeleteStatement, Query},
};

use super::{
    super::{flush::flush, hooks::active_rules, publish},
    Touching, returning,
    stored::{self, Lock},
    unreadable,
    write::{Step, Turn, Write, execute},
};
use crate::{
    connection::ask,
    dialect::{Captured, table_name},
    entity::{CompiledRule, Event, Key, Touchable},
    error::Result,
    touch::{CHUNK, Entry, Except, Query as Rows, Start, mysql, of_keys, rows_of, saved},
};

impl<E: Touchable> Touching<DeleteMany<E>> {
    /// Deletes the rows that match and touches what showed them.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec<C>(self, db: &C) -> impl Future<Output = Result<DeleteResult>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        count::<E, C>(self.0.into_query(), db)
    }

    /// The same; returns the rows as they were.
    ///
    /// # Errors
    /// When the database refuses, or cannot return them (MySQL); then nothing is changed.
    pub fn exec_with_returning<C>(self, db: &C) -> impl Future<Output = Result<Vec<E::Model>>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        models::<E, C>(self.0.into_query(), db)
    }
}

impl<E: Touchable> Touching<ValidatedDeleteOne<E>> {
    /// Deletes the row, when there is one, and touches what showed it.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec<C>(self, db: &C) -> impl Future<Output = Result<DeleteResult>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        count::<E, C>(self.0.into_query(), db)
    }

    /// The same; returns the row as it was.
    ///
    /// # Errors
    /// When the database refuses, or cannot return it (MySQL); then nothing is changed.
    pub fn exec_with_returning<C>(self, db: &C) -> impl Future<Output = Result<Option<E::Model>>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let statement = self.0.into_query();
        async move { Ok(models::<E, C>(statement, db).await?.pop()) }
    }
}

impl<E: Touchable> Touching<DeleteOne<E>> {
    /// Deletes the row, when there is one, and touches what showed it.
    ///
    /// # Errors
    /// When the primary key is not set, or the database refuses; then nothing is changed.
    pub fn exec<C>(self, db: &C) -> impl Future<Output = Result<DeleteResult>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let one = self.0.validate();
        async move { Touching(one?).exec(db).await }
    }

    /// The same; returns the row as it was.
    ///
    /// # Errors
    /// When the primary key is not set, the database refuses, or it cannot return the row (MySQL); then nothing is changed.
    pub fn exec_with_returning<C>(self, db: &C) -> impl Future<Output = Result<Option<E::Model>>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let one = self.0.validate();
        async move { Touching(one?).exec_with_returning(db).await }
    }
}

async fn count<E, C>(statement: DeleteStatement, db: &C) -> Result<DeleteResult>
where
    E: Touchable,
    C: ConnectionTrait + TransactionTrait,
{
    let (rows, _) = execute(&Delete::<E>::new(statement, false), E::schema(), db).await?;
    saved(E::schema(), rows);
    let mut result = DeleteResult::empty();
    result.rows_affected = rows;
    Ok(result)
}

async fn models<E, C>(statement: DeleteStatement, db: &C) -> Result<Vec<E::Model>>
where
    E: Touchable,
    C: ConnectionTrait + TransactionTrait,
{
    returning::check::<E>(db.get_database_backend(), "DELETE")?;
    let (rows, models) = execute(&Delete::<E>::new(statement, true), E::schema(), db).await?;
    saved(E::schema(), rows);
    Ok(models)
}

struct Delete<E> {
    statement: DeleteStatement,
    /// Whether the rows are returned.
    returns: bool,
    entity: PhantomData<fn() -> E>,
}

impl<E> Delete<E> {
    const fn new(statement: DeleteStatement, returns: bool) -> Self {
        Self {
            statement,
            returns,
            entity: PhantomData,
        }
    }
}

impl<E: Touchable> Delete<E> {
    fn all() -> DeleteStatement {
        Query::delete().from_table(E::schema().table.clone()).to_owned()
    }

    /// What follows the table.
    fn tail(&self, backend: DbBackend) -> Result<Captured> {
        Captured::of(backend, &self.statement)
            .after(&Captured::of(backend, &Self::all()))
            .ok_or_else(|| unreadable(E::schema().name))
    }
}

impl<E: Touchable> Write for Delete<E> {
    type Done = (u64, Vec<E::Model>);

    async fn reaches<C: ConnectionTrait>(&self, db: &C) -> Result<(Vec<Key>, Vec<&'static CompiledRule>)> {
        let tail = self.tail(db.get_database_backend())?;
        let keys = stored::matching::<E, C>(db, &tail, Lock::No).await?;
        Ok((keys, active_rules::<E>(Event::Delete).collect()))
    }

    async fn write<C: ConnectionTrait>(&self, db: &C, _: &Turn) -> Result<Step<Self::Done>> {
        let schema = E::schema();
        let backend = db.get_database_backend();
        let tail = self.tail(backend)?;
        let (mut deleted, mut models) = (0, Vec::new());
        for keys in stored::matching::<E, _>(db, &tail, Lock::Update)
            .await?
            .chunks(CHUNK)
        {
            flush(db, entries::<E>(keys), schema, &Except::Nobody).await?;
            let mut delete = Self::all();
            delete.cond_where(of_keys(&table_name(schema), schema, keys));
            if self.returns {
                delete.returning(returning::all_columns::<E>(backend));
                let rows = db.query_all_raw(backend.build(&delete)).await?;
                deleted += rows.len() as u64;
                models.extend(returning::models::<E>(&rows)?);
            } else {
                let delete = match backend {
                    DbBackend::MySql if keys.len() > 1 => mysql::delete_by_primary_key(&delete, schema),
                    _ => backend.build(&delete),
                };
                deleted += db.execute_raw(delete).await?.rows_affected();
            }
            publish::rows(ask(db).as_ref(), schema, keys)?;
        }
        Ok(Step::Done((deleted, models)))
    }
}

/// What shows these rows.
fn entries<E: Touchable>(keys: &[Key]) -> Vec<Entry> {
    let schema = E::schema();
    active_rules::<E>(Event::Delete)
        .map(|rule| {
            let rows = Rows::of(schema, rows_of(schema, keys), HashMap::new());
            Entry::fired(schema, rule, Start::Query(rows.into()))
        })
        .collect()
}
