//! Writes an INSERT, touches, and lets SeaORM read the answer.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, InsertResult, Inserter, IntoActiveModel, PrimaryKeyTrait,
    TransactionTrait, sea_query::InsertStatement,
};

use super::{
    super::{returning, write::execute},
    Batch, Returned,
    echo::{Answer, Echo},
};
use crate::{
    entity::{ModelOf, Touchable},
    error::Result,
    touch::saved,
};

/// A primary key as SeaORM returns it.
pub(super) type KeyOf<A> =
    <<<A as ActiveModelTrait>::Entity as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

/// Whether there is nothing to insert.
pub(super) fn is_empty<A, C>(statement: &InsertStatement, db: &C) -> Result<bool>
where
    A: ActiveModelTrait<Entity: Touchable>,
    C: ConnectionTrait,
{
    let batch = Batch::<A::Entity>::of(db.get_database_backend(), statement, Returned::Keys)?;
    Ok(batch.rows.is_empty())
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
    let (answer, rows) = execute(&batch, schema, db).await?;
    saved(schema, rows);
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

pub(super) async fn one<A, C>(statement: InsertStatement, db: &C) -> Result<InsertResult<A>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    C: ConnectionTrait + TransactionTrait,
{
    let (answer, inserter) = run::<A, C>(statement, db, Returned::Keys).await?;
    Ok(inserter.exec(&Echo::new(db, answer)).await?)
}

pub(super) async fn count<A, C>(statement: InsertStatement, db: &C) -> Result<u64>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    C: ConnectionTrait + TransactionTrait,
{
    let (answer, _) = run::<A, C>(statement, db, Returned::Keys).await?;
    Ok(answer.rows_affected())
}

pub(super) async fn model<A, C>(statement: InsertStatement, db: &C) -> Result<ModelOf<A>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    ModelOf<A>: IntoActiveModel<A>,
    C: ConnectionTrait + TransactionTrait,
{
    let (answer, inserter) = run::<A, C>(statement, db, Returned::Models).await?;
    Ok(inserter.exec_with_returning(&Echo::new(db, answer)).await?)
}

pub(super) async fn keys<A, C>(statement: InsertStatement, db: &C) -> Result<Vec<KeyOf<A>>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    ModelOf<A>: IntoActiveModel<A>,
    C: ConnectionTrait + TransactionTrait,
{
    let (answer, inserter) = run_returning::<A, C>(statement, db, Returned::Keys).await?;
    Ok(inserter.exec_with_returning_keys(&Echo::new(db, answer)).await?)
}

pub(super) async fn models<A, C>(statement: InsertStatement, db: &C) -> Result<Vec<ModelOf<A>>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
    ModelOf<A>: IntoActiveModel<A>,
    C: ConnectionTrait + TransactionTrait,
{
    let (answer, inserter) = run_returning::<A, C>(statement, db, Returned::Models).await?;
    Ok(inserter.exec_with_returning_many(&Echo::new(db, answer)).await?)
}
