//! Promises 1 and 6: slots, and what of an answer counts.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use touchable::refresh::{Batch, RateLimit, Slot};

use crate::script::{PERIOD, SECOND, builder, cache, counting_behind, service, settle, until_asked};

#[tokio::test(start_paused = true)]
async fn b01_no_slot_for_another_key_or_a_second_answer() {
    let (cache, asked) = cache(service(|batch| {
        Box::pin(async move {
            assert!(batch.slot(&99).is_none(), "nobody has asked for it");
            assert_eq!(batch.len(), 1);
            batch.slot(&1).expect("asked for").update(5);
            assert!(batch.slot(&1).is_none(), "it is answered");
            assert!(batch.slots().next().is_none());
            Ok(())
        })
    }));
    cache.get_or_create(&1, || 0).unwrap();
    sleep(SECOND).await;
    assert_eq!(asked.count(), 1);
    assert_eq!(cache.entry(&1).unwrap().failures, 0);
    assert_eq!(*cache.get(&1).unwrap(), 5);
    assert!(cache.get(&99).is_none());
}

#[tokio::test(start_paused = true)]
async fn b01_slots_of_a_large_batch_are_found_by_key() {
    let (builder, asked) = builder(service(|batch| {
        Box::pin(async move {
            let mut keys: Vec<u32> = batch.keys().copied().collect();
            keys.reverse();
            for key in keys {
                batch.slot(&key).unwrap().update(key * 2);
                assert!(batch.slot(&key).is_none() && batch.slot(&(key + 1_000)).is_none());
            }
            Ok(())
        })
    }));
    let cache = builder.batch(100).start().unwrap();
    for key in 0..100 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(SECOND).await;
    assert_eq!(asked.count(), 1, "what arrives together is asked together");
    assert!((0..100).all(|key| *cache.get(&key).unwrap() == key * 2));
}

#[tokio::test(start_paused = true)]
async fn b01_a_slot_without_an_answer_is_unchanged_and_counted() {
    let (cache, asked) = cache(service(|_| Box::pin(async { Ok(()) })));
    cache.get_or_create(&1, || 7).unwrap();
    sleep(PERIOD * 5).await;
    let polls = asked.count() as u64;
    assert!((4..=6).contains(&polls), "no backing off: {polls}");
    assert_eq!(*cache.get(&1).unwrap(), 7);
    let stats = cache.stats();
    assert_eq!(
        (stats.unanswered, stats.failures, stats.polled),
        (polls, 0, polls)
    );
}

#[tokio::test(start_paused = true)]
async fn b01_an_item_with_a_time_of_its_own() {
    let (builder, asked) = builder(service(|batch| {
        Box::pin(async move {
            if let Some(slot) = batch.slot(&1) {
                slot.again_in(SECOND * 7).update(1);
            }
            if let Some(slot) = batch.slot(&2) {
                drop(slot.again_in(PERIOD * 3));
            }
            Ok(())
        })
    }));
    // Also beside others whose time has nearly come.
    let cache = builder.batch(10).start().unwrap();
    cache.get_or_create(&1, || 0).unwrap();
    cache.get_or_create(&2, || 0).unwrap();
    let begun = Instant::now();
    sleep(PERIOD).await;
    let of = |key: u32| -> Vec<Duration> {
        let calls = asked.calls().into_iter().zip(asked.times());
        calls
            .filter(|(keys, _)| keys.contains(&key))
            .map(|(_, at)| at - begun)
            .collect()
    };
    let times = of(1);
    for pair in times.windows(2) {
        assert_eq!(pair[1], pair[0] + SECOND * 7);
    }
    assert_eq!(times.len(), 15);
    assert_eq!(of(2).len(), 1);
    assert_eq!(cache.stats().unanswered, 0, "it was looked at");
}

