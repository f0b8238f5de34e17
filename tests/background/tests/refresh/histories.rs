//! Random histories by many threads at once on a real clock: whatever happens, no item is lost, stuck, resurrected or polled twice at the
//! same time.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use tokio::time::sleep;
use touchable::refresh::{AutoRefreshCache, Batch, BoxError, Evicted, ItemState, Poller, RateLimit};

/// What an item was made by, and how often it was polled since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Life {
    number: u32,
    polls: u32,
}

#[derive(Default)]
struct Service {
    /// The keys that are polled at this moment.
    under_way: Mutex<HashMap<u32, u32>>,
    overlaps: AtomicU32,
    calls: AtomicU32,
    /// From then on everything is answered.
    is_calm: AtomicBool,
}

struct Restless(Arc<Service>);

/// Ends what it has begun however a call ends.
struct UnderWay<'a>(&'a Service, Vec<u32>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.0.under_way.lock().unwrap();
        for key in &self.1 {
            under_way.remove(key);
        }
    }
}

impl Poller for Restless {
    type Key = u32;
    type Item = Life;

    async fn poll(&self, batch: &mut Batch<u32, Life>) -> Result<(), BoxError> {
        let service = &*self.0;
        service.calls.fetch_add(1, SeqCst);
        let keys: Vec<u32> = batch.keys().copied().collect();
        {
            let mut under_way = service.under_way.lock().unwrap();
            for key in &keys {
                if under_way.insert(*key, 1).is_some() {
                    service.overlaps.fetch_add(1, SeqCst);
                }
            }
        }
        let _under_way = UnderWay(service, keys);
        if !service.is_calm.load(SeqCst) {
            match fastrand::u32(..20) {
                0 => return Err("closed".into()),
                1 => panic!("a bug"),
                2 => std::future::pending::<()>().await,
                3 => batch.throttled(Duration::from_millis(5)),
                _ => sleep(Duration::from_micros(fastrand::u64(..3_000))).await,
            }
        }
        let is_calm = service.is_calm.load(SeqCst);
        for slot in batch.slots() {
            let life = **slot.item();
            let next = Life {
                polls: life.polls + 1,
                ..life
            };
            match fastrand::u32(..12) {
                0 if !is_calm => slot.remove(),
                1 if !is_calm => slot.fail("closed"),
                2 if !is_calm => {}
                3 => slot.again_in(Duration::from_millis(1)).update(next),
                _ => slot.update(next),
            }
        }
        Ok(())
    }

    fn is_terminal(&self, life: &Life) -> bool {
        life.polls >= 50
    }

    fn on_evicted(&self, _: &u32, _: &Arc<Life>, _: Evicted) {
        assert!(fastrand::u32(..50) > 0, "told");
    }
}

const KEYS: u32 = 40;

/// One thread's steps. What it has removed or replaced last is known to it: nobody else changes its keys.
fn steps(cache: &AutoRefreshCache<Restless>, mine: u32, seed: u64, until: Instant) {
    let mut rng = Rng::with_seed(seed);
    let mut lives: HashMap<u32, u32> = HashMap::new();
    let mut number = 0;
    while Instant::now() < until {
        let key = mine * KEYS + rng.u32(..KEYS);
        number += 1;
        match rng.u32(..10) {
            0..3 => {
                let life = cache.get_or_create(&key, || Life { number, polls: 0 }).unwrap();
                let before = lives.insert(key, life.number);
                assert!(
                    life.number == number || Some(life.number) == before,
                    "{key} was life {before:?}, and is {life:?}"
                );
            }
            3 => {
                cache.remove(&key);
                lives.remove(&key);
                assert!(cache.get(&key).is_none(), "{key} came back");
            }
            4 => {
                if cache.update(&key, Life { number, polls: 0 }) {
                    lives.insert(key, number);
                    if let Some(life) = cache.get(&key) {
                        assert_eq!(life.number, number, "the update of {key} is lost");
                    }
                }
            }
            5 => drop(cache.sync_soon(&key)),
            6 => cache.sync_all(),
            7 => drop(cache.retry(&key)),
            8 => drop(cache.entry(&key)),
            _ => {
                if let Some(life) = cache.get(&key) {
                    assert_eq!(Some(&life.number), lives.get(&key), "{key} is of another life");
                }
            }
        }
        // Not waited for anything: the steps of threads shall meet in other orders.
        if rng.u32(..100) == 0 {
            thread::sleep(Duration::from_micros(rng.u64(..500)));
        }
    }
}

fn history(seed: u64, capacity: usize, batch: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .enable_all()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let service = Arc::new(Service::default());
    let cache = AutoRefreshCache::builder("restless", Restless(Arc::clone(&service)))
        .resync_period(Duration::from_millis(5))
        .poll_timeout(Duration::from_millis(20))
        .rate_limit(RateLimit::per_second(1e6).burst(1_000))
        .capacity(capacity)
        .batch(batch)
        .workers(6)
        .start()
        .unwrap();
    let until = Instant::now() + Duration::from_millis(1_500);
    thread::scope(|scope| {
        for mine in 0..4 {
            let cache = &cache;
            scope.spawn(move || steps(cache, mine, seed + u64::from(mine), until));
        }
    });
    assert_eq!(service.overlaps.load(SeqCst), 0, "one key twice at the same time");
    assert!(service.calls.load(SeqCst) > 50, "{}", service.calls.load(SeqCst));
    // Now everything is finished in the end: nothing is stuck.
    service.is_calm.store(true, SeqCst);
    runtime.block_on(async {
        let given_up = Duration::from_mins(1);
        let all_finished = async {
            loop {
                cache.retry_all();
                cache.sync_all();
                let stats = cache.stats();
                if stats.live == 0 && stats.queued == 0 {
                    return;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        let done = tokio::time::timeout(given_up, all_finished).await;
        assert!(done.is_ok(), "stuck: {:?}", cache.stats());
        let keys = cache.keys();
        assert!(keys.len() <= capacity && keys.len() == cache.len());
        for key in keys {
            assert_eq!(cache.entry(&key).unwrap().state, ItemState::Terminal);
            assert_eq!(cache.get(&key).unwrap().polls, 50);
        }
        let end = tokio::time::timeout(given_up, cache.shutdown()).await;
        assert!(end.is_ok());
    });
}

#[test]
fn with_room_for_all() {
    for seed in 0..2 {
        history(seed, 10_000, 1);
    }
}

#[test]
fn in_batches() {
    for seed in 10..12 {
        history(seed, 10_000, 16);
    }
}
