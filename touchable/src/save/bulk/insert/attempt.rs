//! SeaORM's ways to execute an INSERT of rows that may be there.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, InsertResult, IntoActiveModel, QueryTrait, TransactionTrait,
    TryInsert, TryInsertResult,
};

use super::{
    super::Touching,
    run::{KeyOf, count, is_empty, keys, model, models, one},
};
use crate::{
    entity::{ModelOf, Touchable},
    error::Result,
};

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
