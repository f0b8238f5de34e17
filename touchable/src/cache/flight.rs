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

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
};

use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard, watch};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Failure, entry::Payload};

/// Enough that loads of different keys seldom wait for each other's table.
const SHARDS: usize = 32;

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
    writing: AsyncMutex<()>,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl Flight {
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

/// All flights of a cache.
#[derive(Debug)]
pub(crate) struct Flights {
    seed: u64,
    shards: [Mutex<Shard>; SHARDS],
    /// How many flights of each shard have ended: who found the store empty before one of them did has to look again.
    /// Beside the locks, since every hit asks.
    ended: [AtomicU64; SHARDS],
}

/// The flights of some keys. A key has several when all but one are outdated, or of other versions.
type Shard = HashMap<Box<str>, Vec<Arc<Flight>>>;

/// How many flights had ended when the store was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ended(u64);

pub(crate) enum Entered {
    Lead(LeadGuard),
    Join(Arc<Flight>),
}

impl Flights {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            seed: fastrand::u64(..),
            shards: Default::default(),
            ended: Default::default(),
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    fn index(&self, key: &str) -> usize {
        xxh3_64_with_seed(key.as_bytes(), self.seed) as usize % SHARDS
    }

    fn shard(&self, key: &str) -> MutexGuard<'_, Shard> {
        lock(&self.shards[self.index(key)])
    }

    /// To be asked before the store is read.
    pub(crate) fn ended(&self, key: &str) -> Ended {
        Ended(self.ended[self.index(key)].load(SeqCst))
    }

    /// Joins the flight of this key and version, or leads a new one.
    pub(crate) fn enter(self: &Arc<Self>, key: &str, version: Option<&Arc<str>>, since: Ended) -> Entered {
        let index = self.index(key);
        let mut shard = lock(&self.shards[index]);
        let running = shard.get(key).into_iter().flatten();
        let joined = running
            .filter(|flight| !flight.outdated.load(SeqCst))
            .find(|flight| flight.version.as_ref() == version);
        match joined {
            Some(flight) => Entered::Join(Arc::clone(flight)),
            None => {
                let look_again = self.ended[index].load(SeqCst) != since.0;
                Entered::Lead(self.lead(&mut shard, key, version, look_again))
            }
        }
    }

    /// Leads a new flight that outdates all others of its key.
    pub(crate) fn overtake(self: &Arc<Self>, key: &str, version: Option<&Arc<str>>) -> LeadGuard {
        let mut shard = self.shard(key);
        outdate(shard.get(key).into_iter().flatten());
        let mut guard = self.lead(&mut shard, key, version, false);
        guard.replaces = Some(i64::MIN);
        guard
    }

    fn lead(
        self: &Arc<Self>,
        shard: &mut Shard,
        key: &str,
        version: Option<&Arc<str>>,
        look_again: bool,
    ) -> LeadGuard {
        let (sender, outcome) = watch::channel(None);
        let flight = Arc::new(Flight {
            version: version.cloned(),
            outdated: AtomicBool::new(false),
            looked: AtomicBool::new(false),
            writing: AsyncMutex::new(()),
            outcome,
        });
        let of_key = shard.entry(key.into()).or_default();
        let before = of_key
            .iter()
            .filter(|flight| flight.outdated.load(SeqCst))
            .cloned()
            .collect();
        of_key.push(Arc::clone(&flight));
        LeadGuard {
            flights: Arc::clone(self),
            key: key.into(),
            flight,
            sender,
            before,
            look_again,
            replaces: None,
        }
    }

    /// Outdates flights before their entries are changed. The caller waits for their writes before its own.
    pub(crate) fn outdate(&self, keys: Keys<'_>) -> Vec<Arc<Flight>> {
        self.outdate_if(keys, |_| true)
    }

    /// Outdates flights that began while their entries were changed, and may have seen them as they were before.
    pub(crate) fn outdate_looked(&self, keys: Keys<'_>) {
        self.outdate_if(keys, |flight| flight.looked.load(SeqCst));
    }

    fn outdate_if(&self, keys: Keys<'_>, which: impl Fn(&Flight) -> bool) -> Vec<Arc<Flight>> {
        let mut outdated = Vec::new();
        let mut add = |flights: &Vec<Arc<Flight>>| {
            let some = flights.iter().filter(|flight| which(flight));
            outdated.append(&mut outdate(some));
        };
        match keys {
            Keys::These(keys) => {
                for key in keys {
                    self.shard(key).get(*key).into_iter().for_each(&mut add);
                }
            }
            Keys::Under(prefix) => {
                for shard in &self.shards {
                    let shard = lock(shard);
                    let under = shard.iter().filter(|(key, _)| key.starts_with(prefix));
                    under.for_each(|(_, flights)| add(flights));
                }
            }
        }
        outdated
    }

    /// How many flights there are.
    pub(crate) fn len(&self) -> usize {
        let of_shard = |shard| lock(shard).values().map(Vec::len).sum::<usize>();
        self.shards.iter().map(of_shard).sum()
    }
}

/// Which flights somebody outdates.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys<'a> {
    These(&'a [&'a str]),
    Under(&'a str),
}

fn outdate<'a>(flights: impl Iterator<Item = &'a Arc<Flight>>) -> Vec<Arc<Flight>> {
    flights
        .inspect(|flight| flight.outdated.store(true, SeqCst))
        .cloned()
        .collect()
}

/// Nothing of the application's runs under these locks, so none is ever poisoned by half a change.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The duty to land a flight. Dropped without doing so, the flight is abandoned.
#[derive(Debug)]
pub(crate) struct LeadGuard {
    flights: Arc<Flights>,
    key: Box<str>,
    flight: Arc<Flight>,
    sender: watch::Sender<Option<Outcome>>,
    /// Outdated flights of the same key, one of which may be writing still.
    before: Vec<Arc<Flight>>,
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
    pub(crate) async fn write(&self) -> Option<AsyncMutexGuard<'_, ()>> {
        for flight in &self.before {
            flight.written().await;
        }
        let permission = self.flight.writing.lock().await;
        // Whoever outdates the flight from here on waits for the lock.
        (!self.flight.outdated.load(SeqCst)).then_some(permission)
    }

    /// Gives everybody who waits the outcome.
    pub(crate) fn land(self, outcome: Outcome) {
        // First out of the table: who comes after a failure tries again.
        self.leave();
        self.sender.send_replace(Some(outcome));
    }

    fn leave(&self) {
        let index = self.flights.index(&self.key);
        let mut shard = lock(&self.flights.shards[index]);
        let Some(of_key) = shard.get_mut(&*self.key) else {
            return;
        };
        let before = of_key.len();
        of_key.retain(|flight| !Arc::ptr_eq(flight, &self.flight));
        let left = before - of_key.len();
        if of_key.is_empty() {
            shard.remove(&*self.key);
        }
        if left > 0 {
            self.flights.ended[index].fetch_add(1, SeqCst);
        }
    }
}

impl Drop for LeadGuard {
    fn drop(&mut self) {
        self.leave();
    }
}
