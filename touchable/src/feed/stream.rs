//! A stream, with what reads and writes it.

use std::{sync::Arc, time::Duration};

use ::redis::{Pipeline, cmd};
use metrics::SharedString;
use twox_hash::XxHash3_64;

use super::{
    Consumer, Delayer, Feed, Producer, ReaderBuilder, Trimmer,
    keys::{self, Keys},
};
use crate::error::{Result, feed::Failure};

/// A stream of changes. A clone is the same stream.
#[derive(Clone, Debug)]
pub struct Stream {
    pub(super) feed: Feed,
    pub(super) name: Arc<str>,
    pub(super) shards: Arc<[Keys]>,
}

/// A stream that is not open yet.
#[must_use = "nothing is looked at before `open`"]
#[derive(Clone, Debug)]
pub struct StreamBuilder {
    feed: Feed,
    name: String,
    shards: usize,
}

impl StreamBuilder {
    pub(super) fn new(feed: Feed, name: &str) -> Self {
        Self {
            feed,
            name: name.to_owned(),
            shards: 1,
        }
    }

    /// Divides the stream by the records' [keys](super::Record::key), so that several consumers of a name are at work, on
    /// a cluster also on several nodes; 1 by default. Every user of the stream has to say the same number.
    pub const fn shards(mut self, shards: usize) -> Self {
        self.shards = shards;
        self
    }

    /// Opens the stream, which need not exist yet.
    ///
    /// # Errors
    /// When the name is blank or too long, others use it with another number of shards, one of its keys holds something
    /// else than a stream, or Redis cannot be reached.
    pub async fn open(self) -> Result<Stream> {
        if let Some(problem) = keys::problem(&self.name) {
            return Err(
                Failure::Settings(format!("the name of the stream `{}` {problem}", self.name)).into(),
            );
        }
        if !(1..=1024).contains(&self.shards) {
            return Err(Failure::Settings(format!(
                "the stream `{}` cannot have {} shards; say 1 to 1024",
                self.name, self.shards
            ))
            .into());
        }
        self.agree().await?;
        let (namespace, name) = (&self.feed.namespace, &self.name);
        let shards: Arc<[Keys]> = (0..self.shards)
            .map(|shard| Keys::new(namespace, name, (self.shards > 1).then_some(shard)))
            .collect();
        for shard in &*shards {
            for key in [&shard.queue, &shard.delay, &shard.dead] {
                check_type(&self.feed, key).await?;
            }
        }
        Ok(Stream {
            feed: self.feed,
            name: self.name.into(),
            shards,
        })
    }

    /// Another number would send records to other shards while messages about them wait in the old ones.
    async fn agree(&self) -> Result<()> {
        let key = keys::shards(&self.feed.namespace, &self.name);
        let mut both = Pipeline::new();
        both.cmd("SET").arg(&key).arg(self.shards).arg("NX").ignore();
        both.cmd("GET").arg(&key);
        let (noted,): (String,) = self
            .feed
            .connection
            .pipeline(&both)
            .await
            .map_err(|error| self.feed.failed("read", &key, error))?;
        if noted == self.shards.to_string() {
            return Ok(());
        }
        Err(Failure::Settings(format!(
            "the stream `{}` has {noted} shards, and this process says {}; say {noted}, or stop all producers, let every \
             consumer come to the end, and delete `{key}`",
            self.name, self.shards
        ))
        .into())
    }
}

async fn check_type(feed: &Feed, key: &str) -> Result<()> {
    let found: String = feed
        .connection
        .query(cmd("TYPE").arg(key))
        .await
        .map_err(|error| feed.failed("look at", key, error))?;
    if matches!(found.as_str(), "none" | "stream") {
        return Ok(());
    }
    Err(Failure::Settings(format!(
        "the key `{key}` holds a {found} and no stream; another program uses it: choose another namespace"
    ))
    .into())
}

impl Stream {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Into how many parts it is divided.
    #[must_use]
    pub fn shard_count(&self) -> usize {
        self.shards.len()
    }

    /// Which part has the messages about records with this key: the same on every node and in every version.
    #[must_use]
    pub fn shard_of(&self, key: &str) -> usize {
        let shards = self.shards.len() as u64;
        usize::try_from(XxHash3_64::oneshot(key.as_bytes()) % shards).unwrap_or_default()
    }

    /// Writes messages.
    #[must_use]
    pub fn producer(&self) -> Producer {
        Producer::new(self.clone())
    }

    /// Reads messages from an offset that is kept in Redis, one process at a time.
    pub fn consumer(&self, name: &str) -> Consumer {
        Consumer::new(self.clone(), name)
    }

    /// Reads messages on every node, from now on.
    pub fn reader(&self) -> ReaderBuilder {
        ReaderBuilder::new(self.clone())
    }

    /// Sends delay messages that are older than this. Several at once do not send anything twice.
    pub fn delayer(&self, delay: Duration) -> Delayer {
        Delayer::new(self.clone(), delay)
    }

    /// Removes the messages that all these consumers are done with.
    pub fn trimmer<N: AsRef<str>>(&self, consumers: impl IntoIterator<Item = N>) -> Trimmer {
        let consumers = consumers.into_iter().map(|name| name.as_ref().to_owned());
        Trimmer::new(self.clone(), consumers.collect())
    }

    pub(super) fn label(&self) -> SharedString {
        SharedString::from(Arc::clone(&self.name))
    }
}
