//! The connection inside a transaction.

use std::{mem, pin::Pin, sync::Arc};

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, Statement, StreamTrait, TransactionError, TransactionOptions, TransactionSession,
    TransactionTrait, prelude::async_trait,
};

use super::{
    atomic::Published,
    form::{Execute, Form, QueryAll, QueryOne},
    handshake::{Scope, answer},
    health::Health,
    intent::{Intent, Rest, Write},
    later::{self, Later},
    open::Open,
    session::Session,
    settle::settle,
    update::Update,
};
use crate::touch::{Entry, finish, flush_entries, ours};

/// A transaction, or a savepoint in one, whose touches wait for the outermost commit.
///
/// Dropped without a commit it is rolled back, and its touches with it.
#[derive(Debug)]
pub struct TouchTransaction {
    inner: DatabaseTransaction,
    open: Arc<Open>,
    /// The transaction around a savepoint.
    parent: Option<Arc<Open>>,
}

impl TouchTransaction {
    pub(super) fn outermost(inner: DatabaseTransaction, session: Arc<Session>) -> Self {
        Self {
            inner,
            open: Open::new(session, Arc::default()),
            parent: None,
        }
    }

    pub(super) fn health(&self) -> &Arc<Health> {
        &self.open.health
    }

    pub(super) fn open(&self) -> &Open {
        &self.open
    }

    pub(super) const fn inner(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Reads only, if that is what it was begun for.
    pub(super) fn with_access(self, mode: Option<AccessMode>) -> Self {
        if matches!(mode, Some(AccessMode::ReadOnly)) {
            self.open.health.settle();
        }
        self
    }

    fn savepoint(&self, inner: DatabaseTransaction) -> Self {
        Self {
            inner,
            open: Open::new(self.open.session.clone(), self.open.health.clone()),
            parent: Some(self.open.clone()),
        }
    }

    /// Touches what the saves have set in motion and commits; a savepoint hands both to the transaction around it.
    ///
    /// # Errors
    /// When a touch or the commit fails, or the database has rolled the transaction back before; then everything is rolled
    /// back. An error of which
    /// `touchable::Error::from(error).is_after_commit()` holds says that the commit succeeded, and work after it did not.
    pub async fn commit(self) -> Result<(), DbErr> {
        let mut pending = mem::take(&mut *self.open.pending());
        if let Some(parent) = &self.parent {
            self.inner.commit().await?;
            parent.pending().absorb(pending);
            return Ok(());
        }
        let prepared = match self.open.health.probe(&self.inner).await {
            Ok(()) => pending
                .prepare(&self.inner, &self.open.session.publisher)
                .await
                .map_err(Into::into),
            Err(lost) => Err(lost),
        };
        if let Err(error) = prepared {
            // The cause matters; that the rollback failed too says nothing new.
            let _ = self.inner.rollback().await;
            return Err(error);
        }
        self.inner.commit().await?;
        pending.complete().await
    }

    /// Rolls back; nothing is touched, and work that waited for the commit is dropped.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.inner.rollback().await
    }

