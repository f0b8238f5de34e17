//! A contract's world with a connection of one of the four levels.

use std::{
    ops::Deref,
    panic::Location,
    sync::{Arc, Mutex, PoisonError},
};

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, ExecResult,
    IntoActiveModel, IsolationLevel, PrimaryKeyTrait, QueryResult, Statement, TransactionError,
    TransactionOptions, TransactionSession, TransactionTrait, prelude::async_trait,
};

use crate::{Link, World};

/// How far a connection carries the promises of a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// 1: a plain connection.
    Connection,
    /// 2: a plain transaction.
    Transaction,
    /// 3: a `TouchConnection`.
    TouchConnection,
    /// 4: a `TouchTransaction`.
    TouchTransaction,
}

impl Level {
    /// Whether saves on it are ours to make atomic.
    #[must_use]
    pub const fn is_touch(self) -> bool {
        matches!(self, Self::TouchConnection | Self::TouchTransaction)
    }

    /// Whether it is a transaction.
    #[must_use]
    pub const fn is_transaction(self) -> bool {
        matches!(self, Self::Transaction | Self::TouchTransaction)
    }
}

/// A connection that contracts write on. On levels 2 and 4 each action is a transaction of its own.
pub trait Connection: ConnectionTrait + TransactionTrait + Sync {
    /// Before an action.
    fn open(&self) -> impl Future<Output = ()> + Send;
    /// After it: commits.
    fn close(&self) -> impl Future<Output = Result<(), DbErr>> + Send;
    /// Another one of the same level on the same pool, for actions beside this one's.
    #[must_use]
    fn beside(&self) -> Self;
}

/// Level 1 has the type that level 1 is known by.
impl Connection for DatabaseConnection {
    async fn open(&self) {}

    async fn close(&self) -> Result<(), DbErr> {
        Ok(())
    }

    fn beside(&self) -> Self {
        self.clone()
    }
}

/// A world, and a connection of one level beside its own.
#[derive(Debug)]
pub struct Stage<'w, D> {
    world: &'w World,
    level: Level,
    /// What the contract writes on.
    pub db: D,
}

impl<D> Deref for Stage<'_, D> {
    type Target = World;

    fn deref(&self) -> &World {
        self.world
    }
}

impl<'w> Stage<'w, DatabaseConnection> {
    /// Level 1.
    #[must_use]
    pub fn plain(world: &'w World) -> Self {
        Self {
            world,
            level: Level::Connection,
            db: world.db.clone(),
        }
    }
}

impl<'w> Stage<'w, Switch> {
    /// Another level.
    #[must_use]
    pub fn on(world: &'w World, level: Level) -> Self {
        Self {
            world,
            level,
            db: Switch::new(world, level),
        }
    }
}

impl<D: Connection> Stage<'_, D> {
    /// As [`World::expect_moved`], in a transaction where the level is one.
    ///
    /// # Panics
    ///
    /// Panics when any other row moved, or one of these did not.
    #[track_caller]
    pub fn expect_moved<T>(
        &self,
        expected: &[&str],
        action: impl Future<Output = T>,
    ) -> impl Future<Output = T> {
        let caller = Location::caller();
        async move {
            let before = self.moments().await;
            let output = self.act(action).await;
            let moved = before.moved(&self.moments().await);
            let expected = expected.iter().copied().map(str::to_owned).collect();
            assert_eq!(moved, expected, "{caller}: at level {:?}", self.level);
            output
        }
    }

    /// A row as the connection sees it.
    ///
    /// # Panics
    ///
    /// Panics when there is none.
    pub async fn model<E: EntityTrait>(
        &self,
        key: impl Into<<E::PrimaryKey as PrimaryKeyTrait>::ValueType>,
    ) -> E::Model {
        let row = E::find_by_id(key).one(&self.db).await.expect("a readable table");
        row.expect("a row with this key")
    }

    /// The same, ready to be changed.
    ///
    /// # Panics
    ///
    /// Panics when there is none.
    pub async fn active<E>(
        &self,
        key: impl Into<<E::PrimaryKey as PrimaryKeyTrait>::ValueType>,
    ) -> E::ActiveModel
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        self.model::<E>(key).await.into_active_model()
    }

    /// Runs an action as the level has it.
    ///
    /// # Panics
    ///
    /// Panics when the database does not commit it.
    pub async fn act<T>(&self, action: impl Future<Output = T>) -> T {
        let (output, committed) = self.try_act(action).await;
        committed.expect("a commit");
        output
    }

    /// The same with what has become of the commit.
    pub async fn try_act<T>(&self, action: impl Future<Output = T>) -> (T, Result<(), DbErr>) {
        self.db.open().await;
        let output = action.await;
        (output, self.db.close().await)
    }

    /// Which level it is.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The same level once more, for actions at the same time.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            world: self.world,
            level: self.level,
            db: self.db.beside(),
        }
    }
}

/// A connection that is a transaction between [`open`](Connection::open) and [`close`](Connection::close).
#[derive(Debug)]
pub struct Switch {
    connection: Link,
    is_transaction: bool,
    open: Mutex<Option<Arc<Link>>>,
}

impl Switch {
    fn new(world: &World, level: Level) -> Self {
        let db = world.db.clone();
        Self {
            connection: if level.is_touch() {
                Link::Touch(touchable::connect(db))
            } else {
                Link::Plain(db)
            },
            is_transaction: level.is_transaction(),
            open: Mutex::default(),
        }
    }

    fn transaction(&self) -> Option<Arc<Link>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Connection for Switch {
    async fn open(&self) {
        if self.is_transaction {
            let transaction = self.connection.begin().await.expect("a transaction");
            *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(transaction));
        }
    }

    async fn close(&self) -> Result<(), DbErr> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        match open {
            Some(transaction) => {
                let transaction =
                    Arc::into_inner(transaction).expect("no statement that is still on its way");
                transaction.commit().await
            }
            None => Ok(()),
        }
    }

    fn beside(&self) -> Self {
        Self {
            connection: match &self.connection {
                Link::Touch(db) => Link::Touch(db.clone()),
                Link::Plain(db) => Link::Plain(db.clone()),
                Link::PlainTransaction(_) | Link::TouchTransaction(_) => {
                    unreachable!("a switch is on a connection")
                }
            },
            is_transaction: self.is_transaction,
            open: Mutex::default(),
        }
    }
}

/// Runs one expression on the transaction, or on the connection when none is open.
macro_rules! on {
    ($switch:expr, $link:ident => $do:expr) => {
        match $switch.transaction().as_deref() {
            Some($link) => $do,
            None => {
                let $link = &$switch.connection;
                $do
            }
        }
    };
}

#[async_trait::async_trait]
impl ConnectionTrait for Switch {
    fn get_database_backend(&self) -> DbBackend {
        on!(self, link => link.get_database_backend())
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        on!(self, link => link.execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        on!(self, link => link.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        on!(self, link => link.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        on!(self, link => link.query_all_raw(statement).await)
    }
}

#[async_trait::async_trait]
impl TransactionTrait for Switch {
    type Transaction = Link;

    async fn begin(&self) -> Result<Link, DbErr> {
        on!(self, link => link.begin().await)
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<Link, DbErr> {
        on!(self, link => link.begin_with_config(isolation_level, access_mode).await)
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<Link, DbErr> {
        on!(self, link => link.begin_with_options(options).await)
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Link) -> std::pin::Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        on!(self, link => link.transaction(callback).await)
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Link) -> std::pin::Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        on!(self, link => link.transaction_with_config(callback, isolation_level, access_mode).await)
    }
}
