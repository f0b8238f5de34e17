//! Promise 12: waiting for an item, and watching it.

use std::sync::Arc;

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};

use crate::script::{PERIOD, SECOND, builder, cache, counting, counting_behind, service, settle};

#[tokio::test(start_paused = true)]
async fn b12_waits_until_it_is_so() {
    let (cache, _) = cache(counting());
    cache.get_or_create(&1, || 0).unwrap();
    let now = cache.wait_until(&1, |item| *item == 0, SECOND).await.unwrap();
    assert_eq!(*now, 0, "the current value is looked at first");
    let begun = Instant::now();
    let found = cache.wait_until(&1, |item| *item == 3, PERIOD * 9).await.unwrap();
    assert_eq!(*found, 3);
    assert!(begun.elapsed() < PERIOD * 3);
}

#[tokio::test(start_paused = true)]
async fn b12_waits_no_longer() {
    let (cache, _) = cache(counting());
    cache.get_or_create(&1, || 0).unwrap();
    let begun = Instant::now();
    let error = cache.wait_until(&1, |_| false, PERIOD * 3).await.unwrap_err();
    assert!(error.is_not_in_time(), "{error}");
    assert!(
        error.to_string().contains("1 of `numbers` did not become"),
        "{error}"
    );
    assert_eq!(begun.elapsed(), PERIOD * 3);
}

#[tokio::test(start_paused = true)]
async fn b12_what_never_comes_is_told_at_once() {
    let (builder, _) = builder(
        service(|batch| {
            Box::pin(async move {
                for slot in batch.slots() {
                    match *slot.key() {
                        1 => slot.update(10),
                        2 => slot.remove(),
                        _ => slot.fail("closed"),
                    }
                }
                Ok(())
            })
        })
        .terminal_from(10),
    );
    let cache = builder.max_failures(1).start().unwrap();
    let begun = Instant::now();
    let error = cache.wait_until(&1, |_| true, PERIOD).await.unwrap_err();
    assert!(error.is_item_missing(), "{error}");
    for (key, says) in [
        (1, "1 of `numbers` is terminal, and not what was waited for"),
        (2, "`numbers` has no item 2"),
        (3, "has given 3 up"),
    ] {
        cache.get_or_create(&key, || 0).unwrap();
        let error = cache
            .wait_until(&key, |item| *item == 5, PERIOD)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        // Also of what is so already.
        let again = cache
            .wait_until(&key, |item| *item == 5, PERIOD)
            .await
            .unwrap_err();
        assert!(again.to_string().contains(says), "{again}");
    }
    assert!(begun.elapsed() < SECOND);
    assert_eq!(
        *cache.wait_until(&1, |item| *item == 10, PERIOD).await.unwrap(),
        10
    );
}

#[tokio::test(start_paused = true)]
async fn b12_a_watch_sees_the_current_value_and_then_the_newest() {
    let (cache, _) = cache(counting());
    assert!(cache.watch(&1).is_none());
    cache.get_or_create(&1, || 5).unwrap();
    let mut watch = cache.watch(&1).unwrap();
    assert_eq!(watch.next().await.as_deref(), Some(&5));
    assert!(
        timeout(SECOND / 2, async { watch.next().await })
            .await
            .is_ok_and(|next| *next.unwrap() == 6)
    );
    assert!(timeout(SECOND, watch.next()).await.is_err(), "nothing new");
    for next in [10, 20, 30] {
        cache.update(&1, next);
    }
    assert_eq!(watch.current().as_deref(), Some(&30));
    assert_eq!(watch.next().await.as_deref(), Some(&30), "not each of them");
    cache.remove(&1);
    cache.get_or_create(&1, || 99).unwrap();
    assert!(watch.next().await.is_none(), "another item is not this one");
    assert!(watch.next().await.is_none() && watch.current().is_none());
}

/// Many who wait for one item ask the service once.
#[tokio::test(start_paused = true)]
async fn b12_many_wait_for_one() {
    let gate = Arc::new(Semaphore::new(0));
    let (cache, asked) = cache(counting_behind(&gate));
    cache.get_or_create(&1, || 0).unwrap();
    let wait = || {
        let cache = cache.clone();
        tokio::spawn(async move { cache.wait_until(&1, |item| *item == 1, PERIOD).await })
    };
    let waiting: Vec<_> = (0..1_000).map(|_| wait()).collect();
    settle().await;
    gate.add_permits(1);
    for waited in waiting {
        assert_eq!(*waited.await.unwrap().unwrap(), 1);
    }
    assert_eq!(asked.count(), 1);
    sleep(SECOND).await;
}

/// The last value counts, also when the item has left before anybody has looked.
#[tokio::test(start_paused = true)]
async fn b12_the_last_value_before_an_item_leaves_is_seen() {
    let (cache, _) = cache(counting());
    cache.get_or_create(&1, || 0).unwrap();
    let waiting = cache.clone();
    let waiter = tokio::spawn(async move { waiting.wait_until(&1, |item| *item == 50, PERIOD).await });
    let mut watch = cache.watch(&1).unwrap();
    settle().await;
    cache.update(&1, 50);
    cache.remove(&1);
    assert_eq!(*waiter.await.unwrap().unwrap(), 50);
    assert_eq!(watch.next().await.as_deref(), Some(&50));
    assert!(watch.next().await.is_none());
}
