//! Whether the database still has what a transaction has written.
//!
//! PostgreSQL gives a transaction up after any failed statement, and answers its `COMMIT` with a rollback and no error.
//! `InnoDB` rolls a deadlock's victim back as a whole; what is sent on that connection afterwards would commit by itself.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};

use crate::error::rolls_back;

/// What is known of a transaction and its savepoints.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Statements that were sent, and those that were answered well: they differ when one has failed or its future was
    /// dropped.
    sent: AtomicU64,
    well: AtomicU64,
    /// What the database has answered when it rolled everything back.
    lost: Mutex<Option<DbErr>>,
}

impl Health {
    /// # Errors
    /// When the database has rolled the transaction back: a statement would be outside of it. It is the same error once
    /// more, so that whoever repeats transactions knows it.
    pub(super) fn check(&self) -> Result<(), DbErr> {
        self.lost().clone().map_or(Ok(()), Err)
    }

    /// Sends a statement, and remembers how it ended.
    pub(super) async fn watch<T>(
        &self,
        statement: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        self.sent.fetch_add(1, SeqCst);
        let answer = statement.await;
        match &answer {
            Ok(_) => drop(self.well.fetch_add(1, SeqCst)),
            Err(error) if rolls_back(error) => *self.lost() = Some(error.clone()),
            Err(_) => {}
        }
        answer
    }

    /// Asks the database, before a commit, whether there is still something to be committed.
    ///
    /// # Errors
    /// When there is not.
    pub(super) async fn probe(&self, db: &DatabaseTransaction) -> Result<(), DbErr> {
        self.check()?;
        if self.sent.load(SeqCst) == self.well.load(SeqCst) {
            return Ok(());
        }
        let backend = ConnectionTrait::get_database_backend(db);
        match backend {
            DbBackend::Postgres => db.execute_unprepared("SELECT 1").await.map(drop),
            DbBackend::MySql => {
                // MariaDB's; MySQL does not know the variable, and says so.
                let open = Statement::from_string(backend, "SELECT @@in_transaction");
                let row = db.query_one_raw(open).await.ok().flatten();
                match row.and_then(|row| row.try_get_by_index::<i64>(0).ok()) {
                    Some(0) => Err(DbErr::Custom(
                        "the database has rolled this transaction back, repeat it".to_owned(),
                    )),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn lost(&self) -> MutexGuard<'_, Option<DbErr>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
