//! One load per key, whoever waits for it.
//!
//! ```text
//! running ──► landed (value or failure)
//!    │
//!    └──────► abandoned: its leader was dropped; one of those who wait takes over
//! ```
//!
//! A flight is *outdated* once its key is deleted, set or loaded by force: those who wait get its value, the store does not,
//! and nobody joins it any more. It stays in the table until its leader is done with it, since it may be writing at this
//! moment: who made it outdated waits for that write ([`Flight::written`]) and has the last word.
//!
//! A leader that reads the store once more may find an entry whose removal has begun before the flight did. So a removal
//! outdates those flights a second time, when it is over: who comes later does not get from them what was removed.

mod lead;
mod table;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use tokio::sync::{Mutex, watch};

use super::entry::Payload;
use crate::error::cache::Failure;

pub(crate) use lead::LeadGuard;
pub(crate) use table::{Ended, Entered, Flights, Keys};

/// What a loader made: a payload, or nothing to be stored.
pub(crate) type Outcome = Result<Option<Payload>, Failure>;

/// A load that is running.
#[derive(Debug)]
pub(crate) struct Flight {
    version: Option<Arc<str>>,
    outdated: AtomicBool,
    /// Its leader looks into the store once more, and may have found what somebody is about to remove.
    looked: AtomicBool,
    /// Held while the leader writes to the store.
    writing: Mutex<()>,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl Flight {
    fn new(version: Option<Arc<str>>) -> (Self, watch::Sender<Option<Outcome>>) {
        let (sender, outcome) = watch::channel(None);
        let flight = Self {
            version,
            outdated: AtomicBool::new(false),
            looked: AtomicBool::new(false),
            writing: Mutex::new(()),
            outcome,
        };
        (flight, sender)
    }

    fn is_outdated(&self) -> bool {
        self.outdated.load(SeqCst)
    }

    /// Waits for a write that is under way. When it is over an outdated flight writes no more.
    pub(crate) async fn written(&self) {
        drop(self.writing.lock().await);
    }
}

/// Waits for a flight to land; nothing when it was abandoned.
pub(crate) async fn landing(flight: &Flight) -> Option<Outcome> {
    let mut outcome = flight.outcome.clone();
    let landed = outcome.wait_for(Option::is_some).await.ok()?;
    landed.clone()
}
