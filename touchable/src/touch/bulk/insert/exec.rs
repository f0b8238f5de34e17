//! SeaORM's ways to execute an INSERT.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Insert, InsertMany, InsertManyResult,
    InsertResult, Inserter, IntoActiveModel, PrimaryKeyTrait, QueryTrait, TransactionTrait, TryInsert,
    TryInsertResult, sea_query::InsertStatement,
};

use super::{
    super::{Touching, returning, write::execute},
    Batch, Returned,
    echo::{Answer, Echo},
};
use crate::{Result, Touchable, observe, touch::row::ModelOf};

/// A primary key as SeaORM returns it.
type KeyOf<A> = <<<A as ActiveModelTrait>::Entity as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

impl<A> Touching<Insert<A>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
{
    /// Inserts the row, stamped, and touches the rows that it belongs to. Returns its key.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec<C>(self, db: &C) -> impl Future<Output = Result<InsertResult<A>>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        one::<A, C>(self.0.into_query(), db)
    }

    /// The same; returns how many rows were written.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec_without_returning<C>(self, db: &C) -> impl Future<Output = Result<u64>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        count::<A, C>(self.0.into_query(), db)
    }

    /// The same; returns the row.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec_with_returning<C>(self, db: &C) -> impl Future<Output = Result<ModelOf<A>>> + Send
    where
        ModelOf<A>: IntoActiveModel<A>,
        C: ConnectionTrait + TransactionTrait,
    {
        model::<A, C>(self.0.into_query(), db)
    }

    /// The same; returns the keys of the rows.
    ///
    /// # Errors
    /// When the database refuses, or cannot return them (MySQL); then nothing is changed.
    pub fn exec_with_returning_keys<C>(self, db: &C) -> impl Future<Output = Result<Vec<KeyOf<A>>>> + Send
    where
        ModelOf<A>: IntoActiveModel<A>,
        C: ConnectionTrait + TransactionTrait,
    {
        keys::<A, C>(self.0.into_query(), db)
    }

    /// The same; returns the rows.
    ///
    /// # Errors
    /// When the database refuses, or cannot return them (MySQL); then nothing is changed.
    pub fn exec_with_returning_many<C>(self, db: &C) -> impl Future<Output = Result<Vec<ModelOf<A>>>> + Send
    where
        ModelOf<A>: IntoActiveModel<A>,
        C: ConnectionTrait + TransactionTrait,
    {
        models::<A, C>(self.0.into_query(), db)
    }
}

impl<A> Touching<InsertMany<A>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
{
    /// Inserts the rows, stamped, and touches the rows they belong to, once each. Returns the key of the last one.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec<C>(self, db: &C) -> impl Future<Output = Result<InsertManyResult<A>>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let statement = self.0.into_query();
        async move {
            // SeaORM's result can only be had from an insert; this one has no rows, and sends nothing.
            let mut result = A::Entity::insert_many::<A, _>([]).exec(db).await?;
            if !is_empty::<A, C>(&statement, db)? {
                result.last_insert_id = Some(one::<A, C>(statement, db).await?.last_insert_id);
            }
            Ok(result)
        }
    }

    /// The same; returns how many rows were written.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec_without_returning<C>(self, db: &C) -> impl Future<Output = Result<u64>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        count::<A, C>(self.0.into_query(), db)
    }

    /// The same; returns the rows.
    ///
    /// # Errors
    /// When the database refuses, or cannot return them (MySQL); then nothing is changed.
    pub fn exec_with_returning<C>(self, db: &C) -> impl Future<Output = Result<Vec<ModelOf<A>>>> + Send
    where
        ModelOf<A>: IntoActiveModel<A>,
        C: ConnectionTrait + TransactionTrait,
    {
        models::<A, C>(self.0.into_query(), db)
    }

    /// The same; returns the keys of the rows.
    ///
    /// # Errors
    /// When the database refuses, or cannot return them (MySQL); then nothing is changed.
    pub fn exec_with_returning_keys<C>(self, db: &C) -> impl Future<Output = Result<Vec<KeyOf<A>>>> + Send
    where
        ModelOf<A>: IntoActiveModel<A>,
        C: ConnectionTrait + TransactionTrait,
    {
        keys::<A, C>(self.0.into_query(), db)
    }
}