#[tokio::test(start_paused = true)]
async fn b01_a_service_that_asks_for_a_rest() {
    let (builder, asked) = builder(service(|batch| {
        Box::pin(async move {
            let is_first = batch.items().any(|(key, item)| *key == 0 && **item == 0);
            if is_first {
                batch.throttled(SECOND * 60);
                batch.throttled(SECOND);
            }
            for slot in batch.slots() {
                slot.update(1);
            }
            Ok(())
        })
    }));
    let limit = RateLimit::per_second(10.0).burst(5);
    let cache = builder.workers(1).rate_limit(limit).start().unwrap();
    let begun = Instant::now();
    for key in 0..4 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(SECOND * 62).await;
    let times: Vec<Duration> = asked.times().into_iter().map(|at| at - begun).collect();
    let paced = [0, 60_000, 60_100, 60_200].map(Duration::from_millis);
    assert_eq!(times, paced, "nobody begins, and then at the rate");
}

#[tokio::test(start_paused = true)]
async fn b01_a_row_that_is_gone() {
    let (cache, asked) = cache(service(|batch| {
        Box::pin(async move {
            batch.slots().for_each(Slot::remove);
            Ok(())
        })
    }));
    cache.get_or_create(&1, || 0).unwrap();
    sleep(SECOND).await;
    assert!(cache.get(&1).is_none() && cache.is_empty());
    assert_eq!(
        asked.evicted(),
        [],
        "nothing is lost that the service has not said"
    );
    assert_eq!(cache.stats().queued, 0);
    cache.get_or_create(&1, || 0).unwrap();
    sleep(SECOND).await;
    assert_eq!(asked.count(), 2);
}

/// The value is that of the moment in which the call begins.
#[tokio::test(start_paused = true)]
async fn b06_a_poll_sees_what_is_current_when_it_begins() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let (builder, _) = builder(service(move |batch| {
        let noted = Arc::clone(&noted);
        Box::pin(async move {
            noted
                .lock()
                .unwrap()
                .extend(batch.items().map(|(key, item)| (*key, **item)));
            Ok(())
        })
    }));
    let cache = builder
        .rate_limit(RateLimit::per_second(1.0))
        .workers(1)
        .start()
        .unwrap();
    cache.get_or_create(&1, || 0).unwrap();
    cache.get_or_create(&2, || 0).unwrap();
    settle().await;
    // The second waits for the limiter.
    assert!(cache.update(&2, 5));
    sleep(SECOND * 2).await;
    assert_eq!(*seen.lock().unwrap(), [(1, 0), (2, 5)]);
}

#[tokio::test(start_paused = true)]
async fn b04_what_is_asked_for_during_a_poll_is_polled_once_more() {
    let gate = Arc::new(Semaphore::new(0));
    let (cache, asked) = cache(counting_behind(&gate));
    cache.get_or_create(&1, || 0).unwrap();
    until_asked(&asked, 1).await;
    for _ in 0..10 {
        assert!(cache.sync_soon(&1));
    }
    assert_eq!(cache.stats().queued, 1, "a key is in the queue once");
    settle().await;
    assert_eq!(asked.count(), 1, "not twice at the same time");
    gate.add_permits(10);
    sleep(SECOND).await;
    assert_eq!(asked.count(), 2);
    assert_eq!(*cache.get(&1).unwrap(), 2);
}

/// What comes one after the other within ten milliseconds goes with one call.
#[tokio::test(start_paused = true)]
async fn b03_a_stream_of_new_items_is_gathered() {
    let (builder, asked) = builder(service(|_| Box::pin(async { Ok(()) })));
    let cache = builder.batch(500).start().unwrap();
    for key in 0..200 {
        cache.get_or_create(&key, || 0).unwrap();
        sleep(Duration::from_millis(1)).await;
    }
    sleep(SECOND).await;
    assert_eq!(cache.stats().polled, 200);
    assert!(asked.count() <= 40, "{} calls", asked.count());
}

#[test]
fn b01_a_poller_can_be_tested_by_itself() {
    let mut batch = Batch::new((0..5).map(|key| (key, Arc::new(key))));
    batch.slot(&0).unwrap().update(7);
    batch.slot(&1).unwrap().fail("closed");
    batch.slot(&2).unwrap().remove();
    batch.slot(&3).unwrap().unchanged();
    let answers: Vec<Option<String>> = (0..6).map(|key| batch.answer(&key)).collect();
    let expected = ["updated", "failed: closed", "removed", "unchanged"].map(|said| Some(said.to_owned()));
    assert_eq!(answers[..4], expected);
    assert_eq!(answers[4..], [None, None]);
}
