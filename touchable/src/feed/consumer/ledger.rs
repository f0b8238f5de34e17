//! What Redis knows of a consumer: its offset, and its trouble there.

use std::{sync::Arc, time::Duration};

use ::redis::{RedisError, cmd};

use crate::{
    error::{Result, feed::Failure},
    feed::{Malformed, Stream, StreamId, keys::Keys, lua},
    lease::RedisLeases,
    redis::millis,
};

/// A consumer of one shard.
pub(super) struct Ledger {
    pub(super) stream: Stream,
    pub(super) shard: usize,
    pub(super) consumer: Arc<str>,
    leases: RedisLeases,
    token: String,
    offset: String,
    trouble: String,
}

/// Where a session begins.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) position: Option<StreamId>,
    /// How often the messages that follow have failed.
    pub(super) tries: u32,
    /// One by one up to this message.
    pub(super) until: Option<StreamId>,
    /// What is left of the pause.
    pub(super) pause: Duration,
    /// Why they have failed last.
    pub(super) reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Committed {
    Done,
    /// Another has the lease, or had it meanwhile.
    Fenced,
    /// The offset is not where this session has left it: an operator has moved it.
    Moved,
}

impl Ledger {
    pub(super) fn new(stream: &Stream, shard: usize, consumer: &Arc<str>) -> Self {
        let (feed, keys) = (&stream.feed, &stream.shards[shard]);
        let leases = RedisLeases::within(
            feed.server.clone(),
            feed.connection.clone(),
            keys.prefix.as_str().into(),
        );
        Self {
            token: leases.token(consumer),
            leases,
            offset: keys.offset(consumer),
            trouble: keys.trouble(consumer),
            stream: stream.clone(),
            shard,
            consumer: Arc::clone(consumer),
        }
    }

    pub(super) const fn leases(&self) -> &RedisLeases {
        &self.leases
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.stream.shards[self.shard]
    }

    /// `None` when another has the lease.
    pub(super) async fn begin(&self, token: u64) -> Result<Option<Begun>> {
        let connection = &self.stream.feed.connection;
        let keys = [&*self.token, &self.offset, &self.trouble, &self.keys().queue];
        let answer: ::redis::Value = lua::BEGIN
            .run(connection, &keys, |command| {
                command.arg(token);
            })
            .await
            .map_err(|error| self.failed(error))?;
        let read = |error: ::redis::ParsingError| self.failed(error.into());
        let said: Vec<::redis::Value> = ::redis::from_redis_value(answer).map_err(read)?;
        let mut said = said.into_iter();
        let mut text = || -> Result<String> {
            let next = said.next().unwrap_or_default();
            ::redis::from_redis_value(next).map_err(read)
        };
        let (verdict, at) = match text()?.as_str() {
            "fenced" => return Ok(None),
            verdict => (verdict.to_owned(), text()?),
        };
        if verdict != "ok" {
            return Err(self.refused(&verdict, at).into());
        }
        Ok(Some(Begun {
            position: position(&at)?,
            tries: text()?.parse().unwrap_or(u32::MAX),
            until: position(&text()?)?,
            pause: Duration::from_millis(text()?.parse().unwrap_or_default()),
            reason: text()?,
        }))
    }

    /// Notes that a handler is about to work: should it take its process along, that counts as a failure. `false` when
    /// another has the lease.
    pub(super) async fn mark(&self, token: u64, at: Option<StreamId>) -> Result<bool> {
        lua::MARK
            .run(
                &self.stream.feed.connection,
                &[&self.token, &self.trouble],
                |command| {
                    command.arg(token).arg(text(at));
                },
            )
            .await
            .map_err(|error| self.failed(error))
    }

