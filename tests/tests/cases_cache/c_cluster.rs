//! C: one loader per cluster, when the store fails, when a caller goes away, and when an old value is at hand.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use sea_orm::{DbErr, TryIntoModel};
use tokio::time::{Instant, sleep};
use touchable::{
    Clock, Result, Stamp,
    cache::{
        Cache, FragmentCache, Options,
        store::{Failsafe, Memory, Store, Ttl},
    },
};
use touchable_tests::entities::board;

use crate::support::{Never, here};

/// How long others wait for a loader at most.
const FLIGHT: Duration = Duration::from_secs(5);

/// What a look or two at a lock takes.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A server that is away, or that reads and takes nothing more.
struct Ailing {
    reads: bool,
}

impl Ailing {
    fn fails<T>() -> Result<T> {
        Err(DbErr::Custom("the server is not well".to_owned()).into())
    }

    fn read<T>(&self, nothing: T) -> Result<T> {
        if self.reads { Ok(nothing) } else { Self::fails() }
    }
}

impl Store for Ailing {
    const NAME: &'static str = "ailing";

    async fn get(&self, _: &str) -> Result<Option<Bytes>> {
        self.read(None)
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
        self.read(vec![None; keys.len()])
    }

    async fn set(&self, _: &str, _: Bytes, _: Option<Ttl>) -> Result<()> {
        Self::fails()
    }

    async fn set_many(&self, _: &[(&str, Bytes)], _: Option<Ttl>) -> Result<()> {
        Self::fails()
    }

    async fn delete(&self, _: &str) -> Result<bool> {
        self.read(false)
    }

    async fn delete_many(&self, _: &[&str]) -> Result<u64> {
        self.read(0)
    }

    async fn delete_prefix(&self, _: &str) -> Result<u64> {
        self.read(0)
    }

    async fn increment(&self, _: &str, _: i64, _: Option<Ttl>) -> Result<i64> {
        Self::fails()
    }

    async fn add(&self, _: &str, _: Bytes, _: Option<Ttl>) -> Result<bool> {
        Self::fails()
    }
}

async fn miss_behind(store: Ailing) {
    let cache = Cache::new(Failsafe::new(store)).unwrap();
    let options = Options::new().cluster_flight(FLIGHT);
    let began = Instant::now();
    let load = || async { Ok::<_, Never>(1) };
    assert_eq!(cache.fetch("n", &options, load).await.unwrap(), 1);
    at_once(began);
}

fn at_once(began: Instant) {
    let waited = began.elapsed();
    assert!(waited < AT_ONCE, "a caller waited for {} s", waited.as_secs());
}

async fn c_a_store_that_is_down_holds_no_miss_up() {
    miss_behind(Ailing { reads: false }).await;
}

async fn c_a_store_that_is_full_holds_no_miss_up() {
    miss_behind(Ailing { reads: true }).await;
}

/// Two processes, as far as the store can tell.
fn nodes() -> [Cache<Memory>; 2] {
    let store = Memory::new();
    [store.clone(), store].map(|store| Cache::new(store).unwrap())
}

async fn c_a_scoped_caller_that_goes_away_takes_its_lock_along() {
    let [first, second] = nodes();
    let options = Options::new().cluster_flight(FLIGHT);
    let never = async || {
        sleep(FLIGHT * 100).await;
        Ok::<_, Never>(1)
    };
    let mut left = Box::pin(first.fetch_scoped("n", &options, never));
    assert!(left.as_mut().now_or_never().is_none());
    drop(left);
    let began = Instant::now();
    let load = async || Ok::<_, Never>(2);
    assert_eq!(second.fetch_scoped("n", &options, load).await.unwrap(), 2);
    at_once(began);
}

async fn c_a_renderer_that_goes_away_takes_its_lock_along() {
    let [first, second] =
        nodes().map(|cache| FragmentCache::with_options(cache, Options::new().cluster_flight(FLIGHT)));
    let task = board::task(1, None, None).try_into_model().unwrap();
    let mut left = Box::pin(first.fetch(&task, "card", async || {
        sleep(FLIGHT * 100).await;
        "never"
    }));
    assert!(left.as_mut().now_or_never().is_none());
    drop(left);
    let began = Instant::now();
    let card = second.fetch(&task, "card", async || "a card").await.unwrap();
    assert_eq!(&*card, "a card");
    at_once(began);
}

/// Another process has the lock: its value comes later, the old one is here.
async fn c_an_old_value_is_served_at_once_while_another_process_loads() {
    let (store, clock) = (Memory::new(), Clock::manual(Stamp::from_micros(1)));
    let [first, second] =
        [store.clone(), store].map(|store| Cache::builder(store).clock(clock.clone()).build().unwrap());
    let minute = Duration::from_mins(1);
    let options = Options::new()
        .ttl(minute)
        .stale_while_revalidate(minute)
        .cluster_flight(FLIGHT);
    first.set("n", &1, &options).await.unwrap();
    clock.advance(minute + minute / 2);
    let slow = || async {
        sleep(FLIGHT / 2).await;
        Ok::<_, Never>(2)
    };
    assert_eq!(first.fetch("n", &options, slow).await.unwrap(), 1);
    // Until its loader runs.
    sleep(Duration::from_millis(1)).await;
    let began = Instant::now();
    let value = second
        .fetch_scoped("n", &options, async || Ok::<_, Never>(3))
        .await;
    at_once(began);
    assert_eq!(value.unwrap(), 1);
}

here!(paused:
    c_a_store_that_is_down_holds_no_miss_up,
    c_a_store_that_is_full_holds_no_miss_up,
    c_a_scoped_caller_that_goes_away_takes_its_lock_along,
    c_a_renderer_that_goes_away_takes_its_lock_along,
    c_an_old_value_is_served_at_once_while_another_process_loads,
);
