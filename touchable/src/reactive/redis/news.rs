//! What other nodes have changed, over publish and subscribe.

use std::{io, time::Duration};

use ::redis::{
    RedisError,
    aio::{PubSubSink, PubSubStream},
};
use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    reactive::jobs::{Follow, News},
    redis::Server,
    schedule::Backoff,
};

/// How long it may be silent before it is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(1);
/// Between two tries to connect.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// A subscription that is renewed when it ends.
pub(super) struct Channel {
    server: Server,
    name: String,
    subscription: Option<(PubSubSink, PubSubStream)>,
    failures: u32,
    /// Not before this.
    pause_until: Option<Instant>,
}

impl Channel {
    pub(super) const fn new(server: Server, name: String) -> Self {
        Self {
            server,
            name,
            subscription: None,
            failures: 0,
            pause_until: None,
        }
    }

    /// The next message of a subscription; an error when that has ended.
    async fn message((ask, messages): &mut (PubSubSink, PubSubStream)) -> Result<String, RedisError> {
        loop {
            match timeout(SILENCE, messages.next()).await {
                Ok(Some(message)) => return message.get_payload(),
                Ok(None) => return Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
                Err(_) => {
                    timeout(SILENCE, ask.ping::<()>())
                        .await
                        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                }
            }
        }
    }
}

#[async_trait]
impl Follow for Channel {
    async fn next(&mut self) -> News {
        loop {
            if let Some(subscription) = &mut self.subscription {
                let Ok(message) = Self::message(subscription).await else {
                    self.subscription = None;
                    return News::Lost;
                };
                match read(&message) {
                    Some(news) => return news,
                    // Of a newer release.
                    None => continue,
                }
            }
            if let Some(until) = self.pause_until {
                sleep(until.saturating_duration_since(Instant::now())).await;
            }
            // Noted before, so that a future that is dropped here does not hurry the next one.
            self.failures = self.failures.saturating_add(1);
            self.pause_until = Some(Instant::now() + PAUSES.pause(self.failures));
            match self.server.subscribe(&self.name).await {
                Ok(subscription) => {
                    self.subscription = Some(subscription.split());
                    (self.failures, self.pause_until) = (0, None);
                    return News::Connected;
                }
                Err(error) => {
                    tracing::debug!(channel = self.name, %error, "cannot follow what other nodes change");
                }
            }
        }
    }
}

fn read(message: &str) -> Option<News> {
    if message == "due" {
        return Some(News::Due);
    }
    let (kind, key) = message.split_at_checked(1)?;
    match kind {
        "=" => Some(News::Changed(key.to_owned())),
        "-" => Some(News::Cleared(key.to_owned())),
        "*" => Some(News::ClearedUnder(key.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        assert_eq!(read("due"), Some(News::Due));
        assert_eq!(read("=due"), Some(News::Changed("due".to_owned())));
        assert_eq!(read("-5"), Some(News::Cleared("5".to_owned())));
        assert_eq!(read("*5:"), Some(News::ClearedUnder("5:".to_owned())));
        assert_eq!(read(""), None);
        assert_eq!(read("é"), None);
    }
}
