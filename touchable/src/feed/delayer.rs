//! Sending what was announced and perhaps never told.

use std::{sync::Arc, time::Duration};

use super::{Stream, keys::Keys, lua, observe};
use crate::{
    error::{Result, feed::Failure},
    redis::millis,
    schedule::{Stop, Task},
};

/// Messages of one step, during which Redis does nothing else.
const SLICE: usize = 250;

/// The longest sleep: should the server's clock be set, this is how late the delayer notices.
const LONGEST: Duration = Duration::from_mins(1);

/// Sends every delay message once more when it is old enough.
///
/// Being due is judged by the Redis server's clock, which also gave the message its id. A message moves from one stream to
/// the other in one step, so that nothing is sent twice, however many delayers there are; run one on every node.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before `run`"]
pub struct Delayer {
    stream: Stream,
    delay: Duration,
}

impl Delayer {
    pub(super) const fn new(stream: Stream, delay: Duration) -> Self {
        Self { stream, delay }
    }

    /// Sends all that is due, and returns how much that was.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn deliver(&self) -> Result<usize> {
        Ok(self.pass(None).await?.0)
    }

    /// Sends what becomes due, in the background.
    ///
    /// # Errors
    /// When the delay is below a millisecond or above ten years.
    pub fn run(self) -> Result<Task> {
        const MOST: Duration = Duration::from_hours(10 * 366 * 24);
        if self.delay < Duration::from_millis(1) || self.delay > MOST {
            return Err(Failure::Settings(format!(
                "a delay message of `{}` cannot be due after {:?}; the delay has to outlast the commit that it announces: \
                 minutes, mostly",
                self.stream.name, self.delay
            ))
            .into());
        }
        let name = format!("delayer {}", self.stream.name);
        let delayer = Arc::new(self);
        Ok(Task::repeat(name, move |stop| {
            let delayer = Arc::clone(&delayer);
            async move {
                match delayer.pass(Some(&stop)).await {
                    Ok((_, wait)) => wait,
                    Err(error) => {
                        tracing::warn!(stream = delayer.stream.name(), %error, "delay messages have to wait");
                        Duration::from_secs(1)
                    }
                }
            }
        }))
    }

    /// Goes through all shards; how much was sent, and how long there is nothing to do.
    async fn pass(&self, stop: Option<&Stop>) -> Result<(usize, Duration)> {
        let (mut sent, mut wait) = (0, LONGEST.min(self.delay));
        for keys in &*self.stream.shards {
            loop {
                let (some, next) = self.slice(keys).await?;
                sent += some;
                if !next.is_zero() {
                    wait = wait.min(next);
                    break;
                }
                if stop.is_some_and(Stop::is_requested) {
                    return Ok((sent, Duration::ZERO));
                }
            }
        }
        Ok((sent, wait))
    }

    /// One step; how long until the next is due, zero when there may be more.
    async fn slice(&self, keys: &Keys) -> Result<(usize, Duration)> {
        let feed = &self.stream.feed;
        let delay = millis(self.delay);
        let (sent, next): (usize, i64) = lua::DELIVER
            .run(
                &feed.connection,
                &[&keys.delay, &keys.queue, &keys.dead],
                |command| {
                    command.arg(delay).arg(SLICE);
                },
            )
            .await
            .map_err(|error| feed.failed("send what is due in", &keys.delay, error))?;
        observe::count(observe::DELIVERED, &self.stream, sent);
        // Nothing is there: what comes now is due after the whole delay.
        let next = u64::try_from(next).map_or(self.delay, Duration::from_millis);
        Ok((sent, next))
    }
}
