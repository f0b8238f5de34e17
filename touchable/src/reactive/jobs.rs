//! What a schedule does for the values of one name. [`MemorySchedule`](super::MemorySchedule) and
//! [`RedisSchedule`](super::RedisSchedule) do it; everything above knows only this.

use std::{any::Any, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

use super::reading::ComputeError;
use crate::{error::Result, schedule::Wake};

/// Where values and their due times are kept: [`MemorySchedule`](super::MemorySchedule) or
/// [`RedisSchedule`](super::RedisSchedule).
pub trait Schedule: sealed::Open + Send + Sync + 'static {}

pub(super) mod sealed {
    use super::{Arc, Jobs, Result, Terms};

    pub trait Open {
        /// The jobs of one name.
        fn open(&self, terms: Terms) -> Result<Arc<dyn Jobs>>;
    }
}

/// How the jobs of one name are kept.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub(super) name: &'static str,
    /// How long a read keeps a key wanted, at least.
    pub(super) lifetime: Duration,
    pub(super) claim_time: Duration,
    /// Whether this node computes them: a schedule of several nodes has to know.
    #[cfg_attr(not(feature = "redis"), expect(dead_code))]
    pub(super) works: bool,
    /// By how long first fills go before refreshes.
    pub(super) lead: Duration,
}

/// A key is kept a little longer than it has to be, so that not every read writes.
pub(super) const SLACK: u32 = 10;

impl Terms {
    /// How often the reads of one node say that a key is still wanted.
    pub(super) fn extend_every(&self) -> Duration {
        self.lifetime / SLACK
    }

    /// For how long a read that says so keeps it wanted.
    pub(super) fn wanted_for(&self) -> Duration {
        self.lifetime.saturating_add(self.extend_every())
    }
}

/// A read that keeps its key wanted.
#[derive(Clone, Copy, Debug)]
pub struct Want<'a> {
    pub(super) key: &'a Arc<str>,
    /// What a worker decodes the key from.
    pub(super) encoded_key: &'a [u8],
    /// The version of its record that the reader has seen.
    pub(super) version: Option<&'a str>,
}

/// A version of a record, in the space of one pointer: most keys have none.
pub type Seen = Arc<String>;

/// A value in a schedule.
#[derive(Clone, Debug)]
pub enum Content {
    /// As it was computed in this process, and the digest of its encoding.
    Typed(Arc<dyn Any + Send + Sync>, u64),
    /// In the envelope of the cache.
    Encoded(Bytes),
}

#[derive(Clone, Debug)]
pub struct Stored {
    pub(super) content: Content,
    pub(super) age: Duration,
    /// The interval that it was computed for.
    pub(super) interval: Duration,
    /// Of the record, as far as readers had seen it when the computation began, or, when it is expired, have seen it by now.
    pub(super) version: Option<Seen>,
}

/// What is known of a key.
#[derive(Clone, Debug)]
pub struct Found {
    pub(super) stored: Option<Stored>,
    pub(super) is_expired: bool,
    /// Of the last attempt, if that failed.
    pub(super) error: Option<Arc<ComputeError>>,
    pub(super) due_in: Duration,
}

/// A key to be computed by who holds this.
#[derive(Clone, Debug)]
pub struct Claim {
    pub(super) key: Arc<str>,
    pub(super) token: u64,
    pub(super) encoded_key: Bytes,
    /// Of the key's values: another one is not this claim's to write.
    pub(super) generation: u64,
    /// Of the record, as far as readers have seen it.
    pub(super) version: Option<Seen>,
    /// Attempts that have failed in a row.
    pub(super) failures: u32,
    /// For how long it was due.
    pub(super) late: Duration,
}

/// A key, and the token of its claim.
pub type HeldKey = (Arc<str>, u64);

/// What could be claimed.
#[derive(Debug, Default)]
pub struct Claims {
    pub(super) taken: Vec<Claim>,
    /// When to look again, if something will be due.
    pub(super) next: Option<Duration>,
    /// How many keys are wanted, and for how long the first of those that are left is due.
    pub(super) wanted: u64,
    pub(super) overdue: Duration,
}

/// How a claim ends.
#[derive(Clone, Debug)]
pub enum Outcome {
    Value {
        content: Content,
        interval: Duration,
        next: Duration,
    },
    Unchanged {
        interval: Duration,
        next: Duration,
    },
    Gone,
    Failed {
        error: Arc<ComputeError>,
        next: Duration,
    },
}

