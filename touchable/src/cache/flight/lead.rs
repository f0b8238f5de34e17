//! What the leader of a flight has to do, and may.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use tokio::sync::{MutexGuard, watch};

use super::{Flight, Flights, Outcome};

/// The duty to land a flight. Dropped without doing so, the flight is abandoned.
#[derive(Debug)]
pub(crate) struct LeadGuard {
    pub(super) flights: Arc<Flights>,
    pub(super) key: Box<str>,
    pub(super) flight: Arc<Flight>,
    pub(super) sender: watch::Sender<Option<Outcome>>,
    /// Outdated flights of the same key, one of which may be writing still.
    pub(super) before: Vec<Arc<Flight>>,
    /// Another flight ended after the store was read: the value may be there by now.
    pub(crate) look_again: bool,
    /// When the entry was written that is to be replaced; unknown, but to be replaced, when the load is forced.
    pub(crate) replaces: Option<i64>,
}

impl LeadGuard {
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The same duty, to replace an entry of this age too.
    pub(crate) fn replacing(mut self, created: Option<i64>) -> Self {
        self.replaces = self.replaces.or(created);
        self
    }

    pub(crate) fn flight(&self) -> Arc<Flight> {
        Arc::clone(&self.flight)
    }

    /// To be said before the store is read again: what is found there may be removed at this moment.
    pub(crate) fn looks_again(&self) {
        self.flight.looked.store(true, SeqCst);
    }

    /// The permission to write to the store, as long as it is held; none when the flight is outdated.
    pub(crate) async fn write(&self) -> Option<MutexGuard<'_, ()>> {
        for flight in &self.before {
            flight.written().await;
        }
        let permission = self.flight.writing.lock().await;
        // Whoever outdates the flight from here on waits for the lock.
        (!self.flight.is_outdated()).then_some(permission)
    }

    /// Gives everybody who waits the outcome.
    pub(crate) fn land(self, outcome: Outcome) {
        // First out of the table: who comes after a failure tries again.
        self.leave();
        self.sender.send_replace(Some(outcome));
    }

    fn leave(&self) {
        self.flights.remove(&self.key, &self.flight);
    }
}

impl Drop for LeadGuard {
    fn drop(&mut self) {
        self.leave();
    }
}
