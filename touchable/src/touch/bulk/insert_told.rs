//! `insert_many().touching()` of a published entity: the keys of its rows have to be known.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, InsertMany, InsertManyResult,
    QueryTrait, sea_query::Query,
};

use crate::{
    Error, Result, Touchable,
    connection::ask,
    touch::{Schema, capture::Captured, plan::Key, publish},
};

/// Asks, before anything is written, whether the keys will be known: those that are given, or that come back.
///
/// # Errors
/// On MySQL, when the database gives them, or a row may be updated that stands under another key.
pub(super) fn check<C: ConnectionTrait>(
    db: &C,
    schema: &'static Schema,
    written: &Captured,
    given: Option<&Vec<Key>>,
) -> Result<()> {
    if returns(db) {
        return Ok(());
    }
    if given.is_none() || written.find(" ON DUPLICATE KEY UPDATE ").is_some() {
        return Err(Error::untold_key(schema));
    }
    Ok(())
}

pub(super) async fn run<A, C>(
    db: &C,
    insert: InsertMany<A>,
    given: Option<Vec<Key>>,
) -> Result<InsertManyResult<A>>
where
    A: ActiveModelTrait<Entity: Touchable>,
    C: ConnectionTrait,
{
    let schema = A::Entity::schema();
    if !returns(db) {
        let result = insert.exec(db).await?;
        publish::announce(ask(db).as_ref(), schema, &given.unwrap_or_default())?;
        return Ok(result);
    }
    let mut statement = insert.into_query();
    statement.returning(Query::returning().columns(schema.primary_key_idens()));
    let rows = db.query_all(&statement).await?;
    let keys: Vec<Key> = rows
        .iter()
        .map(|row| schema.key_of(row))
        .collect::<Result<_, _>>()?;
    publish::announce(ask(db).as_ref(), schema, &keys)?;
    // SeaORM's result can only be had from an insert; this one has no rows, and sends nothing.
    let mut result = A::Entity::insert_many::<A, _>([]).exec(db).await?;
    let last = rows.last().ok_or(DbErr::RecordNotInserted)?;
    let columns: Vec<String> = schema.primary_key.iter().map(ToString::to_string).collect();
    result.last_insert_id = Some(last.try_get_many("", &columns)?);
    Ok(result)
}

/// Whether an INSERT returns the keys of its rows. `SQLite` does, whether SeaORM was told so or not.
fn returns<C: ConnectionTrait>(db: &C) -> bool {
    db.support_returning() || db.get_database_backend() == DbBackend::Sqlite
}
