//! Reading on every node: no lease, and a position in memory.

use std::{
    collections::hash_map::RandomState,
    fmt,
    hash::BuildHasher,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::de::DeserializeOwned;
use tokio::{select, sync::mpsc, time::Instant};

use super::{Batch, Stream, StreamId, keys::Keys, lua, observe, tail::Tail};
use crate::{
    error::Result,
    schedule::{Stop, Task, longer},
};

/// How long a reader waits for messages before it asks again.
const BLOCK: Duration = Duration::from_secs(1);

/// The wait after an error of Redis, and how much longer it may be, as a part of itself.
const AFTER_ERROR: Duration = Duration::from_millis(500);
const JITTER: f64 = 0.1;

/// Batches that wait for who reads them, in each shard.
const AHEAD: usize = 4;

/// What a [`Reader`] has to say.
#[derive(Clone, Debug)]
pub enum News<T> {
    /// Messages of one shard. [`Batch::malformed`] names those that could not be read: whoever must not miss anything
    /// treats them as [`Lagged`](Self::Lagged).
    Batch(Batch<T>),
    /// Messages were trimmed away, or lost with the server's data, before they were read: whatever is derived from the
    /// stream has to be derived anew. What follows is complete again.
    Lagged {
        /// In which part of the stream; 0 in one without shards.
        shard: usize,
    },
}

/// Every message of a stream from some point on: for what each node keeps in memory. For the memory tier of a cache there is
/// [`Tiered::follow`](crate::cache::store::Tiered::follow).
///
/// ```no_run
/// use touchable::feed::{Change, Feed, News};
///
/// # async fn run() -> touchable::Result<()> {
/// # fn evict(_: &touchable::feed::Id) {} fn clear() {}
/// let users = Feed::connect("redis://localhost").await?.stream("users").open().await?;
/// let mut reader = users.reader().start::<Change>().await?; // before the memory is filled
/// while let Some(news) = reader.next().await {
///     match news {
///         News::Batch(batch) => batch.iter().for_each(|message| evict(&message.record.id)),
///         News::Lagged { .. } => clear(),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Reader<T> {
    news: mpsc::Receiver<News<T>>,
    contact: Contact,
    stream: Stream,
    _tasks: Vec<Task>,
}

/// The settings of a [`Reader`].
#[derive(Clone, Debug)]
#[must_use = "nothing is read before `start`"]
pub struct ReaderBuilder {
    stream: Stream,
    batch_size: usize,
    from_beginning: bool,
}

impl ReaderBuilder {
    pub(super) const fn new(stream: Stream) -> Self {
        Self {
            stream,
            batch_size: 1_000,
            from_beginning: false,
        }
    }

    /// How many messages a batch may have; 1,000 by default.
    pub const fn batch_size(mut self, size: usize) -> Self {
        self.batch_size = size;
        self
    }

    /// Begins with the oldest message that is there, and not with the next one.
    pub const fn from_beginning(mut self) -> Self {
        self.from_beginning = true;
        self
    }

    /// Takes up a position; every message after it is read.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn start<T: DeserializeOwned + Send + Sync + 'static>(self) -> Result<Reader<T>> {
        let (send, news) = mpsc::channel(AHEAD * self.stream.shards.len());
        let contact = Contact(Arc::new(Mutex::new(vec![
            Instant::now();
            self.stream.shards.len()
        ])));
        let mut tasks = Vec::new();
        for (number, keys) in self.stream.shards.iter().enumerate() {
            let mut place = Place::now(&self.stream, keys).await?;
            if self.from_beginning {
                place.after = StreamId::START;
            }
            let shard = Shard {
                stream: self.stream.clone(),
                number,
                batch_size: self.batch_size.max(1),
                send: send.clone(),
                contact: contact.clone(),
                new: self.from_beginning,
            };
            let name = format!("reader {}", self.stream.name);
            tasks.push(Task::spawn(name, |stop| shard.run(place, stop)));
        }
        Ok(Reader {
            news,
            contact,
            stream: self.stream,
            _tasks: tasks,
        })
    }
}

