//! Promises 2, 3, 4 and 10: reading, creating, removing, and in which order items are polled.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use touchable::refresh::{ItemState, RateLimit};

use crate::script::{
    PERIOD, SECOND, builder, cache, counting, counting_behind, service, settle, slowly_counting, until_asked,
};

#[tokio::test(start_paused = true)]
async fn b02_what_is_there_is_not_created() {
    let (cache, _) = cache(counting());
    assert!(cache.get(&1).is_none());
    assert_eq!(*cache.get_or_create(&1, || 5).unwrap(), 5);
    assert_eq!(*cache.get_or_create(&1, || unreachable!()).unwrap(), 5);
    assert_eq!(cache.get(&1).as_deref(), Some(&5));
    assert_eq!((cache.len(), cache.keys()), (1, vec![1]));
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_one_of_many_creators_creates() {
    let (cache, _) = cache(counting());
    for key in 0..200 {
        let (created, together) = (AtomicUsize::new(0), Barrier::new(8));
        let found: Vec<Arc<u32>> = thread::scope(|scope| {
            let ask = || {
                together.wait();
                let create = || {
                    created.fetch_add(1, SeqCst);
                    thread::yield_now();
                    7
                };
                cache.get_or_create(&key, create).unwrap()
            };
            let all: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(created.load(SeqCst), 1);
        assert!(found.iter().all(|value| **value >= 7));
    }
}

#[tokio::test]
async fn b02_a_creator_that_panics_leaves_it_to_the_next() {
    let (cache, _) = cache(counting());
    let other = cache.clone();
    let panicked = thread::spawn(move || other.get_or_create(&1, || panic!("not today")));
    assert!(panicked.join().is_err());
    assert_eq!(*cache.get_or_create(&1, || 5).unwrap(), 5);
}

#[tokio::test]
async fn b02_a_creator_that_asks_for_itself_is_told() {
    let (cache, _) = cache(counting());
    let created = cache.get_or_create(&1, || {
        let error = cache.get_or_create(&1, || 6).unwrap_err().to_string();
        assert!(error.contains("what creates 1 of `numbers` asks"), "{error}");
        // Others are no matter.
        *cache.get_or_create(&2, || 7).unwrap()
    });
    assert_eq!(*created.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn b02_an_entry_tells_what_is_known() {
    let (cache, _) = cache(
        service(|batch| {
            Box::pin(async move {
                for slot in batch.slots() {
                    match (*slot.key(), **slot.item()) {
                        (1, 0) => slot.update(1),
                        (1, _) => slot.fail("it is closed"),
                        (_, item) => slot.update(item + 5),
                    }
                }
                Ok(())
            })
        })
        .terminal_from(10),
    );
    assert!(cache.entry(&1).is_none());
    cache.get_or_create(&1, || 0).unwrap();
    cache.get_or_create(&2, || 10).unwrap();
    let new = cache.entry(&1).unwrap();
    assert_eq!(
        (new.state, new.polled_ago, new.failures),
        (ItemState::Live, None, 0)
    );
    assert_eq!(cache.entry(&2).unwrap().state, ItemState::Terminal);
    sleep(SECOND).await;
    assert_eq!(cache.entry(&1).unwrap().polled_ago, Some(SECOND));
    sleep(PERIOD * 3 / 2).await;
    let failed = cache.entry(&1).unwrap();
    assert_eq!(*failed.value, 1, "it stays as it is");
    assert_eq!((failed.state, failed.failures), (ItemState::Live, 1));
    assert_eq!(failed.last_error.as_deref(), Some("it is closed"));
    assert_eq!(cache.stats().hits, 0, "looking at it is no read");
}

#[tokio::test(start_paused = true)]
async fn b03_without_sync_on_create_the_first_poll_is_after_the_period() {
    let (builder, asked) = builder(counting());
    let cache = builder.sync_on_create(false).start().unwrap();
    let begun = Instant::now();
    cache.get_or_create(&1, || 0).unwrap();
    sleep(PERIOD * 2).await;
    let first = asked.times()[0] - begun;
    assert!((PERIOD * 9 / 10..=PERIOD * 11 / 10).contains(&first), "{first:?}");
}

/// A service that is slower than its items need, and 100 new ones beside 1,000 that wait.
#[tokio::test(start_paused = true)]
async fn b03_new_items_go_before_a_backlog() {
    let (builder, asked) = builder(slowly_counting(SECOND / 10));
    let cache = builder
        .resync_period(SECOND)
        .workers(1)
        .rate_limit(RateLimit::per_second(1e6).burst(10))
        .start()
        .unwrap();
    for key in 0..1_000 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(SECOND * 300).await;
    let begun = Instant::now();
    for key in 1_000..1_100 {
        cache.get_or_create(&key, || 0).unwrap();
        sleep(SECOND).await;
    }
    let calls: Vec<_> = asked.calls().into_iter().zip(asked.times()).collect();
    for key in 1_000..1_100 {
        let (_, first) = calls.iter().find(|(keys, _)| keys == &[key]).expect("a poll");
        let created = begun + SECOND * (key - 1_000);
        assert!(
            *first - created <= SECOND,
            "{key} waited for {:?}",
            *first - created
        );
    }
    assert_eq!(cache.stats().queued, 1_100, "never more than there are items");
}

/// However many are new, one in four calls is for what waits.
#[tokio::test(start_paused = true)]
async fn b03_new_items_do_not_starve_the_others() {
    let (builder, asked) = builder(slowly_counting(SECOND / 10));
    let cache = builder
        .workers(1)
        .rate_limit(RateLimit::per_second(1e6).burst(10))
        .start()
        .unwrap();
    for key in 0..10 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(PERIOD * 3 / 2).await;
    let before = asked.count();
    assert_eq!(before, 20);
    // From now on there are always more new ones than there are calls.
    for key in 1_000..4_000 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(PERIOD).await;
    let calls = asked.calls().split_off(before);
    let of_others = calls.iter().filter(|keys| keys[0] < 1_000).count();
    assert!((10..=11).contains(&of_others), "{of_others} of {}", calls.len());
    assert!(calls.len() > 900, "{}", calls.len());
}

#[tokio::test(start_paused = true)]
async fn b04_the_longest_wait_goes_first() {
    let (builder, asked) = builder(counting());
    let cache = builder
        .workers(1)
        .sync_on_create(false)
        .rate_limit(RateLimit::per_second(1.0))
        .start()
        .unwrap();
    for key in [3, 1, 2, 0] {
        cache.get_or_create(&key, || 0).unwrap();
    }
    for (key, at) in [(2, 30), (0, 10), (1, 40), (3, 20)] {
        assert!(cache.sync_in(&key, Duration::from_millis(at)));
    }
    sleep(SECOND * 5).await;
    assert_eq!(asked.calls(), [[0], [3], [2], [1]]);
}

#[tokio::test(start_paused = true)]
async fn b04_what_is_hinted_at_goes_before_what_waits() {
    let (builder, asked) = builder(counting());
    let limit = RateLimit::per_second(1.0);
    let cache = builder.workers(1).rate_limit(limit).start().unwrap();
    for key in 0..5 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(PERIOD * 8 / 10).await;
    // All of them are overdue when the next call begins.
    cache.sync_all();
    settle().await;
    assert!(cache.sync_soon(&4));
    let before = asked.count();
    sleep(SECOND * 3).await;
    let calls = asked.calls().split_off(before);
    assert_eq!(calls[0], [4], "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn b05_one_key_is_not_polled_twice_at_the_same_time() {
    let gate = Arc::new(Semaphore::new(0));
    let (cache, asked) = cache(counting_behind(&gate));
    cache.get_or_create(&1, || 0).unwrap();
    until_asked(&asked, 1).await;
    // Whatever becomes of it meanwhile.
    assert_eq!(cache.remove(&1).as_deref(), Some(&0));
    cache.get_or_create(&1, || 100).unwrap();
    assert!(cache.sync_soon(&1));
    cache.remove(&1);
    cache.get_or_create(&1, || 200).unwrap();
    sleep(SECOND).await;
    assert_eq!(asked.count(), 1);
    gate.add_permits(1);
    sleep(SECOND).await;
    assert_eq!(asked.count(), 2, "as soon as the call has ended");
    assert_eq!(*cache.get(&1).unwrap(), 200);
    gate.add_permits(1);
    sleep(SECOND).await;
    assert_eq!(*cache.get(&1).unwrap(), 201);
}

#[tokio::test(start_paused = true)]
async fn b10_removing_and_updating() {
    let (cache, asked) = cache(counting().terminal_from(10));
    assert!(cache.remove(&1).is_none());
    assert!(!cache.update(&1, 5), "only what is there");
    assert!(!cache.sync_soon(&1) && !cache.sync_in(&1, SECOND) && !cache.retry(&1));
    cache.get_or_create(&1, || 0).unwrap();
    assert!(cache.update(&1, 8));
    assert_eq!(*cache.get(&1).unwrap(), 8);
    assert!(cache.update(&1, 10));
    assert_eq!(cache.entry(&1).unwrap().state, ItemState::Terminal);
    assert!(!cache.update(&1, 5), "what is finished stays so");
    assert!(!cache.sync_soon(&1));
    sleep(PERIOD * 3).await;
    assert_eq!(asked.count(), 0, "and is not polled");
    assert_eq!(cache.remove(&1).as_deref(), Some(&10));
    assert!(cache.get(&1).is_none() && cache.is_empty());
    assert_eq!(cache.stats().queued, 0);
}
