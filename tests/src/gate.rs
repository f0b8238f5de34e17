//! A connection that fails or hangs at a statement of the test's choice.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Notify;

/// What happens at the chosen statement, which is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Fail,
    Hang,
}

/// Lets so many statements through.
#[derive(Debug)]
pub struct Gate<'a, C> {
    inner: &'a C,
    let_through: usize,
    sent: AtomicUsize,
    end: End,
    reached: Notify,
}

impl<'a, C: ConnectionTrait> Gate<'a, C> {
    fn new(inner: &'a C, let_through: usize, end: End) -> Self {
        Self {
            inner,
            let_through,
            sent: AtomicUsize::new(0),
            end,
            reached: Notify::new(),
        }
    }

    /// Refuses every statement after the first few.
    pub fn failing(inner: &'a C, let_through: usize) -> Self {
        Self::new(inner, let_through, End::Fail)
    }

    /// Drops an action's future when it wants to send one statement more than this. Returns its output when it was
    /// content with them.
    pub async fn cancelling<T>(
        inner: &'a C,
        let_through: usize,
        action: impl AsyncFnOnce(&Self) -> T,
    ) -> Option<T> {
        let gate = Self::new(inner, let_through, End::Hang);
        tokio::select! {
            biased;
            output = action(&gate) => Some(output),
            () = gate.reached.notified() => None,
        }
    }

    async fn pass(&self) -> Result<(), DbErr> {
        if self.sent.fetch_add(1, SeqCst) < self.let_through {
            return Ok(());
        }
        match self.end {
            End::Fail => Err(DbErr::Custom("the gate is shut".to_owned())),
            End::Hang => {
                self.reached.notify_one();
                std::future::pending().await
            }
        }
    }
}

#[sea_orm::prelude::async_trait::async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Gate<'_, C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.pass().await?;
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.pass().await?;
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.pass().await?;
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.pass().await?;
        self.inner.query_all_raw(statement).await
    }
}
