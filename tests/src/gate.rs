//! A connection that fails, hangs or pauses at a statement of the test's choice.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Notify;

#[derive(Clone, Copy, Debug)]
enum Stop {
    /// Refuses every statement after the first so many.
    Fail(usize),
    /// Never answers a statement after the first so many.
    Hang(usize),
    /// Waits once, after a statement that begins like this.
    Pause(&'static str),
}

/// Lets statements through until it stops.
#[derive(Debug)]
pub struct Gate<'a, C> {
    inner: &'a C,
    stop: Stop,
    sent: AtomicUsize,
    stopped: Notify,
    resume: Notify,
}

impl<'a, C: ConnectionTrait> Gate<'a, C> {
    fn new(inner: &'a C, stop: Stop) -> Self {
        Self {
            inner,
            stop,
            sent: AtomicUsize::new(0),
            stopped: Notify::new(),
            resume: Notify::new(),
        }
    }

    /// Refuses every statement after the first few.
    pub fn failing(inner: &'a C, let_through: usize) -> Self {
        Self::new(inner, Stop::Fail(let_through))
    }

    /// Drops an action's future when it wants to send one statement more than this. Returns its output when it was
    /// content with them.
    pub async fn cancelling<T>(
        inner: &'a C,
        let_through: usize,
        action: impl AsyncFnOnce(&Self) -> T,
    ) -> Option<T> {
        let gate = Self::new(inner, Stop::Hang(let_through));
        tokio::select! {
            biased;
            output = action(&gate) => Some(output),
            () = gate.paused() => None,
        }
    }

    /// Holds the answer to the first statement that begins like this until [`resume`](Self::resume).
    pub fn pausing_after(inner: &'a C, statement: &'static str) -> Self {
        Self::new(inner, Stop::Pause(statement))
    }

    /// Until the gate has stopped.
    pub async fn paused(&self) {
        self.stopped.notified().await;
    }

    /// Ends the pause.
    pub fn resume(&self) {
        self.resume.notify_one();
    }

    async fn enter(&self) -> Result<(), DbErr> {
        match self.stop {
            Stop::Fail(most) if self.sent.fetch_add(1, SeqCst) >= most => {
                Err(DbErr::Custom("the gate is shut".to_owned()))
            }
            Stop::Hang(most) if self.sent.fetch_add(1, SeqCst) >= most => {
                self.stopped.notify_one();
                std::future::pending().await
            }
            _ => Ok(()),
        }
    }

    async fn leave(&self, sql: &str) {
        match self.stop {
            Stop::Pause(start) if sql.starts_with(start) && self.sent.fetch_add(1, SeqCst) == 0 => {
                self.stopped.notify_one();
                self.resume.notified().await;
            }
            _ => {}
        }
    }
}

#[sea_orm::prelude::async_trait::async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Gate<'_, C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.enter().await?;
        let sql = statement.sql.clone();
        let answer = self.inner.execute_raw(statement).await;
        self.leave(&sql).await;
        answer
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.enter().await?;
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.enter().await?;
        let sql = statement.sql.clone();
        let answer = self.inner.query_one_raw(statement).await;
        self.leave(&sql).await;
        answer
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.enter().await?;
        let sql = statement.sql.clone();
        let answer = self.inner.query_all_raw(statement).await;
        self.leave(&sql).await;
        answer
    }
}
