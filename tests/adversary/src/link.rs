//! One type for the connections of all four levels, so that an entity's writes are compiled once.

use std::{fmt, pin::Pin};

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    IsolationLevel, QueryResult, Statement, TransactionError, TransactionOptions, TransactionSession,
    TransactionTrait, prelude::async_trait,
};
use touchable::{TouchConnection, TouchTransaction};

use crate::{history::Writer, schema::Schema};

/// A connection or a transaction, plain or ours.
#[derive(Debug)]
pub enum Link {
    /// Level 1.
    Plain(DatabaseConnection),
    /// Level 2.
    PlainTransaction(DatabaseTransaction),
    /// Level 3.
    Touch(TouchConnection),
    /// Level 4.
    TouchTransaction(TouchTransaction),
}

/// The connections that writers of a history share.
#[derive(Debug)]
pub struct Handles {
    plain: DatabaseConnection,
    touch: TouchConnection,
    strict: TouchConnection,
}

impl Handles {
    /// Those of one pool, which know the rules from the start.
    #[must_use]
    pub fn of(db: DatabaseConnection, schema: &Schema) -> Self {
        let rules = schema.tables.iter().map(|table| table.entity.graph());
        let touch = rules.fold(touchable::connect(db.clone()), |touch, rules| touch.watch(&rules));
        Self {
            plain: db,
            strict: touch.clone().strict(),
            touch,
        }
    }

    /// What a writer writes on.
    #[must_use]
    pub fn link(&self, writer: &Writer) -> Link {
        match (writer.touch, writer.strict) {
            (false, _) => Link::Plain(self.plain.clone()),
            (true, false) => Link::Touch(self.touch.clone()),
            (true, true) => Link::Touch(self.strict.clone()),
        }
    }

    /// How many intents are registered and not taken.
    #[must_use]
    pub fn registered(&self) -> usize {
        self.touch.registered() + self.strict.registered()
    }
}

/// Runs one expression on whatever is inside.
macro_rules! on {
    ($link:expr, $inner:ident => $do:expr) => {
        match $link {
            Link::Plain($inner) => $do,
            Link::PlainTransaction($inner) => $do,
            Link::Touch($inner) => $do,
            Link::TouchTransaction($inner) => $do,
        }
    };
}

impl Link {
    /// Whether saves on it are ours to make atomic.
    #[must_use]
    pub const fn is_touch(&self) -> bool {
        matches!(self, Self::Touch(_) | Self::TouchTransaction(_))
    }

    /// Whether it is a transaction.
    #[must_use]
    pub const fn is_transaction(&self) -> bool {
        matches!(self, Self::PlainTransaction(_) | Self::TouchTransaction(_))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Link {
    fn get_database_backend(&self) -> DbBackend {
        on!(self, db => ConnectionTrait::get_database_backend(db))
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        on!(self, db => db.execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        on!(self, db => db.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        on!(self, db => db.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        on!(self, db => db.query_all_raw(statement).await)
    }
}

#[async_trait::async_trait]
impl TransactionTrait for Link {
    type Transaction = Self;

    async fn begin(&self) -> Result<Self, DbErr> {
        self.begin_with_options(TransactionOptions::default()).await
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<Self, DbErr> {
        self.begin_with_options(TransactionOptions {
            isolation_level,
            access_mode,
            sqlite_transaction_mode: None,
        })
        .await
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<Self, DbErr> {
        Ok(match self {
            Self::Plain(db) => Self::PlainTransaction(db.begin_with_options(options).await?),
            Self::PlainTransaction(db) => Self::PlainTransaction(db.begin_with_options(options).await?),
            Self::Touch(db) => Self::TouchTransaction(db.begin_with_options(options).await?),
            Self::TouchTransaction(db) => Self::TouchTransaction(db.begin_with_options(options).await?),
        })
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        self.transaction_with_config(callback, None, None).await
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
        E: fmt::Display + fmt::Debug + Send,
    {
        let begun = self.begin_with_config(isolation_level, access_mode).await;
        let transaction = begun.map_err(TransactionError::Connection)?;
        match callback(&transaction).await {
            Ok(value) => {
                transaction.commit().await.map_err(TransactionError::Connection)?;
                Ok(value)
            }
            Err(error) => {
                transaction
                    .rollback()
                    .await
                    .map_err(TransactionError::Connection)?;
                Err(TransactionError::Transaction(error))
            }
        }
    }
}

#[async_trait::async_trait]
impl TransactionSession for Link {
    async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::PlainTransaction(transaction) => transaction.commit().await,
            Self::TouchTransaction(transaction) => transaction.commit().await,
            Self::Plain(_) | Self::Touch(_) => unreachable!("a connection is not committed"),
        }
    }

    async fn rollback(self) -> Result<(), DbErr> {
        match self {
            Self::PlainTransaction(transaction) => transaction.rollback().await,
            Self::TouchTransaction(transaction) => transaction.rollback().await,
            Self::Plain(_) | Self::Touch(_) => unreachable!("a connection is not rolled back"),
        }
    }
}
