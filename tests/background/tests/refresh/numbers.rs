//! The numbers of the specification, exactly, on a clock that only waiting moves.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use touchable::refresh::{Evicted, RateLimit};

use crate::script::{PERIOD, SECOND, builder, cache, counting, settle};

#[tokio::test(start_paused = true)]
async fn ten_items_that_grow_until_they_are_finished() {
    let (cache, asked) = cache(counting().terminal_from(10));
    for key in 0..10 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(PERIOD * 12).await;
    assert!((0..10).all(|key| *cache.get(&key).unwrap() == 10));
    assert_eq!(asked.count(), 100, "ten polls each");
    sleep(PERIOD * 100).await;
    assert_eq!(asked.count(), 100, "what is finished is not polled");
    assert_eq!(cache.stats().queued, 0);
    assert_eq!(cache.stats().finished, 10);
}

#[tokio::test(start_paused = true)]
async fn eight_of_ten_leave_where_there_is_room_for_two() {
    let (builder, asked) = builder(counting());
    let cache = builder.capacity(2).start().unwrap();
    for key in 0..10 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    assert_eq!(cache.len(), 2);
    assert_eq!(cache.stats().evicted, 8);
    let evicted: Vec<_> = (0..8).map(|key| (key, Evicted::Live)).collect();
    assert_eq!(asked.evicted(), evicted);
    assert!(cache.get(&8).is_some() && cache.get(&9).is_some());
}

#[tokio::test(start_paused = true)]
async fn five_calls_take_four_seconds_at_one_a_second() {
    let (builder, asked) = builder(counting());
    let cache = builder.rate_limit(RateLimit::per_second(1.0)).start().unwrap();
    let begun = Instant::now();
    for key in 0..5 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(SECOND * 10).await;
    let times: Vec<Duration> = asked.times().into_iter().map(|at| at - begun).collect();
    assert_eq!(times, [0, 1, 2, 3, 4].map(Duration::from_secs));
}

/// When an item is polled that is asked for in one time, and then in another.
async fn polled_when_due_in(times: [u64; 2]) -> Vec<Duration> {
    let (builder, asked) = builder(counting());
    let cache = builder.sync_on_create(false).start().unwrap();
    cache.get_or_create(&1, || 0).unwrap();
    let begun = Instant::now();
    for time in times {
        assert!(cache.sync_in(&1, Duration::from_millis(time)));
        settle().await;
    }
    sleep(SECOND).await;
    asked.times().into_iter().map(|at| at - begun).collect()
}

#[tokio::test(start_paused = true)]
async fn due_in_50_ms_and_then_in_30_is_in_30() {
    assert_eq!(polled_when_due_in([50, 30]).await, [Duration::from_millis(30)]);
}

#[tokio::test(start_paused = true)]
async fn due_in_50_ms_and_then_in_70_is_in_50_and_once() {
    assert_eq!(polled_when_due_in([50, 70]).await, [Duration::from_millis(50)]);
}
