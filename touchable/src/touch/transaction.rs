//! Transactions that will write.

use std::any::type_name;

use sea_orm::{
    DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions, TransactionSession,
    TransactionTrait,
};

use crate::error::Result;

/// Whether statements on this connection may belong to a transaction. Outside of one a lock is gone as soon as it is
/// taken and would only cost; a plain `DatabaseConnection` is always outside.
pub(crate) fn in_transaction<C>() -> bool {
    type_name::<C>() != type_name::<DatabaseConnection>()
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