    /// The handler was left on purpose.
    pub(super) async fn unmark(&self, token: u64) {
        let unmarked: Result<u64, _> = lua::UNMARK
            .run(
                &self.stream.feed.connection,
                &[&self.token, &self.trouble],
                |command| {
                    command.arg(token);
                },
            )
            .await;
        // It is not worth a failure: then one is counted that was none.
        if let Err(error) = unmarked {
            tracing::debug!(consumer = &*self.consumer, %error, "a note of a consumer could not be taken back");
        }
    }

    /// Counts a failure and sets the pause; how many there were, 0 when another has the lease.
    pub(super) async fn fail(
        &self,
        token: u64,
        at: Option<StreamId>,
        reason: &str,
        pause: Duration,
    ) -> Result<u32> {
        lua::FAIL
            .run(
                &self.stream.feed.connection,
                &[&self.token, &self.trouble],
                |command| {
                    command.arg(token).arg(text(at)).arg(reason);
                    command.arg(millis(pause));
                },
            )
            .await
            .map_err(|error| self.failed(error))
    }

    /// Has the messages up to this one handed out alone.
    pub(super) async fn suspect(&self, token: u64, at: Option<StreamId>, until: StreamId) -> Result<bool> {
        lua::SUSPECT
            .run(
                &self.stream.feed.connection,
                &[&self.token, &self.trouble],
                |command| {
                    command.arg(token).arg(text(at)).arg(until.to_string());
                },
            )
            .await
            .map_err(|error| self.failed(error))
    }

    /// Moves the offset, and what cannot be handled to the dead letters, in one step; `on` is the [mark](Self::mark) for
    /// what follows.
    pub(super) async fn commit(
        &self,
        token: u64,
        from: Option<StreamId>,
        to: StreamId,
        dead: &[Malformed],
        on: bool,
    ) -> Result<Committed> {
        let queue = self.keys();
        let keys = [
            &*self.token,
            &self.offset,
            &self.trouble,
            &queue.queue,
            &queue.dead,
        ];
        let said: String = lua::COMMIT
            .run(&self.stream.feed.connection, &keys, |command| {
                command
                    .arg(token)
                    .arg(text(from))
                    .arg(to.to_string())
                    .arg(&*self.consumer);
                command.arg(u8::from(on));
                for letter in dead {
                    command.arg(letter.id.to_string()).arg(&letter.reason);
                }
            })
            .await
            .map_err(|error| self.failed(error))?;
        Ok(match said.as_str() {
            "ok" => Committed::Done,
            "fenced" => Committed::Fenced,
            _ => Committed::Moved,
        })
    }

    /// Raises the offset without a lease.
    pub(super) async fn raise(&self, to: StreamId) -> Result<bool> {
        let (before, verdict): (String, String) = lua::RAISE
            .run(
                &self.stream.feed.connection,
                &[&self.offset, &self.keys().queue],
                |command| {
                    command.arg(to.to_string());
                },
            )
            .await
            .map_err(|error| self.failed(error))?;
        match verdict.as_str() {
            "raised" => Ok(true),
            "stays" => Ok(false),
            _ => Err(self.refused(&verdict, before).into()),
        }
    }

    pub(super) async fn position(&self) -> Result<Option<StreamId>> {
        let stored: Option<String> = self
            .stream
            .feed
            .connection
            .query(cmd("GET").arg(&self.offset))
            .await
            .map_err(|error| self.failed(error))?;
        let stored = stored.unwrap_or_default();
        position(&stored).map_err(|_| self.refused("malformed", stored).into())
    }

    fn refused(&self, verdict: &str, value: String) -> Failure {
        Failure::Offset {
            key: self.offset.clone(),
            value,
            problem: if verdict == "beyond" {
                "which is after the last message of the stream"
            } else {
                "which is no id of a message"
            },
        }
    }

    pub(super) fn failed(&self, error: RedisError) -> crate::error::Error {
        self.stream
            .feed
            .failed("read or move the offset in", &self.offset, error)
    }
}

fn text(at: Option<StreamId>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

fn position(text: &str) -> Result<Option<StreamId>> {
    (!text.is_empty()).then(|| text.parse()).transpose()
}
