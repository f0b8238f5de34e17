//! Reading on at the end of a stream.

use std::time::Duration;

use ::redis::{Pipeline, RedisError, Value, cmd};

use super::{Feed, StreamId, entry::Entries, keys::Keys};
use crate::{
    error::Result,
    redis::{Connection, millis},
};

/// What follows a position.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) entries: Entries,
    /// Where these begin and end.
    pub(super) ends: Option<(StreamId, StreamId)>,
    /// Up to where the stream was trimmed when these were read, in one step with them: between two steps it could be
    /// trimmed, and the gap would not be seen.
    pub(super) trimmed: StreamId,
    pub(super) born: Option<String>,
}

impl Page {
    /// Up to where messages after this position are missing.
    pub(super) fn gap(&self, after: StreamId) -> Option<StreamId> {
        (self.trimmed > after).then_some(self.trimmed)
    }
}

/// One's own connection to a stream: who waits for messages there would let everybody wait.
pub(super) struct Tail {
    feed: Feed,
    queue: String,
    trimmed: String,
    born: String,
    block: Duration,
    /// `None` also while a read is under way: one that is dropped takes along its connection, on which an answer may
    /// still come.
    connection: Option<Connection>,
}

impl Tail {
    pub(super) fn new(feed: &Feed, keys: &Keys, block: Duration) -> Self {
        Self {
            feed: feed.clone(),
            queue: keys.queue.clone(),
            trimmed: keys.trimmed.clone(),
            born: keys.born.clone(),
            block,
            connection: None,
        }
    }

    /// The next messages, after a while if there are none, or an empty page.
    pub(super) async fn next(&mut self, after: StreamId, count: usize) -> Result<Page> {
        let page = self.read(after, count).await?;
        if !page.entries.is_empty() {
            return Ok(page);
        }
        // Only a bell: what it brings is read again, together with the state of the stream.
        let mut wait = cmd("XREAD");
        wait.arg("COUNT").arg(1).arg("BLOCK").arg(millis(self.block));
        wait.arg("STREAMS").arg(&self.queue).arg(after.to_string());
        let rung: Value = self
            .with(async |connection| connection.query(&wait).await)
            .await?;
        if rung == Value::Nil {
            return Ok(page);
        }
        self.read(after, count).await
    }

    /// The next messages, if there are any.
    pub(super) async fn read(&mut self, after: StreamId, count: usize) -> Result<Page> {
        let mut both = Pipeline::new();
        both.atomic();
        both.cmd("MGET").arg(&self.trimmed).arg(&self.born);
        both.cmd("XREAD").arg("COUNT").arg(count);
        both.arg("STREAMS").arg(&self.queue).arg(after.to_string());
        let ((trimmed, born), entries): ((Option<String>, Option<String>), Value) = self
            .with(async |connection| connection.pipeline(&both).await)
            .await?;
        let entries = Entries::of_xread(entries).map_err(|error| self.failed(error))?;
        Ok(Page {
            ends: entries.ends().map_err(|error| self.failed(error))?,
            entries,
            trimmed: match trimmed {
                Some(id) => id.parse()?,
                None => StreamId::START,
            },
            born,
        })
    }

    async fn with<T>(&mut self, ask: impl AsyncFnOnce(&Connection) -> Result<T, RedisError>) -> Result<T> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let opened = self.feed.server.open_to_block(self.block).await;
                opened.map_err(|error| self.failed(error))?
            }
        };
        let answer = ask(&connection).await.map_err(|error| self.failed(error))?;
        self.connection = Some(connection);
        Ok(answer)
    }

    pub(super) fn failed(&self, error: RedisError) -> crate::error::Error {
        self.feed.failed("read", &self.queue, error)
    }
}
