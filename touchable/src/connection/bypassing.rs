//! Bypassing the rules on purpose.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, prelude::async_trait};

use super::{session::TouchConnection, transaction::TouchTransaction};

tokio::task_local! {
    static REASON: &'static str;
}

/// Why the statement of this task may bypass the rules, if it may.
pub(super) fn acknowledged() -> Option<&'static str> {
    REASON.try_with(|reason| *reason).ok()
}

/// One of our connections on which writes may bypass the rules of their tables; made by
/// [`TouchConnection::bypassing`] and [`TouchTransaction::bypassing`].
///
/// Saves, and bulk writes with `.touching()`, follow the rules here as anywhere.
#[derive(Clone, Copy, Debug)]
#[must_use = "it is a connection to write on"]
pub struct Bypassing<'a, C> {
    inner: &'a C,
    reason: &'static str,
}

impl TouchConnection {
    /// This connection for a write that bypasses the rules on purpose: neither refused nor warned of, but counted
    /// ([`BYPASSES`](crate::observe::BYPASSES)) and traced at the level INFO, with its reason.
    ///
    /// The reason is a label of that counter, hence a constant: it names the place, not the row.
    ///
    /// # Example: a column that nobody shows
    ///
    /// ```no_run
    /// # use sea_orm::ConnectionTrait;
    /// # async fn run(db: touchable::TouchConnection) -> Result<(), sea_orm::DbErr> {
    /// let db = db.strict();
    /// db.bypassing("last_seen_at is shown nowhere")
    ///     .execute_unprepared("UPDATE users SET last_seen_at = now() WHERE id = 1")
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub const fn bypassing(&self, reason: &'static str) -> Bypassing<'_, Self> {
        Bypassing { inner: self, reason }
    }
}

impl TouchTransaction {
    /// This transaction for a write that bypasses the rules on purpose; see [`TouchConnection::bypassing`].
    pub const fn bypassing(&self, reason: &'static str) -> Bypassing<'_, Self> {
        Bypassing { inner: self, reason }
    }
}

#[async_trait::async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Bypassing<'_, C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        REASON.scope(self.reason, self.inner.execute_raw(stmt)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        REASON
            .scope(self.reason, self.inner.execute_unprepared(sql))
            .await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        REASON.scope(self.reason, self.inner.query_one_raw(stmt)).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        REASON.scope(self.reason, self.inner.query_all_raw(stmt)).await
    }

    fn support_returning(&self) -> bool {
        self.inner.support_returning()
    }

    fn is_mock_connection(&self) -> bool {
        self.inner.is_mock_connection()
    }
}
