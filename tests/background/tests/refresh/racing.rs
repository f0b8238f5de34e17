//! Promise 7: what becomes of an item while it is polled. Every race is driven on purpose.

use std::sync::Arc;

use tokio::{sync::Semaphore, time::sleep};
use touchable::refresh::AutoRefreshCache;

use crate::script::{Asked, Numbers, PERIOD, SECOND, builder, counting_behind, settle, until_asked};

/// An item of 0 whose poll waits for the gate.
async fn during_a_poll(capacity: usize) -> (AutoRefreshCache<Numbers>, Asked, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let (builder, asked) = builder(counting_behind(&gate).terminal_from(1_000));
    let cache = builder.capacity(capacity).start().unwrap();
    cache.get_or_create(&1, || 0).unwrap();
    until_asked(&asked, 1).await;
    (cache, asked, gate)
}

async fn answer(gate: &Semaphore) {
    gate.add_permits(1);
    sleep(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn b07_removed() {
    let (cache, asked, gate) = during_a_poll(10).await;
    cache.remove(&1);
    answer(&gate).await;
    assert!(cache.get(&1).is_none() && cache.is_empty());
    sleep(PERIOD * 3).await;
    assert_eq!(asked.count(), 1, "no item, no poll");
    let stats = cache.stats();
    assert_eq!((stats.queued, stats.discarded), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn b07_removed_and_created_again() {
    let (cache, asked, gate) = during_a_poll(10).await;
    cache.remove(&1);
    cache.get_or_create(&1, || 500).unwrap();
    answer(&gate).await;
    assert_eq!(*cache.get(&1).unwrap(), 500, "the new item is intact");
    assert_eq!(asked.count(), 2, "and is polled by itself");
    answer(&gate).await;
    assert_eq!(*cache.get(&1).unwrap(), 501);
}

#[tokio::test(start_paused = true)]
async fn b07_replaced() {
    let (cache, asked, gate) = during_a_poll(10).await;
    assert!(cache.update(&1, 500));
    answer(&gate).await;
    assert_eq!(*cache.get(&1).unwrap(), 500, "no update is lost");
    assert_eq!(cache.stats().discarded, 1);
    until_asked(&asked, 2).await;
    answer(&gate).await;
    assert_eq!(*cache.get(&1).unwrap(), 501);
}

#[tokio::test(start_paused = true)]
async fn b07_replaced_by_what_is_finished() {
    let (cache, asked, gate) = during_a_poll(10).await;
    assert!(cache.update(&1, 1_000));
    answer(&gate).await;
    sleep(PERIOD * 3).await;
    assert_eq!((asked.count(), *cache.get(&1).unwrap()), (1, 1_000));
    assert_eq!(cache.stats().queued, 0);
}

#[tokio::test(start_paused = true)]
async fn b07_evicted() {
    let (cache, asked, gate) = during_a_poll(1).await;
    cache.get_or_create(&2, || 1_000).unwrap();
    answer(&gate).await;
    assert!(cache.get(&1).is_none());
    assert_eq!((cache.len(), asked.evicted().len()), (1, 1));
    assert_eq!(cache.stats().queued, 0);
}

/// The place of a removed item counts neither as an item nor as room, and is left with the call.
#[tokio::test(start_paused = true)]
async fn b07_many_lives_of_one_key_during_one_poll() {
    let (cache, asked, gate) = during_a_poll(2).await;
    for life in 0..1_000 {
        cache.remove(&1);
        assert_eq!(cache.len(), 0);
        cache.get_or_create(&1, || life).unwrap();
        cache.get_or_create(&2, || 1_000).unwrap();
        cache.remove(&2);
    }
    assert_eq!(asked.evicted(), []);
    assert_eq!(cache.stats().queued, 1);
    cache.remove(&1);
    answer(&gate).await;
    assert_eq!(cache.stats().queued, 0);
    settle().await;
    assert_eq!(asked.count(), 1);
}

/// The callers of a creation may go away; nothing of theirs is held.
#[tokio::test(start_paused = true)]
async fn b05_callers_that_go_away() {
    let (cache, asked, gate) = during_a_poll(10).await;
    let waiting = cache.clone();
    let waiter = tokio::spawn(async move { waiting.wait_until(&1, |item| *item == 1, SECOND * 9).await });
    settle().await;
    waiter.abort();
    assert!(waiter.await.is_err());
    answer(&gate).await;
    assert_eq!(*cache.get(&1).unwrap(), 1);
    assert_eq!(asked.count(), 1);
}
