//! Messages of a transaction: announced before its commit, told after it.

use std::sync::Arc;

use futures_core::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::{
    Failure, Producer, Record,
    outbox::{self, Waiting},
};
use crate::{
    Error, Result,
    connection::{Letter, Outlet, Scope, ask},
};

/// A producer as a transaction sees it.
#[derive(Debug)]
struct Post {
    producer: Producer,
    name: String,
}

impl Producer {
    /// Announces a change of the transaction `db` right before its outermost commit, and tells it right after.
    ///
    /// However often a transaction says the same, one message is announced and one told. When it cannot be announced the
    /// transaction is rolled back and its commit fails, unless there is an [`outbox`](Self::outbox). A rollback, also one
    /// to a savepoint, forgets the message. What cannot be told after the commit is told by the delayer.
    ///
    /// ```no_run
    /// use sea_orm::TransactionTrait;
    /// use touchable::feed::Change;
    ///
    /// # async fn run(db: touchable::TouchConnection, users: touchable::feed::Stream) -> touchable::Result<()> {
    /// let tx = db.begin().await?;
    /// // saves on `tx`
    /// users.producer().announce(&tx, &Change::of(5))?;
    /// tx.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When `db` is not a transaction of a [`TouchConnection`](crate::TouchConnection), or the record cannot be written as
    /// JSON.
    pub fn announce<C: ConnectionTrait, R: Record>(&self, db: &C, record: &R) -> Result<()> {
        let name = outbox::name(&self.stream);
        let open = match ask(db) {
            Some(Scope::Transaction(open)) => open,
            Some(Scope::Connection(_)) => {
                return Err(Failure::Settings(format!(
                    "a change of `{}` can be announced inside a transaction only, since the message has to come before the \
                     commit; begin one, or use `bulk`",
                    self.stream.name
                ))
                .into());
            }
            None => return Err(Error::not_a_touch_connection()),
        };
        let letter = Letter {
            key: record.key().into_owned(),
            payload: self.payload(record)?,
        };
        let post = Post {
            producer: self.clone(),
            name,
        };
        open.announce(Arc::new(post), letter);
        Ok(())
    }
}

impl Outlet for Post {
    fn name(&self) -> &str {
        &self.name
    }

    fn announce<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        letters: &'a [Letter],
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            match self.producer.delay_letters(letters).await {
                Ok(()) => Ok(true),
                Err(error) if self.producer.outbox && error.is_unavailable() => {
                    tracing::warn!(stream = self.producer.stream.name(), %error, "changes go to the outbox");
                    let waiting: Vec<Waiting<'_>> = letters.iter().map(Waiting::of).collect();
                    outbox::keep(transaction, &self.name, &waiting).await?;
                    Ok(false)
                }
                Err(error) => Err(error),
            }
        })
    }

    fn tell<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.producer.queue_letters(letters).await {
                tracing::warn!(stream = self.producer.stream.name(), %error, "changes will be told late, by the delayer");
            }
        })
    }
}