impl<T> Reader<T> {
    /// What comes next; waits for it. `None` when the runtime is shut down.
    ///
    /// Redis may be unreachable for any time; the reader goes on where it was when it is back.
    pub async fn next(&mut self) -> Option<News<T>> {
        self.news.recv().await
    }

    /// For how long Redis has not answered, about a second when all is well and this reader keeps up: memory that is
    /// kept fresh by the stream is that stale.
    #[must_use]
    pub fn silent_for(&self) -> Duration {
        self.contact.oldest().elapsed()
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("stream", &self.stream.name())
            .finish_non_exhaustive()
    }
}

/// When each shard's Redis has last answered.
#[derive(Clone)]
struct Contact(Arc<Mutex<Vec<Instant>>>);

impl Contact {
    fn note(&self, shard: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[shard] = Instant::now();
    }

    fn oldest(&self) -> Instant {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().min().copied().unwrap_or_else(Instant::now)
    }
}

/// Where a reader is.
struct Place {
    after: StreamId,
    /// The mark that is gone when Redis has lost its data.
    born: String,
}

impl Place {
    /// After the last message.
    async fn now(stream: &Stream, keys: &Keys) -> Result<Self> {
        let mark = format!("{:016x}", RandomState::new().hash_one(()));
        let (after, born): (String, String) = lua::POSITION
            .run(&stream.feed.connection, &[&keys.queue, &keys.born], |command| {
                command.arg(&mark);
            })
            .await
            .map_err(|error| stream.feed.failed("find the end of", &keys.queue, error))?;
        Ok(Self {
            after: after.parse()?,
            born,
        })
    }
}

struct Shard<T> {
    stream: Stream,
    number: usize,
    batch_size: usize,
    send: mpsc::Sender<News<T>>,
    contact: Contact,
    /// It has read nothing yet, and can have missed nothing.
    new: bool,
}

impl<T: DeserializeOwned + Send + Sync + 'static> Shard<T> {
    async fn run(mut self, mut place: Place, stop: Stop) {
        let mut tail = Tail::new(&self.stream.feed, &self.stream.shards[self.number], BLOCK);
        while !stop.is_requested() {
            let read = select! {
                read = self.read(&mut tail, &mut place) => read,
                () = stop.requested() => return,
            };
            if let Err(error) = read {
                tracing::warn!(stream = self.stream.name(), %error, "a reader has to wait");
                stop.sleep(longer(AFTER_ERROR, JITTER)).await;
            }
        }
    }

    async fn read(&mut self, tail: &mut Tail, place: &mut Place) -> Result<()> {
        let page = tail.next(place.after, self.batch_size).await?;
        self.contact.note(self.number);
        if page.born.as_ref() != Some(&place.born) {
            *place = Place::now(&self.stream, &self.stream.shards[self.number]).await?;
            self.lagged().await;
            return Ok(());
        }
        if page.gap(place.after).is_some() && !self.new {
            self.lagged().await;
        }
        // Not to be told of the same gap again when nothing follows it.
        place.after = place.after.max(page.trimmed);
        self.new = false;
        let batch = Batch::read(page.entries).map_err(|error| tail.failed(error))?;
        let Some(last) = batch.last() else { return Ok(()) };
        for malformed in batch.malformed() {
            tracing::warn!(stream = self.stream.name(), id = %malformed.id, reason = malformed.reason, "a message cannot be read");
        }
        place.after = last;
        // Nobody listens any more: the task is about to be stopped.
        let _ = self
            .send
            .send(News::Batch(batch.with(None, self.number, 0)))
            .await;
        Ok(())
    }

    async fn lagged(&self) {
        observe::count(observe::LAGGED, &self.stream, 1);
        let _ = self.send.send(News::Lagged { shard: self.number }).await;
    }
}
