//! 1–3, 10, 11, 13: what a read returns, and what it sets in motion.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use touchable::{
    Stamp,
    cache::{Version, key::Keyed},
    reactive::{BoxError, Compute, Computed, Pool, Reading},
};

use crate::{
    on_every_schedule, on_every_shared_schedule,
    places::{Place, UNIT, eventually},
    script::{Answer, Service, key},
};

pub async fn fresh(node: &touchable::reactive::Reactive<Service>, key: &str) -> i64 {
    let key = key.to_owned();
    eventually("a fresh value", async || match node.read(&key).await.unwrap() {
        Reading::Fresh { value, .. } => Some(value.0),
        _ => None,
    })
    .await
}

async fn b01_the_first_read_is_pending_and_computes_nothing_itself(place: &Place) {
    let service = Service::default();
    service.hold();
    let node = place
        .start(place.builder(service.clone()).poll_after(UNIT * 3))
        .await
        .unwrap();
    let reading = node.read(&key("a")).await.unwrap();
    assert!(
        matches!(reading, Reading::Pending { poll_after } if poll_after == UNIT * 3),
        "{reading:?}"
    );
    eventually("the computation", async || (service.began() == 1).then_some(())).await;
    assert!(
        node.read(&key("a")).await.unwrap().is_pending(),
        "it is not done yet"
    );
    service.open();
    assert_eq!(fresh(&node, "a").await, 1);
    assert_eq!(
        service.began(),
        1,
        "one entry in the schedule, however often it was read"
    );
    node.shutdown().await;
}

async fn b01_who_waits_gets_the_first_value(place: &Place) {
    let service = Service::default();
    service.hold();
    let node = place.node(service.clone()).await;
    let waiting = tokio::spawn({
        let node = node.clone();
        async move { node.read_or_wait(&key("a"), UNIT * 1_000).await }
    });
    eventually("the computation", async || (service.began() == 1).then_some(())).await;
    service.open();
    let reading = waiting.await.unwrap().unwrap();
    assert_eq!(reading.into_value().unwrap().0, 1);
    node.shutdown().await;
}

async fn b01_who_waits_waits_no_longer_than_it_says(place: &Place) {
    let service = Service::default();
    service.hold();
    let node = place.node(service.clone()).await;
    let begun = Instant::now();
    let reading = node.read_or_wait(&key("a"), UNIT).await.unwrap();
    assert!(reading.is_pending() && begun.elapsed() >= UNIT, "{reading:?}");
    service.answer("b", Answer::Fails("down"));
    service.open();
    let reading = node.read_or_wait(&key("b"), UNIT * 1_000).await.unwrap();
    assert_eq!(reading.error().unwrap().to_string(), "down");
    node.shutdown().await;
}

async fn b02_a_key_is_wanted_for_its_lifetime_after_the_last_read(place: &Place) {
    let lifetime = UNIT * 20;
    let node = place
        .start(place.builder(Service::default()).lifetime(lifetime))
        .await
        .unwrap();
    let began = Instant::now();
    // Reads for longer than the lifetime keep it wanted.
    while began.elapsed() < lifetime * 2 {
        let asked = Instant::now();
        let _ = node.read(&key("a")).await.unwrap();
        let wanted = node.inspect(&key("a")).await.unwrap().unwrap().wanted_for;
        let late = asked.elapsed();
        assert!(wanted + late + Duration::from_millis(2) >= lifetime, "{wanted:?}");
        assert!(
            wanted <= lifetime * 11 / 10 + Duration::from_millis(2),
            "{wanted:?}"
        );
        sleep(UNIT).await;
    }
    let last = Instant::now();
    eventually("its end", async || {
        node.inspect(&key("a")).await.unwrap().is_none().then_some(())
    })
    .await;
    assert!(last.elapsed() + UNIT * 2 >= lifetime, "{:?}", last.elapsed());
    assert!(node.peek(&key("a")).await.unwrap().is_none(), "nothing is left");
    node.shutdown().await;
}

