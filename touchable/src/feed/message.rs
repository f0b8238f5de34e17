//! What a handler is given.

use std::{fmt, ops::Deref, sync::Arc};

use ::redis::RedisError;
use serde::de::DeserializeOwned;

use super::{
    StreamId,
    entry::{Entries, Entry},
};

/// A message of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<T> {
    /// Its place in the stream.
    pub id: StreamId,
    /// What it says.
    pub record: T,
}

/// An entry that is no message of ours, or says what `T` cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Its place in the stream.
    pub id: StreamId,
    /// What is wrong with it.
    pub reason: String,
}

/// Messages in their order, as a slice. A clone is the same batch.
pub struct Batch<T>(Arc<Inner<T>>);

struct Inner<T> {
    messages: Vec<Message<T>>,
    malformed: Vec<Malformed>,
    lagged: Option<StreamId>,
    shard: usize,
    token: u64,
}

impl<T> Batch<T> {
    /// Entries between the messages that could not be read. A consumer moves them to the dead letters when the batch is
    /// done.
    #[must_use]
    pub fn malformed(&self) -> &[Malformed] {
        &self.0.malformed
    }

    /// When messages before this batch were trimmed away unread: up to which one. Whoever derives data from the stream
    /// has to derive all of it anew.
    #[must_use]
    pub fn lagged(&self) -> Option<StreamId> {
        self.0.lagged
    }

    /// The shard it is from, 0 in a stream without shards.
    #[must_use]
    pub fn shard(&self) -> usize {
        self.0.shard
    }

    /// The fencing token of the consumer's lease: a write with a lower one is by a consumer that was replaced. 0 for
    /// readers, which hold none.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.0.token
    }

    /// The place of the last entry.
    pub(super) fn last(&self) -> Option<StreamId> {
        let message = self.0.messages.last().map(|message| message.id);
        message.max(self.0.malformed.last().map(|malformed| malformed.id))
    }

    pub(super) fn with(self, lagged: Option<StreamId>, shard: usize, token: u64) -> Self {
        // Nobody else has it yet.
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Self(Arc::new(Inner {
                lagged,
                shard,
                token,
                ..inner
            })),
            Err(shared) => Self(shared),
        }
    }
}

impl<T: DeserializeOwned> Batch<T> {
    pub(super) fn read(entries: Entries) -> Result<Self, RedisError> {
        let mut messages = Vec::with_capacity(entries.len());
        let mut malformed = Vec::new();
        for entry in entries.read() {
            let Entry { id, payload } = entry?;
            match decode(payload) {
                Ok(record) => messages.push(Message { id, record }),
                Err(reason) => malformed.push(Malformed { id, reason }),
            }
        }
        Ok(Self(Arc::new(Inner {
            messages,
            malformed,
            lagged: None,
            shard: 0,
            token: 0,
        })))
    }
}

fn decode<T: DeserializeOwned>(payload: Option<Vec<u8>>) -> Result<T, String> {
    let payload = payload.ok_or("it is not the only field `payload` that a producer writes")?;
    serde_json::from_slice(&payload).map_err(|error| format!("its payload cannot be read: {error}"))
}

impl<T> Clone for Batch<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Batch<T> {
    type Target = [Message<T>];

    fn deref(&self) -> &[Message<T>] {
        &self.0.messages
    }
}

impl<T: fmt::Debug> fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("messages", &self.0.messages)
            .field("malformed", &self.0.malformed)
            .field("lagged", &self.0.lagged)
            .finish_non_exhaustive()
    }
}
