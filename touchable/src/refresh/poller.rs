//! What asks the external service.

use std::{error::Error as StdError, fmt, hash::Hash, pin::Pin, sync::Arc};

use super::{Batch, Hints};

/// Any error of the application's.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What hears of changes from elsewhere; see [`Poller::listen`].
pub type Listening = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What asks an external service about items, some at a time.
///
/// A call may be slow, fail, hang or panic: the items stay as they are, and are asked about again after a pause.
pub trait Poller: Send + Sync + 'static {
    /// By what an item is known. It is shown, as `{:?}`, in errors and logs.
    type Key: Clone + fmt::Debug + Eq + Hash + Send + Sync + 'static;
    /// What is kept of it.
    type Item: Send + Sync + 'static;

    /// Asks about the items of a batch, and answers its slots. A slot without an answer is unchanged.
    ///
    /// The items are those that were current when the call began. What was answered before an error, a panic or the
    /// `poll_timeout` counts; the other items of the batch have failed.
    ///
    /// # Errors
    /// When the service does not answer.
    fn poll(
        &self,
        batch: &mut Batch<Self::Key, Self::Item>,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Whether nothing more will become of an item: it stays readable, and is not polled. None is by default.
    ///
    /// It is asked once of every new item and of every answer.
    fn is_terminal(&self, item: &Self::Item) -> bool {
        let _ = item;
        false
    }

    /// Told of every item that has left without the application or the service having said so: work is lost, not a copy.
    ///
    /// It runs on the thread that creates another item, or on one of the runtime: let it be quick.
    fn on_evicted(&self, key: &Self::Key, item: &Arc<Self::Item>, reason: Evicted) {
        let _ = (key, item, reason);
    }

    /// Called once when the cache starts, with what makes items due from elsewhere: the future runs as long as the cache.
    fn listen(&self, hints: Hints<Self::Key>) -> Option<Listening> {
        let _ = hints;
        None
    }
}

/// Why an item has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evicted {
    /// There was no room, and it was finished.
    Finished,
    /// There was no room, and it was the least recently used one.
    Live,
    /// Its `terminal_ttl` or `max_age` is over.
    Expired,
}

impl Evicted {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Live => "live",
            Self::Expired => "expired",
        }
    }
}
