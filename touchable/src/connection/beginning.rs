//! Transactions whose `BEGIN` is always seen to its end.
//!
//! A future that is dropped while its `BEGIN` is under way leaves a pooled connection inside a transaction that nobody knows
//! of: the next write there answers `Ok` and is never committed. So a `BEGIN` that is dropped goes on in the background, and
//! its transaction is rolled back when it is there.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::runtime::Handle;

type Begin = Pin<Box<dyn Future<Output = Result<DatabaseTransaction, DbErr>> + Send>>;

/// A `BEGIN` under way.
pub(crate) struct Beginning(Option<Begin>);

/// Begins a transaction; dropped halfway, it ends by itself.
pub(crate) fn begin_with(db: &DatabaseConnection, options: TransactionOptions) -> Beginning {
    let db = db.clone();
    Beginning(Some(Box::pin(
        async move { db.begin_with_options(options).await },
    )))
}

/// A transaction of the library's own, which will write: on `SQLite` it asks for the write lock at once.
pub(crate) fn begin_writing(db: &DatabaseConnection) -> Beginning {
    begin_with(
        db,
        TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        },
    )
}

impl Future for Beginning {
    type Output = Result<DatabaseTransaction, DbErr>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(begin) = &mut self.0 else {
            return Poll::Pending;
        };
        let done = begin.as_mut().poll(cx);
        if done.is_ready() {
            self.0 = None;
        }
        done
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        // Outside of a runtime nothing is under way any more.
        if let (Some(begin), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move { drop(begin.await) });
        }
    }
}
