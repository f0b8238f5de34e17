//! Writing messages: before the commit, and after it.

use std::{sync::Arc, time::Duration};

use ::redis::{Cmd, Pipeline, RedisError, cmd};
use tokio::sync::OnceCell;

use super::{Failure, Record, Stream, StreamId, entry::PAYLOAD, keys::Keys, observe};
use crate::{
    Error, Result,
    connection::Letter,
    redis::{Connection, millis},
};

/// Messages of one pipeline.
const SLICE: usize = 250;

/// Writes the messages of a stream. A clone is the same producer.
#[derive(Clone)]
pub struct Producer {
    pub(super) stream: Stream,
    wait: Option<Wait>,
    pub(super) outbox: bool,
}

/// How many replicas have to have a delay message, and within which time.
#[derive(Clone)]
struct Wait {
    replicas: u32,
    within: Duration,
    /// One's own: `WAIT` holds up everybody on its connection.
    connection: Arc<OnceCell<Connection>>,
}

/// Where a message goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Delay,
    Queue,
}

impl Kind {
    const fn key(self, keys: &Keys) -> &String {
        match self {
            Self::Delay => &keys.delay,
            Self::Queue => &keys.queue,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::Queue => "queue",
        }
    }
}

impl Producer {
    pub(super) const fn new(stream: Stream) -> Self {
        Self {
            stream,
            wait: None,
            outbox: false,
        }
    }

    /// Lets a delay message count as written when so many replicas have it; without, when the server has it. Should fewer
    /// have it within this time, the call fails, and the message is there all the same. A time below a millisecond is
    /// one.
    #[must_use]
    pub fn wait(mut self, replicas: u32, within: Duration) -> Self {
        self.wait = (replicas > 0).then(|| Wait {
            replicas,
            // 0 would be for ever.
            within: within.max(Duration::from_millis(1)),
            connection: Arc::default(),
        });
        self
    }

