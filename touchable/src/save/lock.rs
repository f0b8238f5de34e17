//! The application's own `FOR UPDATE`, in the order in which saves take their locks.

use std::slice;

use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, IdenStatic, ModelTrait, TransactionSession, sea_query::Expr,
};

use crate::{
    connection::become_writer,
    dialect,
    entity::{CompiledRule, Touchable, display_key, primary_key_of_model},
    error::{Error, Result},
    touch::lock_reached,
    touch::rows_of,
};

/// `record.lock(&tx)`: locks a row and what its save may touch, before anything is decided about it.
///
/// A save locks its row first, and what it touches afterwards. A transaction that saves several rows takes locks in the order
/// of its saves, and two that do so in different orders wait for each other. Locked beforehand, everything is taken in one order:
/// by the height of the entity in the graph of rules, then by table, then by key, as flushes do it.
///
/// On PostgreSQL and MySQL the rows are locked `FOR UPDATE`; on `SQLite` the transaction becomes the one that writes. The
/// record in memory stays as it is: read the row again to decide by what is stored.
///
/// # Example: a balance that two transfers want to change
///
/// ```ignore
/// let tx = db.begin().await?;
/// for account in accounts_in_order_of_their_keys {
///     account.lock(&tx).await?;
/// }
/// // read, decide, save
/// tx.commit().await?;
/// ```
///
/// Several records of one table are locked in the order of their keys, and those of several tables from the first to touch to
/// the last. Where rules run in a circle, what joins the circle while this waits for its locks is locked last, as it is found.
pub trait LockRecord: ModelTrait<Entity: Touchable> + Sync {
    /// Locks the row and every row that one of its rules may touch.
    ///
    /// # Errors
    /// When the row does not exist ([`Error::is_record_not_found`]) or the database refuses.
    fn lock<C>(&self, tx: &C) -> impl Future<Output = Result<()>> + Send
    where
        C: ConnectionTrait + TransactionSession,
    {
        async move { lock(self, tx, |_| true).await }
    }

    /// Locks the row and the rows that an update of these columns may touch.
    ///
    /// # Errors
    /// When the row does not exist ([`Error::is_record_not_found`]) or the database refuses.
    fn lock_for<C>(
        &self,
        tx: &C,
        columns: &[<Self::Entity as EntityTrait>::Column],
    ) -> impl Future<Output = Result<()>> + Send
    where
        C: ConnectionTrait + TransactionSession,
    {
        let names: Vec<&'static str> = columns.iter().map(IdenStatic::as_str).collect();
        async move {
            let touch = Self::Entity::schema().touch;
            let concerns = |rule: &CompiledRule| {
                names
                    .iter()
                    .any(|name| rule.is_concerned_by(name, *name == touch))
            };
            lock(self, tx, concerns).await
        }
    }
}

impl<M: ModelTrait<Entity: Touchable> + Sync> LockRecord for M {}

async fn lock<M, C>(record: &M, tx: &C, concerns: impl Fn(&CompiledRule) -> bool + Send) -> Result<()>
where
    M: ModelTrait<Entity: Touchable>,
    C: ConnectionTrait,
{
    let schema = M::Entity::schema();
    let key = primary_key_of_model(record);
    let rules: Vec<_> = schema.rules.iter().filter(|rule| concerns(rule)).collect();
    dialect::check(tx.get_database_backend())?;
    let found = if tx.get_database_backend() == DbBackend::Sqlite {
        become_writer(tx, schema).await?;
        let mut select = rows_of(schema, slice::from_ref(&key));
        select.expr(Expr::cust("1"));
        tx.query_one(&select).await?.is_some()
    } else {
        lock_reached(tx, schema, &key, &rules).await?
    };
    if found {
        Ok(())
    } else {
        Err(Error::record_not_found(schema.name, display_key(&key)))
    }
}