async fn b02_a_lifetime_below_the_interval_computes_once_a_read(place: &Place) {
    let service = Service::default();
    let builder = place
        .builder(service.clone())
        .lifetime(UNIT * 5)
        .refresh_interval(UNIT * 1_000);
    let node = place.start(builder).await.unwrap();
    assert_eq!(fresh(&node, "a").await, 1);
    eventually("its end", async || {
        node.inspect(&key("a")).await.unwrap().is_none().then_some(())
    })
    .await;
    service.hold();
    for _ in 0..3 {
        assert!(
            node.read(&key("a")).await.unwrap().is_pending(),
            "no copy of the old one is left"
        );
    }
    service.open();
    assert_eq!(fresh(&node, "a").await, 2);
    node.shutdown().await;
}

async fn b03_a_value_without_workers_is_stale(place: &Place) {
    let service = Service::default();
    let builder = place
        .builder(service.clone())
        .compute_timeout(UNIT * 5)
        .refresh_interval(UNIT * 10);
    let node = place.start(builder).await.unwrap();
    let begun = Instant::now();
    fresh(&node, "a").await;
    node.shutdown().await;
    let (age, error) = eventually("a stale value", async || {
        match node.read(&key("a")).await.unwrap() {
            Reading::Stale { age, error, .. } => Some((age, error)),
            Reading::Fresh { age, .. } => {
                assert!(
                    age < UNIT * 16 + UNIT,
                    "fresh is younger than interval, jitter and timeout: {age:?}"
                );
                None
            }
            other => panic!("{other:?}"),
        }
    })
    .await;
    assert!(
        age + UNIT / 10 >= UNIT * 16 && begun.elapsed() >= UNIT * 15,
        "{age:?}"
    );
    assert!(error.is_none(), "nothing has failed");
}

async fn b03_a_value_too_old_is_not_served(place: &Place) {
    let builder = place.builder(Service::default()).max_stale(UNIT * 20);
    let node = place.start(builder).await.unwrap();
    fresh(&node, "a").await;
    node.shutdown().await;
    let reading = eventually("a failure", async || {
        let reading = node.read(&key("a")).await.unwrap();
        reading.is_failed().then_some(reading)
    })
    .await;
    assert!(reading.error().unwrap().is_too_old(), "{reading:?}");
}

/// A record that was touched at this moment.
fn record(micros: i64) -> Keyed<&'static str> {
    Version::from(Stamp::from_micros(micros)).of("task")
}

async fn b10_a_newer_version_of_its_record_makes_a_value_stale(place: &Place) {
    let service = Service::default();
    let node = place
        .start(place.builder(service.clone()).refresh_interval(UNIT * 10_000))
        .await
        .unwrap();
    let at = async |micros| node.read_at(&key("a"), &record(micros)).await.unwrap();
    eventually("the first value", async || at(10).await.is_fresh().then_some(())).await;
    assert_eq!(service.asked("a"), 1);
    // The record was touched. The value is the old one, until a computation that began later is done.
    service.hold();
    assert!(at(20).await.is_stale());
    assert!(at(20).await.is_stale());
    eventually("the computation", async || (service.began() == 2).then_some(())).await;
    assert!(
        node.read(&key("a")).await.unwrap().is_stale(),
        "it is known to be outdated, whoever asks"
    );
    // And again while it is computed: that one cannot have seen it.
    assert!(at(30).await.is_stale());
    service.let_go(1);
    eventually("another computation", async || {
        (service.began() == 3).then_some(())
    })
    .await;
    assert!(at(30).await.is_stale());
    assert!(node.peek(&key("a")).await.unwrap().unwrap().is_stale());
    service.open();
    eventually("the third value", async || at(30).await.is_fresh().then_some(())).await;
    assert!(
        at(20).await.is_fresh(),
        "a replica that lags is served what is newer"
    );
    assert!(node.read(&key("a")).await.unwrap().is_fresh());
    assert_eq!(service.asked("a"), 3);
    node.shutdown().await;
}

