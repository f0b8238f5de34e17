//! What hooks see of a transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{after_commit::Work, health::Health, intent::Intents, pending::Pending, session::Session};
use crate::{
    error::Result,
    touch::{Entry, Moved},
};

/// What hooks see of a transaction.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) intents: Intents,
    pending: Mutex<Pending>,
    pub(super) session: Arc<Session>,
    /// Shared with the savepoints.
    pub(super) health: Arc<Health>,
}

impl Open {
    pub(super) fn new(session: Arc<Session>, health: Arc<Health>) -> Arc<Self> {
        Arc::new(Self {
            intents: Intents::default(),
            pending: Mutex::default(),
            session,
            health,
        })
    }

    pub(super) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets touches wait for the commit.
    pub(crate) fn defer(&self, entries: Vec<Entry>) {
        self.pending().extend(entries);
    }

    pub(crate) const fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// Lets it be published that these rows change.
    ///
    /// # Errors
    /// When nobody tells of them.
    pub(crate) fn publish_moved(&self, moved: &[Moved]) -> Result<()> {
        let publisher = &self.session.publisher;
        self.pending().messages.add_moved(publisher, moved)
    }

    #[cfg(feature = "feed")]
    pub(crate) fn announce(
        &self,
        sink: Arc<dyn super::messages::Sink>,
        message: super::messages::OutboxMessage,
    ) {
        self.pending().messages.add(sink, message);
    }

    pub(super) fn register(&self, work: Work) {
        self.pending().work.push(work);
    }
}