    /// Whether nothing waits for the commit. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.open.pending().is_empty() && self.open.intents.len() == 0
    }

    pub(super) async fn run<F, T, E>(self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        match callback(&self).await {
            Ok(value) => {
                self.commit().await.map_err(TransactionError::Connection)?;
                Ok(value)
            }
            Err(error) => {
                self.rollback().await.map_err(TransactionError::Connection)?;
                Err(TransactionError::Transaction(error))
            }
        }
    }

    /// Sends a statement, and when it is a save's, lets its touches wait once it has succeeded.
    async fn send<S: Form>(&self, stmt: Statement) -> Result<S::Output, DbErr> {
        self.open.health.check()?;
        let saves = self.open.intents.take(&stmt);
        if saves.is_empty() {
            self.open.session.watch.check(&stmt.sql)?;
            return self.open.health.watch(S::send(&self.inner, stmt)).await;
        }
        Box::pin(self.send_saves::<S>(saves, stmt)).await
    }

    async fn send_saves<S: Form>(
        &self,
        saves: Vec<(Write, Intent)>,
        stmt: Statement,
    ) -> Result<S::Output, DbErr> {
        if let [(write, Intent::Update { counts, rules })] = saves.as_slice() {
            let session = &self.open.session;
            let update = Update {
                write,
                counts: *counts,
                rules,
                published: Published::of(&session.publisher, write.schema),
                apart: true,
            };
            return self.update::<S>(&session.plans, update, stmt).await;
        }
        let mut first = Vec::new();
        let mut touches = Vec::new();
        let mut rests = Vec::new();
        for (write, intent) in saves {
            if let Intent::Later {
                before,
                entries,
                rest,
            } = intent
            {
                first.extend(before);
                touches.extend(entries);
                rests.push((write, rest));
            } else {
                rests.push((write, Rest::Nothing));
            }
        }
        // Registered before it is sent: a future that is dropped meanwhile may have written all the same.
        let number = self.open.pending().send(touches);
        let sent = self.open.health.watch(self.send_after::<S>(first, stmt)).await;
        let rest = match &sent {
            Ok(sent) => later::find::<S, _>(&self.inner, sent, &rests).await?,
            Err(_) => Later::Nothing,
        };
        self.open.pending().answered(number, rest);
        if let Ok(sent) = &sent {
            for (write, _) in &rests {
                settle::<S, _>(&self.open.intents, &self.inner, write, sent);
            }
        }
        sent
    }

    /// Touches, and sends a statement: both, or neither.
    async fn send_after<S: Form>(&self, touches: Vec<Entry>, stmt: Statement) -> Result<S::Output, DbErr> {
        if touches.is_empty() {
            return S::send(&self.inner, stmt).await;
        }
        let published = !self.open.session.publisher.is_silent();
        // Where a statement can fail and the transaction go on, the touches are taken back with it.
        let savepoint = self.inner.begin().await?;
        let done = async {
            let moved = ours(flush_entries(&savepoint, touches, published)).await?;
            Ok((S::send(&savepoint, stmt).await?, moved))
        }
        .await;
        let (sent, moved) = finish(savepoint, done).await?;
        self.open.publish_moved(&moved)?;
        Ok(sent)
    }
}

#[async_trait::async_trait]
impl TransactionSession for TouchTransaction {
    async fn commit(self) -> Result<(), DbErr> {
        Self::commit(self).await
    }

    async fn rollback(self) -> Result<(), DbErr> {
        Self::rollback(self).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for TouchTransaction {
    fn get_database_backend(&self) -> DbBackend {
        answer(|| Scope::Transaction(self.open.clone()));
        ConnectionTrait::get_database_backend(&self.inner)
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        self.send::<Execute>(stmt).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.open.health.check()?;
        self.open.session.watch.check(sql)?;
        self.open.health.watch(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.send::<QueryOne>(stmt).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.send::<QueryAll>(stmt).await
    }

    fn support_returning(&self) -> bool {
        self.inner.support_returning()
    }

    fn is_mock_connection(&self) -> bool {
        self.inner.is_mock_connection()
    }
}

#[async_trait::async_trait]
impl TransactionTrait for TouchTransaction {
    type Transaction = Self;

    async fn begin(&self) -> Result<Self, DbErr> {
        self.open.health.check()?;
        Ok(self.savepoint(self.inner.begin().await?))
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<Self, DbErr> {
        self.open.health.check()?;
        Ok(self.savepoint(self.inner.begin_with_config(isolation_level, access_mode).await?))
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<Self, DbErr> {
        self.open.health.check()?;
        Ok(self.savepoint(self.inner.begin_with_options(options).await?))
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
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
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
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

impl StreamTrait for TouchTransaction {
    type Stream<'a> = <DatabaseTransaction as StreamTrait>::Stream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(&self.inner)
    }

    fn stream_raw<'a>(
        &'a self,
        stmt: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        Box::pin(async move {
            self.open.health.check()?;
            self.open.session.watch.check(&stmt.sql)?;
            self.inner.stream_raw(stmt).await
        })
    }
}
