//! Whether the database still has what a transaction has written.
//!
//! PostgreSQL gives a transaction up after any failed statement, and answers its `COMMIT` with a rollback and no error.
//! `InnoDB` rolls a deadlock's victim back as a whole; what is sent on that connection afterwards would commit by itself.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};

use crate::error::{Trouble, Troubled, rolls_back};

/// What is known of a transaction and its savepoints.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Statements that were sent, and those that were answered well: they differ when one has failed or its future was
    /// dropped.
    sent: AtomicU64,
    well: AtomicU64,
    /// What the database has answered when it rolled everything back.
    lost: Mutex<Option<DbErr>>,
    /// What a statement has met last: the transaction may succeed when it is repeated.
    trouble: Mutex<Option<Trouble>>,
    /// On `SQLite`: nothing has to be written so that it becomes a writer, since it is one, or is not to write.
    settled: AtomicBool,
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
            Err(error) => self.failed(error),
        }
        answer
    }

    fn failed(&self, error: &DbErr) {
        if let Some(trouble) = error.trouble() {
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
        }
        if rolls_back(error) {
            *self.lost() = Some(error.clone());
        }
    }

    /// Why a repetition may succeed, if one of its statements says so.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.settled.load(SeqCst)
    }

    pub(crate) fn settle(&self) {
        self.settled.store(true, SeqCst);
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
                // MariaDB's, and unsigned; MySQL does not know the variable, and says so.
                let open = Statement::from_string(backend, "SELECT @@in_transaction");
                let row = match db.query_one_raw(open).await {
                    // The driver gives the answer that nobody has waited for to whoever asks next.
                    Err(error) if rolls_back(&error) => return Err(error),
                    row => row.ok().flatten(),
                };
                match row.and_then(|row| row.try_get_by_index::<u64>(0).ok()) {
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