async fn b11_a_peek_changes_nothing(place: &Place) {
    let service = Service::default();
    let builder = place.builder(service.clone()).lifetime(UNIT * 15);
    let node = place.start(builder).await.unwrap();
    assert!(node.peek(&key("a")).await.unwrap().is_none());
    assert!(node.inspect(&key("a")).await.unwrap().is_none());
    fresh(&node, "a").await;
    eventually("its end, in spite of all peeks", async || {
        let reading = node.peek(&key("a")).await.unwrap();
        reading.is_none().then_some(())
    })
    .await;
    node.shutdown().await;
}

async fn b11_computing_it_now(place: &Place) {
    let service = Service::default();
    let builder = place.builder(service.clone()).without_worker();
    let node = place.start(builder).await.unwrap();
    let reading = node.compute_now(&key("a")).await.unwrap();
    assert!(reading.is_fresh());
    let reading = node.compute_now(&key("a")).await.unwrap();
    assert_eq!(reading.into_value().unwrap().0, 2, "also when it is not due");
    service.answer("a", Answer::Fails("down"));
    let reading = node.compute_now(&key("a")).await.unwrap();
    assert!(reading.is_stale() && reading.error().is_some(), "{reading:?}");
}

struct Nothing;

impl Compute for Nothing {
    const NAME: &'static str = "nothing";
    type Key = u8;
    type Value = Option<bool>;

    async fn compute(&self, key: &u8, _: Option<&Option<bool>>) -> Result<Computed<Option<bool>>, BoxError> {
        Ok(Computed::Value((*key > 0).then_some(false)))
    }
}

async fn b13_nothing_is_a_value(place: &Place) {
    let node = place.node(Nothing).await;
    for (key, value) in [(0, None), (1, Some(false))] {
        let reading = node.read_or_wait(&key, UNIT * 1_000).await.unwrap();
        assert!(reading.is_fresh(), "{reading:?}");
        assert_eq!(*reading.into_value().unwrap(), value);
    }
    node.shutdown().await;
}

/// A node that reads alone sees what others compute, and its copies go when they change.
async fn b16_copies_go_when_another_node_settles(place: &Place) {
    let service = Service::default();
    let builder = place.builder(Service::default()).without_worker();
    // So long that copies are not asked for without being told.
    let reader = place.start(builder.lifetime(UNIT * 10_000)).await.unwrap();
    assert!(reader.read(&key("a")).await.unwrap().is_pending());
    let worker = place.node(service.clone()).await;
    assert_eq!(fresh(&reader, "a").await, 1);
    service.answer("a", Answer::Value(77));
    worker.expire(&key("a")).await.unwrap();
    eventually("the new value", async || {
        let reading = reader.read(&key("a")).await.unwrap();
        reading.value().is_some_and(|value| value.0 == 77).then_some(())
    })
    .await;
    // Not even an outdated copy is shown of what was cleared elsewhere.
    service.hold();
    worker.clear(&key("a")).await.unwrap();
    eventually("the end of the copy", async || {
        let reading = reader.read(&key("a")).await.unwrap();
        reading.is_pending().then_some(())
    })
    .await;
    service.open();
    worker.shutdown().await;
    reader.shutdown().await;
}

async fn b16_without_copies_every_read_asks(place: &Place) {
    let service = Service::default();
    let node = place
        .start(
            place
                .builder(service.clone())
                .near_copies(false)
                .pool(Pool::named("own").concurrency(2)),
        )
        .await
        .unwrap();
    assert_eq!(fresh(&node, "a").await, 1);
    assert!(node.read(&key("a")).await.unwrap().is_fresh());
    node.shutdown().await;
}

on_every_schedule!(
    b01_the_first_read_is_pending_and_computes_nothing_itself,
    b01_who_waits_gets_the_first_value,
    b01_who_waits_waits_no_longer_than_it_says,
    b02_a_key_is_wanted_for_its_lifetime_after_the_last_read,
    b02_a_lifetime_below_the_interval_computes_once_a_read,
    b03_a_value_without_workers_is_stale,
    b03_a_value_too_old_is_not_served,
    b10_a_newer_version_of_its_record_makes_a_value_stale,
    b11_a_peek_changes_nothing,
    b11_computing_it_now,
    b13_nothing_is_a_value,
    b16_without_copies_every_read_asks,
);
on_every_shared_schedule!(b16_copies_go_when_another_node_settles);
