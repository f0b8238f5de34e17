//! Promise 11, and the lifetimes of items.

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use touchable::refresh::{AutoRefreshCache, Batch, BoxError, Evicted, OnFull, Poller, RateLimit};

use crate::script::{PERIOD, SECOND, builder, counting, service};

#[tokio::test(start_paused = true)]
async fn b11_the_least_recently_used_leaves() {
    let (builder, asked) = builder(counting());
    let cache = builder.capacity(3).start().unwrap();
    for key in 0..3 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    assert!(cache.get(&0).is_some());
    cache.get_or_create(&3, || 0).unwrap();
    assert!(cache.get(&2).is_some());
    cache.get_or_create(&4, || 0).unwrap();
    assert_eq!(asked.evicted(), [(1, Evicted::Live), (0, Evicted::Live)]);
    let mut left = cache.keys();
    left.sort_unstable();
    assert_eq!(left, [2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn b11_what_is_finished_leaves_first() {
    let (builder, asked) = builder(counting().terminal_from(10));
    let cache = builder.capacity(3).start().unwrap();
    cache.get_or_create(&0, || 0).unwrap();
    cache.get_or_create(&1, || 10).unwrap();
    cache.get_or_create(&2, || 10).unwrap();
    assert!(cache.get(&1).is_some());
    for key in 3..6 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    let finished = Evicted::Finished;
    assert_eq!(
        asked.evicted(),
        [(2, finished), (1, finished), (0, Evicted::Live)]
    );
    assert_eq!(cache.stats().evicted, 3);
}

#[tokio::test(start_paused = true)]
async fn b11_or_the_new_one_is_refused() {
    let (builder, asked) = builder(counting().terminal_from(10));
    let cache = builder.capacity(2).on_full(OnFull::Refuse).start().unwrap();
    cache.get_or_create(&0, || 0).unwrap();
    cache.get_or_create(&1, || 10).unwrap();
    let error = cache.get_or_create(&2, || 0).unwrap_err();
    assert!(error.is_full(), "{error}");
    let says = error.to_string();
    assert!(
        says.contains("`numbers` is full with 2 items") && says.contains(" 2 cannot"),
        "{says}"
    );
    let refused = cache.get_or_create(&2, || unreachable!("nothing is created in vain"));
    assert!(refused.is_err());
    assert_eq!(
        *cache.get_or_create(&0, || 9).unwrap(),
        0,
        "what is there is there"
    );
    cache.remove(&1);
    cache.get_or_create(&2, || 0).unwrap();
    assert_eq!(asked.evicted(), []);
}

#[tokio::test(start_paused = true)]
async fn b11_items_leave_after_their_time() {
    let (builder, asked) = builder(counting().terminal_from(3));
    let cache = builder.terminal_ttl(PERIOD).max_age(PERIOD * 4).start().unwrap();
    cache.get_or_create(&0, || 3).unwrap();
    cache.get_or_create(&1, || 1).unwrap();
    sleep(PERIOD * 99 / 100).await;
    assert!(cache.get(&0).is_some());
    sleep(SECOND * 2).await;
    assert!(cache.get(&0).is_none());
    assert_eq!(asked.evicted(), [(0, Evicted::Expired)]);
    // Terminal after about two periods: it leaves after three.
    sleep(PERIOD * 4).await;
    assert_eq!(asked.evicted().len(), 2);
    assert!(cache.is_empty());
}

#[tokio::test(start_paused = true)]
async fn b11_live_items_leave_at_their_age() {
    let (builder, asked) = builder(counting());
    let cache = builder.max_age(PERIOD * 2).start().unwrap();
    let begun = Instant::now();
    cache.get_or_create(&1, || 0).unwrap();
    while !cache.is_empty() {
        sleep(Duration::from_millis(100)).await;
    }
    let age = begun.elapsed();
    assert!((PERIOD * 2..PERIOD * 2 + SECOND).contains(&age), "{age:?}");
    assert_eq!(asked.evicted(), [(1, Evicted::Expired)]);
}

/// Also while the limiter lets nobody pass.
#[tokio::test(start_paused = true)]
async fn b11_items_leave_while_the_service_rests() {
    let (builder, asked) = builder(service(|batch| {
        Box::pin(async move {
            batch.throttled(PERIOD * 1_000);
            Ok(())
        })
    }));
    let cache = builder.max_age(PERIOD * 2).workers(1).start().unwrap();
    cache.get_or_create(&1, || 0).unwrap();
    sleep(PERIOD * 2 + SECOND).await;
    assert_eq!(asked.evicted(), [(1, Evicted::Expired)]);
    assert_eq!(asked.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn b11_a_lifetime_of_zero_is_at_once() {
    let (builder, asked) = builder(counting().terminal_from(1));
    let cache = builder.terminal_ttl(Duration::ZERO).start().unwrap();
    cache.get_or_create(&1, || 0).unwrap();
    sleep(SECOND).await;
    assert!(cache.is_empty());
    assert_eq!((asked.count(), asked.evicted().len()), (1, 1));
    cache.get_or_create(&2, || 5).unwrap();
    sleep(SECOND).await;
    assert!(cache.is_empty());
}

/// What is told of them may panic, and may use the cache; so may the end of a value.
#[tokio::test(start_paused = true)]
async fn b11_hooks_and_ends_that_use_the_cache() {
    type Shared = Arc<Mutex<Weak<AutoRefreshCache<Hooked>>>>;

    struct Hooked(Shared);
    struct Ending(u32, Shared);

    impl Drop for Ending {
        fn drop(&mut self) {
            let cache = self.1.lock().unwrap().upgrade();
            if let Some(cache) = cache {
                assert!(cache.get(&(self.0 + 1_000)).is_none());
                cache.remove(&(self.0 + 1_000));
                assert!(cache.len() < 100);
            }
        }
    }

    impl Poller for Hooked {
        type Key = u32;
        type Item = Ending;

        async fn poll(&self, batch: &mut Batch<u32, Ending>) -> Result<(), BoxError> {
            for slot in batch.slots() {
                let next = Ending(slot.item().0, Arc::clone(&self.0));
                slot.update(next);
            }
            Ok(())
        }

        fn on_evicted(&self, key: &u32, _: &Arc<Ending>, _: Evicted) {
            let cache = self.0.lock().unwrap().upgrade().unwrap();
            assert!(cache.get(key).is_none());
            cache.remove(&(key + 1));
            panic!("told");
        }
    }

    let shared = Shared::default();
    let cache = AutoRefreshCache::builder("hooked", Hooked(Arc::clone(&shared)))
        .capacity(2)
        .rate_limit(RateLimit::per_second(1_000.0).burst(1_000))
        .start()
        .unwrap();
    let cache = Arc::new(cache);
    *shared.lock().unwrap() = Arc::downgrade(&cache);
    for round in 0..50 {
        cache
            .get_or_create(&round, || Ending(round, Arc::clone(&shared)))
            .unwrap();
        sleep(SECOND / 10).await;
        cache.update(&round, Ending(round, Arc::clone(&shared)));
        cache.sync_all();
    }
    assert!(cache.len() <= 2);
    assert!(cache.stats().evicted > 10);
}

/// Of two lifetimes the shorter one counts, whichever that is.
#[tokio::test(start_paused = true)]
async fn b11_a_finished_item_leaves_at_its_age_at_the_latest() {
    let (builder, _) = builder(counting().terminal_from(10));
    let cache = builder.max_age(PERIOD).terminal_ttl(PERIOD * 5).start().unwrap();
    cache.get_or_create(&1, || 10).unwrap();
    sleep(PERIOD * 99 / 100).await;
    assert!(cache.get(&1).is_some());
    sleep(PERIOD * 2 / 100).await;
    assert!(cache.is_empty());
}
