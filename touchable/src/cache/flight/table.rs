//! The flights of a cache, by their keys.

use std::{
    collections::HashMap,
    hash::BuildHasher,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use foldhash::fast::RandomState;

use super::{Flight, LeadGuard};

/// Enough that loads of different keys seldom wait for each other's table.
const SHARDS: usize = 32;

/// All flights of a cache.
#[derive(Debug)]
pub(crate) struct Flights {
    hasher: RandomState,
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
            hasher: RandomState::default(),
            shards: Default::default(),
            ended: Default::default(),
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    fn index(&self, key: &str) -> usize {
        self.hasher.hash_one(key) as usize % SHARDS
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
            .filter(|flight| !flight.is_outdated())
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
        let (flight, sender) = Flight::new(version.cloned());
        let flight = Arc::new(flight);
        let of_key = shard.entry(key.into()).or_default();
        let before = of_key
            .iter()
            .filter(|flight| flight.is_outdated())
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

    /// Takes a flight out, if it is still there.
    pub(super) fn remove(&self, key: &str, flight: &Arc<Flight>) {
        let index = self.index(key);
        let mut shard = lock(&self.shards[index]);
        let Some(of_key) = shard.get_mut(key) else {
            return;
        };
        let before = of_key.len();
        of_key.retain(|other| !Arc::ptr_eq(other, flight));
        if of_key.len() < before {
            self.ended[index].fetch_add(1, SeqCst);
        }
        if of_key.is_empty() {
            shard.remove(key);
        }
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
