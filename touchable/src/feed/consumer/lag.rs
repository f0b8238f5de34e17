//! How far behind a consumer is.

use std::time::Duration;

use super::ledger::Ledger;
use crate::{
    error::Result,
    feed::{StreamId, lua},
};

/// Messages of one step.
const PAGE: u64 = 1_000;

/// What is still to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// How many messages.
    pub messages: u64,
    /// How long the oldest of them has been there, by the Redis server's clock.
    pub age: Duration,
}

impl Lag {
    pub(super) fn add(&mut self, shard: Self) {
        self.messages += shard.messages;
        self.age = self.age.max(shard.age);
    }
}

impl Ledger {
    pub(super) async fn lag(&self, mut after: StreamId) -> Result<Lag> {
        let mut lag = Lag::default();
        loop {
            let (some, last, first, now): (u64, String, u64, u64) = lua::COUNT
                .run(&self.stream.feed.connection, &[&self.keys().queue], |command| {
                    command.arg(after.to_string()).arg(PAGE);
                })
                .await
                .map_err(|error| self.failed(error))?;
            if lag.messages == 0 && some > 0 {
                lag.age = Duration::from_millis(now.saturating_sub(first));
            }
            lag.messages += some;
            if some < PAGE {
                return Ok(lag);
            }
            after = last.parse()?;
        }
    }
}
