//! Messages of a transaction: announced before its commit, told after it.

use std::sync::Arc;

use futures_core::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};

use super::{
    Change, Producer, Record,
    outbox::{self, Waiting},
};
use crate::{
    connection::{OutboxMessage, Scope, Sink, TouchConnection, ask},
    error::{Error, Result, feed::Failure},
};

/// A producer as a transaction sees it.
#[derive(Debug)]
struct ProducerSink {
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
        let sink = ProducerSink::of(self.clone());
        let message = sink.write(record)?;
        open.announce(Arc::new(sink), message);
        Ok(())
    }
}

impl TouchConnection {
    /// Tells what this connection changes of the entities that are published on the stream of this producer
    /// (`#[touchable(feed)]`): their saves, touches and deletions, each row once in a transaction, announced right before the
    /// commit and told right after it. Call it once for each stream.
    ///
    /// Without the producers of all streams that a write could reach it is refused ([`Error::is_unpublished`]). Clones that were
    /// made before go on without this one.
    ///
    /// # Example: publish users
    ///
    /// ```no_run
    /// # async fn run(db: sea_orm::DatabaseConnection) -> touchable::Result<()> {
    /// use touchable::feed::Feed;
    ///
    /// let users = Feed::connect("redis://localhost").await?.stream("users").open().await?;
    /// let db = touchable::connect(db).publish(&users.producer());
    /// // `user.update(&db)` tells consumers `{"id": 5}`.
    /// # let _ = db;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn publish(self, producer: &Producer) -> Self {
        let sink: Arc<dyn Sink> = Arc::new(ProducerSink::of(producer.clone()));
        self.with_sink(&sink)
    }

    /// Publishes nothing, for seeds and tests: what this connection changes nobody is told of.
    #[must_use]
    pub fn unpublished(self) -> Self {
        self.silent()
    }
}

impl ProducerSink {
    fn of(producer: Producer) -> Self {
        let name = outbox::name(&producer.stream);
        Self { producer, name }
    }

    fn write<R: Record>(&self, record: &R) -> Result<OutboxMessage> {
        Ok(OutboxMessage {
            key: record.key().into_owned(),
            payload: self.producer.payload(record)?,
        })
    }
}

impl Sink for ProducerSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn stream(&self) -> &str {
        self.producer.stream.name()
    }

    fn message(&self, table: &'static str, key: &[Value]) -> Result<OutboxMessage> {
        self.write(&Change::of_row(table, key, self.stream()))
    }

    fn delay<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        messages: &'a [OutboxMessage],
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            match self.producer.delay_messages(messages).await {
                Ok(()) => Ok(true),
                Err(error) if self.producer.outbox && error.is_unavailable() => {
                    tracing::warn!(stream = self.producer.stream.name(), %error, "changes go to the outbox");
                    let waiting: Vec<Waiting<'_>> = messages.iter().map(Waiting::of).collect();
                    outbox::keep(transaction, &self.name, &waiting).await?;
                    Ok(false)
                }
                Err(error) => Err(error),
            }
        })
    }

    fn publish<'a>(&'a self, messages: &'a [OutboxMessage]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.producer.queue_messages(messages).await {
                tracing::warn!(stream = self.producer.stream.name(), %error, "changes will be told late, by the delayer");
            }
        })
    }
}
