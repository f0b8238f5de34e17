//! Transactions that are repeated when the database asks for it.

use std::{error::Error as StdError, fmt, pin::Pin};

use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, TransactionError};

use super::{session::TouchConnection, transaction::TouchTransaction};
use crate::{
    error::{Error, Trouble, Troubled, trouble_of},
    touch::{Tries, begin, queue_up},
};

type Attempt<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;

impl TouchConnection {
    /// Like SeaORM's `transaction`, and repeats the callback in a new transaction after a deadlock, a serialization failure,
    /// a lock timeout, or when an `SQLite` database was busy: until it has been tried twelve times and five seconds have
    /// passed, with pauses of random length up to 150 ms (after lock timeouts twelve times, a busy `SQLite` database for
    /// five seconds).
    ///
    /// It repeats what failed in such a statement of the transaction, whatever error the callback makes of it. So the
    /// callback may run several times, and what it does elsewhere is done as often; work
    /// [after the commit](crate::after_commit()) runs once. Touches at the commit are part of the transaction. On `SQLite` it
    /// is begun IMMEDIATE.
    ///
    /// # Errors
    /// That of the last try: the callback's own as `TransactionError::Transaction`, the others as
    /// `TransactionError::Connection`.
    ///
    /// # Example: two rows that others save in the other order
    ///
    /// ```no_run
    /// # use sea_orm::{ConnectionTrait, DbErr};
    /// # async fn run(db: touchable::TouchConnection) -> Result<(), sea_orm::TransactionError<DbErr>> {
    /// db.transaction_retrying(|tx| {
    ///     Box::pin(async move {
    ///         tx.execute_unprepared("SELECT 1").await?;
    ///         Ok::<_, DbErr>(())
    ///     })
    /// })
    /// .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transaction_retrying<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> Fn(&'c TouchTransaction) -> Attempt<'c, T, E> + Send + Sync,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let mut tries = Tries::patient();
        loop {
            let (done, trouble) = attempt(self, &callback, tries.is_crowded()).await;
            if done.is_ok() || !tries.pause(trouble).await {
                return done;
            }
        }
    }
}

/// One try, and why another may succeed.
async fn attempt<F, T, E>(
    db: &TouchConnection,
    callback: &F,
    crowded: bool,
) -> (Result<T, TransactionError<E>>, Option<Trouble>)
where
    F: for<'c> Fn(&'c TouchTransaction) -> Attempt<'c, T, E> + Send + Sync,
    T: Send,
    E: fmt::Display + fmt::Debug + Send,
{
    let tx = match begin(db).await {
        Ok(tx) => tx,
        Err(error) => return refused(error, None),
    };
    if crowded && let Err(error) = queue_up(&tx).await {
        return refused(error, None);
    }
    let health = tx.health().clone();
    match callback(&tx).await {
        Ok(value) => match tx.commit().await {
            Ok(()) => (Ok(value), None),
            Err(error) => refused(error, health.trouble()),
        },
        Err(error) => {
            // The cause matters; InnoDB has rolled a victim back already.
            let _ = tx.rollback().await;
            (Err(TransactionError::Transaction(error)), health.trouble())
        }
    }
}

fn refused<T, E>(error: DbErr, before: Option<Trouble>) -> (Result<T, TransactionError<E>>, Option<Trouble>)
where
    E: fmt::Display + fmt::Debug,
{
    // What is committed is not repeated, whatever the transaction has met on its way.
    let committed = Error::from(error.clone()).is_after_commit();
    let trouble = error.trouble().or(before.filter(|_| !committed));
    (Err(TransactionError::Connection(error)), trouble)
}

/// `transaction_retrying` for SeaORM's own connection; see [`TouchConnection::transaction_retrying`].
pub trait TransactionRetrying {
    /// Like SeaORM's `transaction`, and repeats the callback in a new transaction after a deadlock, a serialization failure,
    /// a lock timeout, or when an `SQLite` database was busy, as often as that one does.
    ///
    /// A plain transaction does not know what its statements have met: the callback's error has to be the database's, or
    /// have it among its [causes](StdError::source).
    ///
    /// # Errors
    /// That of the last try: the callback's own as `TransactionError::Transaction`, the others as
    /// `TransactionError::Connection`.
    fn transaction_retrying<F, T, E>(
        &self,
        callback: F,
    ) -> impl Future<Output = Result<T, TransactionError<E>>> + Send
    where
        F: for<'c> Fn(&'c DatabaseTransaction) -> Attempt<'c, T, E> + Send + Sync,
        T: Send,
        E: StdError + Send + 'static;
}

impl TransactionRetrying for DatabaseConnection {
    async fn transaction_retrying<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> Fn(&'c DatabaseTransaction) -> Attempt<'c, T, E> + Send + Sync,
        T: Send,
        E: StdError + Send + 'static,
    {
        let mut tries = Tries::patient();
        loop {
            let done = attempt_plainly(self, &callback, tries.is_crowded()).await;
            let trouble = match &done {
                Ok(_) => return done,
                Err(TransactionError::Connection(error)) => error.trouble(),
                Err(TransactionError::Transaction(error)) => trouble_of(error),
            };
            if !tries.pause(trouble).await {
                return done;
            }
        }
    }
}

async fn attempt_plainly<F, T, E>(
    db: &DatabaseConnection,
    callback: &F,
    crowded: bool,
) -> Result<T, TransactionError<E>>
where
    F: for<'c> Fn(&'c DatabaseTransaction) -> Attempt<'c, T, E> + Send + Sync,
    T: Send,
    E: StdError + Send,
{
    let tx = begin(db).await.map_err(TransactionError::Connection)?;
    if crowded {
        queue_up(&tx).await.map_err(TransactionError::Connection)?;
    }
    match callback(&tx).await {
        Ok(value) => {
            tx.commit().await.map_err(TransactionError::Connection)?;
            Ok(value)
        }
        Err(error) => {
            // The cause matters; InnoDB has rolled a victim back already.
            let _ = tx.rollback().await;
            Err(TransactionError::Transaction(error))
        }
    }
}