    /// Lets messages that cannot be [announced](Self::announce) wait in a table, written in the same transaction, while
    /// Redis is away; without, such a commit fails. `manager.feed_outbox().up()` of `touchable-migrations` creates the
    /// table, and a [`Drainer`](super::Drainer) has to run.
    #[must_use]
    pub const fn outbox(mut self) -> Self {
        self.outbox = true;
        self
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Announces a change that is about to be committed. Should [`queue`](Self::queue) never follow, a
    /// [`Delayer`](super::Delayer) sends the message in its place.
    ///
    /// # Errors
    /// When Redis does not take it, too few replicas have it in time, or the record cannot be written as JSON. Then do
    /// not commit.
    pub async fn delay<R: Record>(&self, record: &R) -> Result<StreamId> {
        self.one(Kind::Delay, record).await
    }

    /// Tells a change that is committed.
    ///
    /// # Errors
    /// When Redis does not take it, or the record cannot be written as JSON. The delay message remains.
    pub async fn queue<R: Record>(&self, record: &R) -> Result<StreamId> {
        self.one(Kind::Queue, record).await
    }

    /// [`delay`](Self::delay) for many, in pipelines of 250.
    ///
    /// # Errors
    /// As there. Some messages may have been written.
    pub async fn delay_all<R: Record>(&self, records: &[R]) -> Result<Vec<StreamId>> {
        self.all(Kind::Delay, records).await
    }

    /// [`queue`](Self::queue) for many, in pipelines of 250.
    ///
    /// # Errors
    /// As there. Some messages may have been written.
    pub async fn queue_all<R: Record>(&self, records: &[R]) -> Result<Vec<StreamId>> {
        self.all(Kind::Queue, records).await
    }

    /// Announces these records, runs `work`, which commits their changes, and tells them.
    ///
    /// When `work` fails the delay messages remain, and consumers read the records and find nothing new. When it succeeds
    /// that is the result, also if the changes cannot be told at once: they are then told by the delayer, and the log says
    /// so.
    ///
    /// # Errors
    /// When the delay messages could not be written, before `work`; or the error of `work`.
    pub async fn bulk<R, T, E>(&self, records: &[R], work: impl AsyncFnOnce() -> Result<T, E>) -> Result<T, E>
    where
        R: Record,
        E: From<Error>,
    {
        self.delay_all(records).await?;
        let done = work().await?;
        if let Err(error) = self.queue_all(records).await {
            tracing::warn!(stream = self.stream.name(), %error, "changes will be told late, by the delayer");
        }
        Ok(done)
    }

    async fn one<R: Record>(&self, kind: Kind, record: &R) -> Result<StreamId> {
        let shard = self.stream.shard_of(&record.key());
        let key = kind.key(&self.stream.shards[shard]);
        let message = message(key, &self.payload(record)?);
        let id = if kind == Kind::Delay && self.wait.is_some() {
            self.send(kind, key, vec![message])
                .await?
                .pop()
                .unwrap_or_default()
        } else {
            let id: String = self
                .connection()
                .query(&message)
                .await
                .map_err(|error| self.failed(key, error))?;
            id.parse()?
        };
        observe::sent(&self.stream, kind.name(), 1);
        Ok(id)
    }

    async fn all<R: Record>(&self, kind: Kind, records: &[R]) -> Result<Vec<StreamId>> {
        // Everything is written as JSON before anything is sent.
        let payloads: Vec<Vec<u8>> = records
            .iter()
            .map(|record| self.payload(record))
            .collect::<Result<_>>()?;
        let keys = records.iter().map(Record::key);
        self.spread(kind, keys.zip(payloads.iter().map(Vec::as_slice)))
            .await
    }

    /// Announces what is written as JSON already.
    pub(super) async fn delay_letters(&self, letters: &[Letter]) -> Result<()> {
        self.spread(Kind::Delay, letters.iter().map(parts))
            .await
            .map(drop)
    }

    /// Tells what is written as JSON already.
    pub(super) async fn queue_letters(&self, letters: &[Letter]) -> Result<()> {
        self.spread(Kind::Queue, letters.iter().map(parts))
            .await
            .map(drop)
    }

    /// Sends messages, shard by shard and slice by slice; their ids come in the order of the messages.
    async fn spread<K: AsRef<str>>(
        &self,
        kind: Kind,
        messages: impl Iterator<Item = (K, &[u8])>,
    ) -> Result<Vec<StreamId>> {
        let mut shards: Vec<Vec<(usize, Cmd)>> = self.stream.shards.iter().map(|_| Vec::new()).collect();
        let mut count = 0;
        for (place, (key, payload)) in messages.enumerate() {
            let shard = self.stream.shard_of(key.as_ref());
            shards[shard].push((place, message(kind.key(&self.stream.shards[shard]), payload)));
            count += 1;
        }
        let mut ids = vec![StreamId::START; count];
        for (keys, messages) in self.stream.shards.iter().zip(shards) {
            let mut messages = messages.into_iter().peekable();
            while messages.peek().is_some() {
                let (places, slice): (Vec<usize>, Vec<Cmd>) = messages.by_ref().take(SLICE).unzip();
                let sent = self.send(kind, kind.key(keys), slice).await?;
                observe::sent(&self.stream, kind.name(), places.len());
                for (place, id) in places.into_iter().zip(sent) {
                    ids[place] = id;
                }
            }
        }
        Ok(ids)
    }

    pub(super) fn payload<R: Record>(&self, record: &R) -> Result<Vec<u8>> {
        serde_json::to_vec(record).map_err(|error| {
            Failure::Payload {
                stream: self.stream.name.to_string(),
                source: error.into(),
            }
            .into()
        })
    }

    /// Sends messages of one shard together.
    async fn send(&self, kind: Kind, key: &str, messages: Vec<Cmd>) -> Result<Vec<StreamId>> {
        let count = messages.len();
        let mut pipeline = Pipeline::with_capacity(count + 1);
        for message in messages {
            pipeline.add_command(message);
        }
        let wait = self.wait.as_ref().filter(|_| kind == Kind::Delay);
        let mut answers: Vec<String> = match wait {
            None => self.connection().pipeline(&pipeline).await,
            Some(wait) => {
                pipeline.cmd("WAIT").arg(wait.replicas).arg(millis(wait.within));
                let own = wait.connection(&self.stream).await;
                match own {
                    Ok(own) => own.pipeline_to(key, pipeline).await,
                    Err(error) => Err(error),
                }
            }
        }
        .map_err(|error| self.failed(key, error))?;
        if let Some(wait) = wait {
            let found = answers.pop().and_then(|count| count.parse().ok()).unwrap_or(0);
            if found < wait.replicas {
                return Err(Failure::NotReplicated {
                    stream: self.stream.name.to_string(),
                    wanted: wait.replicas,
                    found,
                    within: wait.within,
                }
                .into());
            }
        }
        answers.iter().map(|id| id.parse()).collect()
    }

    const fn connection(&self) -> &Connection {
        &self.stream.feed.connection
    }

    fn failed(&self, key: &str, error: RedisError) -> Error {
        self.stream.feed.failed("write to", key, error)
    }
}

fn message(key: &str, payload: &[u8]) -> Cmd {
    let mut message = cmd("XADD");
    message.arg(key).arg("*").arg(PAYLOAD).arg(payload);
    message
}

fn parts(letter: &Letter) -> (&str, &[u8]) {
    (&letter.key, &letter.payload)
}

impl Wait {
    async fn connection(&self, stream: &Stream) -> Result<&Connection, RedisError> {
        self.connection
            .get_or_try_init(|| stream.feed.server.open_to_block(self.within))
            .await
    }
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer")
            .field("stream", &self.stream.name())
            .finish_non_exhaustive()
    }
}
