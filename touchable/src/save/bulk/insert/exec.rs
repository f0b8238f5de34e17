//! SeaORM's ways to execute an INSERT.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, Insert, InsertMany, InsertManyResult, InsertResult,
    IntoActiveModel, QueryTrait, TransactionTrait,
};

use super::{
    super::Touching,
    run::{KeyOf, count, is_empty, keys, model, models, one},
};
use crate::{
    entity::{ModelOf, Touchable},
    error::Result,
};

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
