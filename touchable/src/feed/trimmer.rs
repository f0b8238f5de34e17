//! Removing what nobody needs any more.

use std::{sync::Arc, time::Duration};

use ::redis::{RedisError, Value, from_redis_value};

use super::{
    Stream,
    keys::{self, Keys},
    lua, observe,
};
use crate::{
    error::{Result, feed::Failure},
    schedule::Task,
};

/// Messages of one step, during which Redis does nothing else.
const SLICE: usize = 10_000;

/// Removes the messages that every listed consumer is done with.
///
/// A listed consumer that never ran has the whole stream still to read: then nothing is removed. Consumers that are not
/// listed, and readers, may miss messages; they are told ([`Batch::lagged`](super::Batch::lagged),
/// [`News::Lagged`](super::News::Lagged)). A step is atomic and needs no lease: run a trimmer on every node.
#[derive(Clone, Debug)]
#[must_use = "nothing is removed before `run`"]
pub struct Trimmer {
    stream: Stream,
    consumers: Vec<String>,
    interval: Duration,
    keep: Option<Duration>,
}

impl Trimmer {
    pub(super) const fn new(stream: Stream, consumers: Vec<String>) -> Self {
        Self {
            stream,
            consumers,
            interval: Duration::from_secs(30),
            keep: None,
        }
    }

    /// How long it sleeps when there is nothing to remove; half a minute by default.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Keeps messages for at least this long, for readers that are late. A stream without consumers is trimmed by this
    /// alone.
    pub const fn keep(mut self, keep: Duration) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Removes what can be removed now, and returns how much that was.
    ///
    /// # Errors
    /// When no consumer is listed and nothing said about time, the offset of one is not what the library has written, or
    /// Redis cannot be reached.
    pub async fn trim(&self) -> Result<usize> {
        self.check()?;
        let mut gone = 0;
        for shard in &*self.stream.shards {
            gone += self.shard(shard).await?;
        }
        Ok(gone)
    }

    /// Does so in the background.
    ///
    /// # Errors
    /// When no consumer is listed and nothing said about time, or the interval is below a millisecond.
    pub fn run(self) -> Result<Task> {
        self.check()?;
        let name = format!("trimmer {}", self.stream.name);
        let trimmer = Arc::new(self);
        Ok(Task::repeat(name, move |_| {
            let trimmer = Arc::clone(&trimmer);
            async move {
                if let Err(error) = trimmer.trim().await {
                    tracing::warn!(stream = trimmer.stream.name(), %error, "a stream could not be trimmed");
                }
                trimmer.interval
            }
        }))
    }

    fn check(&self) -> Result<()> {
        let stream = &self.stream.name;
        let problem = if self.consumers.is_empty() && self.keep.is_none() {
            "lists no consumer, so that it would remove everything; list them, or say how long to `keep` messages".to_owned()
        } else if self.interval < Duration::from_millis(1) {
            format!("cannot look every {:?}", self.interval)
        } else if let Some((name, problem)) = self
            .consumers
            .iter()
            .find_map(|name| Some((name, keys::problem(name)?)))
        {
            format!("lists a consumer `{name}` whose name {problem}")
        } else {
            return Ok(());
        };
        Err(Failure::Settings(format!("the trimmer of `{stream}` {problem}")).into())
    }

    async fn shard(&self, keys: &Keys) -> Result<usize> {
        let feed = &self.stream.feed;
        let offsets: Vec<String> = self.consumers.iter().map(|name| keys.offset(name)).collect();
        let mut all = vec![keys.queue.as_str(), &keys.trimmed];
        all.extend(offsets.iter().map(String::as_str));
        let keep = self
            .keep
            .map(|keep| keep.as_millis().to_string())
            .unwrap_or_default();
        let failed = |error: RedisError| feed.failed("trim", &keys.queue, error);
        let mut gone = 0;
        loop {
            let answer: Vec<Value> = lua::TRIM
                .run(&feed.connection, &all, |command| {
                    command.arg(&keep).arg(SLICE);
                })
                .await
                .map_err(failed)?;
            match <[Value; 2]>::try_from(answer) {
                Ok([some, more]) => {
                    let some: usize = from_redis_value(some).map_err(|error| failed(error.into()))?;
                    observe::count(observe::TRIMMED, &self.stream, some);
                    gone += some;
                    if more == Value::Int(0) {
                        return Ok(gone);
                    }
                }
                Err(refused) => return Err(refusal(refused).map_err(failed)?.into()),
            }
        }
    }
}

/// Why the script has removed nothing.
fn refusal(answer: Vec<Value>) -> Result<Failure, RedisError> {
    let (problem, key, value): (String, String, String) = from_redis_value(Value::Array(answer))?;
    Ok(Failure::Offset {
        key,
        value,
        problem: if problem == "beyond" {
            "which is after the last message of the stream"
        } else {
            "which is no id of a message"
        },
    })
}