impl<A> Touching<TryInsert<A>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
{
    /// Inserts the rows that are not there, stamped, and touches the rows these belong to, once each.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec<C>(self, db: &C) -> impl Future<Output = Result<TryInsertResult<InsertResult<A>>>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let statement = self.0.into_query();
        async move {
            let is_empty = is_empty::<A, C>(&statement, db)?;
            attempt(is_empty, one::<A, C>(statement, db)).await
        }
    }

    /// The same; returns how many rows were written.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec_without_returning<C>(
        self,
        db: &C,
    ) -> impl Future<Output = Result<TryInsertResult<u64>>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let statement = self.0.into_query();
        async move {
            let is_empty = is_empty::<A, C>(&statement, db)?;
            attempt(is_empty, count::<A, C>(statement, db)).await
        }
    }

    /// The same; returns the row.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec_with_returning<C>(
        self,
        db: &C,
    ) -> impl Future<Output = Result<TryInsertResult<ModelOf<A>>>> + Send
    where
        ModelOf<A>: IntoActiveModel<A>,
        C: ConnectionTrait + TransactionTrait,
    {
        let statement = self.0.into_query();
        async move {
            let is_empty = is_empty::<A, C>(&statement, db)?;
            attempt(is_empty, model::<A, C>(statement, db)).await
        }
    }

    /// The same; returns the keys of the rows.
    ///
    /// # Errors
    /// When the database refuses, or cannot return them (MySQL); then nothing is changed.
    pub fn exec_with_returning_keys<C>(
        self,
        db: &C,
    ) -> impl Future<Output = Result<TryInsertResult<Vec<KeyOf<A>>>>> + Send
    where
        ModelOf<A>: IntoActiveModel<A>,
        C: ConnectionTrait + TransactionTrait,
    {
        let statement = self.0.into_query();
        async move {
            let is_empty = is_empty::<A, C>(&statement, db)?;
            attempt(is_empty, keys::<A, C>(statement, db)).await
        }
    }

    /// The same; returns the rows.
    ///
    /// # Errors
    /// When the database refuses, or cannot return them (MySQL); then nothing is changed.
    pub fn exec_with_returning_many<C>(
        self,
        db: &C,
    ) -> impl Future<Output = Result<TryInsertResult<Vec<ModelOf<A>>>>> + Send
    where
        ModelOf<A>: IntoActiveModel<A>,
        C: ConnectionTrait + TransactionTrait,
    {
        let statement = self.0.into_query();
        async move {
            let is_empty = is_empty::<A, C>(&statement, db)?;
            attempt(is_empty, models::<A, C>(statement, db)).await
        }
    }
}

fn is_empty<A, C>(statement: &InsertStatement, db: &C) -> Result<bool>
where
    A: ActiveModelTrait<Entity: Touchable>,
    C: ConnectionTrait,
{
    let batch = Batch::<A::Entity>::of(db.get_database_backend(), statement, Returned::Keys)?;
    Ok(batch.rows.is_empty())
}

async fn attempt<T>(
    is_empty: bool,
    insert: impl Future<Output = Result<T>> + Send,
) -> Result<TryInsertResult<T>> {
    if is_empty {
        return Ok(TryInsertResult::Empty);
    }
    match insert.await {
        Ok(done) => Ok(TryInsertResult::Inserted(done)),
        Err(error) if matches!(error.db_err(), Some(DbErr::RecordNotInserted)) => {
            Ok(TryInsertResult::Conflicted)
        }
        Err(error) => Err(error),
    }
}

/// Writes and touches; returns what the database has answered, and SeaORM's inserter to read it.
async fn run<A, C>(statement: InsertStatement, db: &C, returned: Returned) -> Result<(Answer, Inserter<A>)>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    C: ConnectionTrait + TransactionTrait,
{
    let batch = Batch::<A::Entity>::of(db.get_database_backend(), &statement, returned)?;
    if batch.rows.is_empty() {
        return Ok((Answer::Rows(Vec::new()), Inserter::new(None, statement)));
    }
    let schema = A::Entity::schema();
    let (answer, saved) = execute(&batch, schema, db).await?;
    observe::saved(schema, saved);
    Ok((
        answer,
        Inserter::new(batch.rows.last_key::<A::Entity>(), statement),
    ))
}

/// The same where all rows are to be returned.
async fn run_returning<A, C>(
    statement: InsertStatement,
    db: &C,
    returned: Returned,
) -> Result<(Answer, Inserter<A>)>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    C: ConnectionTrait + TransactionTrait,
{
    if !is_empty::<A, C>(&statement, db)? {
        returning::check::<A::Entity>(db.get_database_backend(), "INSERT")?;
    }
    run(statement, db, returned).await
}

async fn one<A, C>(statement: InsertStatement, db: &C) -> Result<InsertResult<A>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    C: ConnectionTrait + TransactionTrait,
{
    let (answer, inserter) = run::<A, C>(statement, db, Returned::Keys).await?;
    Ok(inserter.exec(&Echo::new(db, answer)).await?)
}

async fn count<A, C>(statement: InsertStatement, db: &C) -> Result<u64>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    C: ConnectionTrait + TransactionTrait,
{
    let (answer, _) = run::<A, C>(statement, db, Returned::Keys).await?;
    Ok(answer.rows_affected())
}

async fn model<A, C>(statement: InsertStatement, db: &C) -> Result<ModelOf<A>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    ModelOf<A>: IntoActiveModel<A>,
    C: ConnectionTrait + TransactionTrait,
{
    let (answer, inserter) = run::<A, C>(statement, db, Returned::Models).await?;
    Ok(inserter.exec_with_returning(&Echo::new(db, answer)).await?)
}

async fn keys<A, C>(statement: InsertStatement, db: &C) -> Result<Vec<KeyOf<A>>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    ModelOf<A>: IntoActiveModel<A>,
    C: ConnectionTrait + TransactionTrait,
{
    let (answer, inserter) = run_returning::<A, C>(statement, db, Returned::Keys).await?;
    Ok(inserter.exec_with_returning_keys(&Echo::new(db, answer)).await?)
}

async fn models<A, C>(statement: InsertStatement, db: &C) -> Result<Vec<ModelOf<A>>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    ModelOf<A>: IntoActiveModel<A>,
    C: ConnectionTrait + TransactionTrait,
{
    let (answer, inserter) = run_returning::<A, C>(statement, db, Returned::Models).await?;
    Ok(inserter.exec_with_returning_many(&Echo::new(db, answer)).await?)
}
