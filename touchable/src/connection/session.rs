//! The connection outside a transaction.

use std::{pin::Pin, sync::Arc};

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, Statement, StreamTrait, TransactionError, TransactionOptions, TransactionTrait,
    prelude::async_trait,
};

#[cfg(feature = "feed")]
use super::messages::Sink;
use super::{
    atomic,
    beginning::begin_with,
    bypass::Watch,
    form::{Execute, QueryOne},
    handshake::{Scope, answer},
    intent::Intents,
    plan_cache::PlanCache,
    publisher::Publisher,
    transaction::TouchTransaction,
};
use crate::graph::TouchGraph;

/// Wraps a connection, so that every save on it is atomic with its touches.
#[must_use]
pub fn connect(db: DatabaseConnection) -> TouchConnection {
    TouchConnection(Arc::new(Session {
        db,
        intents: Intents::default(),
        plans: PlanCache::default(),
        watch: Watch::default(),
        publisher: Publisher::default(),
    }))
}

/// A connection (pool) on which saves and their touches are one; made by [`connect`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TouchConnection(Arc<Session>);

/// What a connection's clones share.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) db: DatabaseConnection,
    pub(crate) intents: Intents,
    pub(super) plans: PlanCache,
    pub(super) watch: Watch,
    pub(crate) publisher: Publisher,
}

impl Session {
    pub(crate) const fn inner(&self) -> &DatabaseConnection {
        &self.db
    }

    /// The same connection for others to publish on. Those who have it already go on as they are.
    #[cfg(feature = "feed")]
    fn with(&self, publisher: Publisher) -> Self {
        Self {
            db: self.db.clone(),
            intents: Intents::default(),
            plans: PlanCache::default(),
            watch: self.watch.clone(),
            publisher,
        }
    }
}

impl Session {
    /// The same connection, on which bypasses are refused.
    fn refusing(&self) -> Self {
        Self {
            db: self.db.clone(),
            intents: Intents::default(),
            plans: PlanCache::default(),
            watch: self.watch.refusing(),
            publisher: self.publisher.clone(),
        }
    }
}

impl TouchConnection {
    /// SeaORM's connection underneath, for what wants that very type (migrations). Writes through it are not atomic
    /// with their touches, and bypasses on it are not noticed.
    #[must_use]
    pub fn inner(&self) -> &DatabaseConnection {
        &self.0.db
    }

    /// Makes every write that bypasses the rules an error instead of a warning: on this handle, its clones and the
    /// transactions that are begun on them. A handle that it was cloned from goes on warning.
    ///
    /// A write that is meant to bypass them says why: [`bypassing`](Self::bypassing).
    #[must_use]
    pub fn strict(self) -> Self {
        Self(self.0.refusing().into())
    }

    /// Tells which tables have rules, so that a write that bypasses them is noticed from the start. Without it an entity is
    /// known from its first save in this process on.
    #[must_use]
    pub fn watch(self, graph: &TouchGraph) -> Self {
        self.0.watch.learn(graph.schemas());
        self
    }

    #[cfg(feature = "feed")]
    pub(crate) fn with_sink(&self, sink: &Arc<dyn Sink>) -> Self {
        Self(self.0.with(self.0.publisher.with(sink)).into())
    }

    #[cfg(feature = "feed")]
    pub(crate) fn silent(&self) -> Self {
        Self(self.0.with(Publisher::silent()).into())
    }

    /// How many intents are registered and not taken: those under way, and those that were dropped. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn registered(&self) -> usize {
        self.0.intents.len()
    }

    fn open(&self, inner: sea_orm::DatabaseTransaction) -> TouchTransaction {
        TouchTransaction::outermost(inner, self.0.clone())
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for TouchConnection {
    fn get_database_backend(&self) -> DbBackend {
        answer(|| Scope::Connection(self.0.clone()));
        self.0.db.get_database_backend()
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        match self.0.intents.take(&stmt).pop() {
            Some((write, intent)) => {
                Box::pin(atomic::together::<Execute>(&self.0, write, intent, stmt)).await
            }
            None => {
                self.0.watch.check(&stmt.sql)?;
                self.0.db.execute_raw(stmt).await
            }
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.watch.check(sql)?;
        self.0.db.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self.0.intents.take(&stmt).pop() {
            Some((write, intent)) => {
                Box::pin(atomic::together::<QueryOne>(&self.0, write, intent, stmt)).await
            }
            None => {
                self.0.watch.check(&stmt.sql)?;
                self.0.db.query_one_raw(stmt).await
            }
        }
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        // SeaORM opens a transaction for what it saves in bulk; a statement that comes here all the same is touched for
        // by the saves' own hooks.
        if self.0.intents.take(&stmt).is_empty() {
            self.0.watch.check(&stmt.sql)?;
        }
        self.0.db.query_all_raw(stmt).await
    }

    fn support_returning(&self) -> bool {
        self.0.db.support_returning()
    }

    fn is_mock_connection(&self) -> bool {
        self.0.db.is_mock_connection()
    }
}

#[async_trait::async_trait]
impl TransactionTrait for TouchConnection {
    type Transaction = TouchTransaction;

    async fn begin(&self) -> Result<TouchTransaction, DbErr> {
        self.begin_with_options(TransactionOptions::default()).await
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<TouchTransaction, DbErr> {
        self.begin_with_options(TransactionOptions {
            isolation_level,
            access_mode,
            ..TransactionOptions::default()
        })
        .await
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<TouchTransaction, DbErr> {
        let access_mode = options.access_mode;
        Ok(self
            .open(begin_with(&self.0.db, options).await?)
            .with_access(access_mode))
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c TouchTransaction) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        let tx = self.begin().await.map_err(TransactionError::Connection)?;
        tx.run(callback).await
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c TouchTransaction) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        let tx = self
            .begin_with_config(isolation_level, access_mode)
            .await
            .map_err(TransactionError::Connection)?;
        tx.run(callback).await
    }
}

impl StreamTrait for TouchConnection {
    type Stream<'a> = <DatabaseConnection as StreamTrait>::Stream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        self.0.db.get_database_backend()
    }

    fn stream_raw<'a>(
        &'a self,
        stmt: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        Box::pin(async move {
            self.0.watch.check(&stmt.sql)?;
            self.0.db.stream_raw(stmt).await
        })
    }
}
