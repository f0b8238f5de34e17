//! Writing messages: before the commit, and after it.

use std::{borrow::Cow, sync::Arc, time::Duration};

use ::redis::{Cmd, Pipeline, RedisError, Value, cmd, from_redis_value};
use tokio::sync::OnceCell;

use super::{Record, Stream, StreamId, entry::PAYLOAD, keys::Keys, observe};
use crate::{
    connection::OutboxMessage,
    error::{Error, Result, feed::Failure},
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
            let mut pipeline = Pipeline::new();
            pipeline.add_command(message);
            self.send(kind, key, pipeline).await?.pop().unwrap_or_default()
        } else {
            let answer: Result<Value, _> = self.connection().query(&message).await;
            answer
                .and_then(|id| StreamId::of_value(&id))
                .map_err(|error| self.failed(key, error))?
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
        let key = |place: usize| records[place].key();
        self.spread(kind, records.len(), key, |place| &payloads[place])
            .await
    }

    /// Announces what is written as JSON already.
    pub(super) async fn delay_messages(&self, messages: &[OutboxMessage]) -> Result<()> {
        self.spread_letters(Kind::Delay, messages).await
    }

    /// Tells what is written as JSON already.
    pub(super) async fn queue_messages(&self, messages: &[OutboxMessage]) -> Result<()> {
        self.spread_letters(Kind::Queue, messages).await
    }

    async fn spread_letters(&self, kind: Kind, messages: &[OutboxMessage]) -> Result<()> {
        let key = |place: usize| Cow::Borrowed(messages[place].key.as_str());
        self.spread(kind, messages.len(), key, |place| &messages[place].payload)
            .await
            .map(drop)
    }

    /// Sends so many messages, shard by shard and slice by slice; their ids come in the order of the messages.
    async fn spread<'a>(
        &self,
        kind: Kind,
        count: usize,
        key: impl Fn(usize) -> Cow<'a, str>,
        payload: impl Fn(usize) -> &'a [u8],
    ) -> Result<Vec<StreamId>> {
        let mut places: Vec<Vec<usize>> = self.stream.shards.iter().map(|_| Vec::new()).collect();
        if let [only] = places.as_mut_slice() {
            *only = (0..count).collect();
        } else {
            (0..count).for_each(|place| places[self.stream.shard_of(&key(place))].push(place));
        }
        let mut ids = vec![StreamId::START; count];
        for (keys, places) in self.stream.shards.iter().zip(places) {
            let stream = kind.key(keys);
            for slice in places.chunks(SLICE) {
                let mut pipeline = Pipeline::with_capacity(slice.len() + 1);
                for place in slice {
                    pipeline.add_command(message(stream, payload(*place)));
                }
                let sent = self.send(kind, stream, pipeline).await?;
                observe::sent(&self.stream, kind.name(), slice.len());
                for (place, id) in slice.iter().zip(sent) {
                    ids[*place] = id;
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
    async fn send(&self, kind: Kind, key: &str, mut pipeline: Pipeline) -> Result<Vec<StreamId>> {
        let failed = |error| self.failed(key, error);
        let ids = |answers: Vec<Value>| answers.iter().map(StreamId::of_value).collect();
        let Some(wait) = self.wait.as_ref().filter(|_| kind == Kind::Delay) else {
            let answers = self.connection().pipeline(&pipeline).await;
            return answers.and_then(ids).map_err(failed);
        };
        pipeline.cmd("WAIT").arg(wait.replicas).arg(millis(wait.within));
        let own = wait.connection(&self.stream).await.map_err(failed)?;
        let mut answers: Vec<Value> = own.pipeline_to(key, pipeline).await.map_err(failed)?;
        let found = answers
            .pop()
            .and_then(|count| from_redis_value(count).ok())
            .unwrap_or(0);
        if found < wait.replicas {
            return Err(Failure::NotReplicated {
                stream: self.stream.name.to_string(),
                wanted: wait.replicas,
                found,
                within: wait.within,
            }
            .into());
        }
        ids(answers).map_err(failed)
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
