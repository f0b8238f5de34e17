//! Messages that wait for the commit: delayed right before it, published right after.

use std::{collections::HashSet, fmt, sync::Arc};

use futures_core::future::BoxFuture;
use sea_orm::{DatabaseTransaction, Value};

use super::publisher::Publisher;
use crate::{
    error::Result,
    touch::{Moved, finish},
};

/// A message, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OutboxMessage {
    pub(crate) key: String,
    pub(crate) payload: Vec<u8>,
}

/// Where messages go.
pub(crate) trait Sink: fmt::Debug + Send + Sync {
    /// Two with one name are the same.
    fn name(&self) -> &str;

    /// The stream, as entities name it.
    fn stream(&self) -> &str;

    /// What to say of a row that changes.
    fn message(&self, table: &'static str, key: &[Value]) -> Result<OutboxMessage>;

    /// Before the commit. Whether they have still to be published after it.
    fn delay<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        messages: &'a [OutboxMessage],
    ) -> BoxFuture<'a, Result<bool>>;

    /// After the commit. What fails here is published by others later.
    fn publish<'a>(&'a self, messages: &'a [OutboxMessage]) -> BoxFuture<'a, ()>;
}

/// The messages of a transaction, each once.
#[derive(Debug, Default)]
pub(crate) struct Messages(Vec<Outgoing>);

#[derive(Debug)]
struct Outgoing {
    sink: Arc<dyn Sink>,
    messages: Vec<OutboxMessage>,
    seen: HashSet<OutboxMessage>,
}

impl Messages {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, sink: Arc<dyn Sink>, message: OutboxMessage) {
        let place = self
            .0
            .iter()
            .position(|outgoing| outgoing.sink.name() == sink.name());
        let outgoing = match place {
            Some(place) => &mut self.0[place],
            None => {
                self.0.push(Outgoing {
                    sink,
                    messages: Vec::new(),
                    seen: HashSet::new(),
                });
                let last = self.0.len() - 1;
                &mut self.0[last]
            }
        };
        if outgoing.seen.insert(message.clone()) {
            outgoing.messages.push(message);
        }
    }

    /// Adds the rows of published entities.
    ///
    /// # Errors
    /// When nobody tells of them.
    pub(crate) fn add_moved(&mut self, publisher: &Publisher, moved: &[Moved]) -> Result<()> {
        for Moved { schema, keys } in moved.iter().filter(|moved| publisher.publishes(moved.schema)) {
            let sink = publisher.sink_of(schema)?;
            for key in keys {
                self.add(Arc::clone(sink), sink.message(schema.name, key)?);
            }
        }
        Ok(())
    }

    /// Takes over what a released savepoint has left.
    pub(super) fn absorb(&mut self, other: Self) {
        for outgoing in other.0 {
            for message in outgoing.messages {
                self.add(Arc::clone(&outgoing.sink), message);
            }
        }
    }

    /// Announces all; what remains has still to be published.
    pub(super) async fn delay(self, transaction: &DatabaseTransaction) -> Result<Self> {
        let mut remaining = Vec::new();
        for outgoing in self.0 {
            if outgoing.sink.delay(transaction, &outgoing.messages).await? {
                remaining.push(outgoing);
            }
        }
        Ok(Self(remaining))
    }

    /// Commits a transaction of the library's own, with what comes before and after it; rolls it back when it has failed.
    pub(crate) async fn finish<T>(self, tx: DatabaseTransaction, done: Result<T>) -> Result<T> {
        let delayed = match done {
            Ok(value) => self.delay(&tx).await.map(|remaining| (value, remaining)),
            Err(error) => Err(error),
        };
        let (value, remaining) = finish(tx, delayed).await?;
        remaining.publish().await;
        Ok(value)
    }

    pub(super) async fn publish(self) {
        for outgoing in self.0 {
            outgoing.sink.publish(&outgoing.messages).await;
        }
    }
}