impl Outcome {
    /// When the key is due again.
    pub(super) const fn next(&self) -> Option<Duration> {
        match self {
            Self::Value { next, .. } | Self::Unchanged { next, .. } | Self::Failed { next, .. } => {
                Some(*next)
            }
            Self::Gone => None,
        }
    }
}

/// What became of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Stored,
    /// The value was cleared or expired meanwhile: it is computed again.
    Discarded,
    /// Another has the key by now, or nobody wants it.
    Lost,
}

/// What another node has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The copies of this key are outdated.
    Changed(String),
    /// The value of this key is no more.
    Cleared(String),
    /// The values of every key that begins with this are no more.
    ClearedUnder(String),
    /// From now on every change is told.
    Connected,
    /// Changes are no longer told.
    Lost,
    /// Something is due.
    Due,
}

/// Where news of other nodes come from.
#[async_trait]
pub trait Follow: Send {
    /// The next; it waits for a connection when it has to.
    async fn next(&mut self) -> News;
}

/// A key in a schedule, as [`Reactive::inspect`](super::Reactive::inspect) shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspected {
    /// How long it stays wanted when nobody reads it.
    pub wanted_for: Duration,
    /// When it is due; `None` while it is being computed.
    pub due_in: Option<Duration>,
    /// When the claim of its worker ends, unless that renews it; `None` while nobody computes it.
    pub claimed_for: Option<Duration>,
    /// Attempts that have failed in a row.
    pub failures: u32,
}

/// The jobs of one name. All times are those of the place where they are kept.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Whether values leave the process, and are encoded.
    fn is_shared(&self) -> bool;

    /// Called when something is due earlier than [`Claims::next`] has said.
    fn wake(&self) -> &Wake;

    /// What is known of a key.
    async fn read(&self, key: &str) -> Result<Option<Found>>;

    /// The same of a key that is wanted from now on, and has a due time; `None`, and nothing is changed, while another key has
    /// this name.
    async fn want(&self, want: Want<'_>) -> Result<Option<Found>>;

    /// Keeps the value and makes the key due, if somebody wants it.
    async fn expire(&self, key: &str) -> Result<bool>;

    /// Removes the value and makes the key due, if somebody wants it.
    async fn clear(&self, key: &str) -> Result<bool>;

    /// The same of every key that begins with this.
    async fn clear_under(&self, prefix: &str) -> Result<u64>;

    /// Claims so many keys that are due.
    async fn claim(&self, most: usize) -> Result<Claims>;

    /// The value that the key of a claim has.
    async fn before(&self, claim: &Claim) -> Result<Option<Content>>;

    /// Claims this key whether it is due or not; `None` while another has it, and an error while another key has this name.
    async fn take(&self, want: Want<'_>) -> Result<Option<Claim>>;

    /// Holds claims longer; those that are lost come back.
    async fn renew(&self, held: &[HeldKey]) -> Result<Vec<Arc<str>>>;

    async fn settle(&self, claim: &Claim, outcome: Outcome) -> Result<Settled>;

    /// Gives claims back, and those of looks whose answers never came: their keys are due now.
    async fn release(&self, held: &[HeldKey]) -> Result<()>;

    async fn inspect(&self, key: &str) -> Result<Option<Inspected>>;

    /// What other nodes do; `None` where there are none.
    fn follow(&self) -> Option<Box<dyn Follow>>;
}

/// Whether a version is older than one that a reader has seen. Those of stamps and numbers are of one length and rise; of
/// collections one is as good as another, and every other one is taken for older.
pub(super) fn is_older(version: Option<&str>, seen: &str) -> bool {
    let Some(version) = version else { return true };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if version.len() == seen.len() && is_number(version) && is_number(seen) {
        version < seen
    } else {
        version != seen
    }
}

/// A version as [`is_older`] compares it.
pub(super) fn comparable(version: &crate::cache::Version) -> String {
    let text = version.to_string();
    if text.len() < 20 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{text:0>20}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Stamp, cache::Version};

    #[test]
    fn versions_by_their_age() {
        let stamp = |micros| comparable(&Version::from(Stamp::from_micros(micros)));
        assert!(is_older(None, &stamp(1)));
        assert!(is_older(Some(&stamp(9)), &stamp(10)));
        assert!(!is_older(Some(&stamp(10)), &stamp(10)));
        assert!(!is_older(Some(&stamp(11)), &stamp(10)), "a replica that lags");
        assert!(is_older(Some("AB"), "BA") && is_older(Some("BA"), "AB"));
    }
}
