//! Results that only SeaORM can make.

use std::sync::{Mutex, PoisonError};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, prelude::async_trait};

/// What the database has answered to a write.
#[derive(Debug)]
pub(super) enum Answer {
    Rows(Vec<QueryResult>),
    Done(ExecResult),
}

impl Answer {
    /// How many rows the statement has written, as the backend counts them.
    pub(super) fn rows_affected(&self) -> u64 {
        match self {
            Self::Rows(rows) => rows.len() as u64,
            Self::Done(done) => done.rows_affected(),
        }
    }
}

/// Repeats an answer to SeaORM, so that it makes of it what it makes of its own. What it asks besides goes on to the
/// connection.
pub(super) struct Echo<'c, C> {
    db: &'c C,
    returns: bool,
    answer: Mutex<Option<Answer>>,
}

impl<'c, C> Echo<'c, C> {
    pub(super) const fn new(db: &'c C, answer: Answer) -> Self {
        Self {
            db,
            returns: matches!(answer, Answer::Rows(_)),
            answer: Mutex::new(Some(answer)),
        }
    }

    fn take(&self) -> Option<Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait::async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Echo<'_, C> {
    fn get_database_backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    fn support_returning(&self) -> bool {
        self.returns
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self.take() {
            Some(Answer::Done(done)) => Ok(done),
            _ => self.db.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.db.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self.take() {
            Some(Answer::Rows(rows)) => Ok(rows.into_iter().next()),
            _ => self.db.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self.take() {
            Some(Answer::Rows(rows)) => Ok(rows),
            _ => self.db.query_all_raw(statement).await,
        }
    }
}
