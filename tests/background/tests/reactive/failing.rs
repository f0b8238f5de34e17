//! 7: what becomes of a computation that fails, panics, hangs or is too large.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use touchable::{
    reactive::{BoxError, Compute, Computed, Reading},
    schedule::Backoff,
};

use crate::{
    on_every_schedule,
    places::{Place, UNIT, eventually},
    reading::fresh,
    script::{Answer, Service, key},
};

async fn b07_the_old_value_stays_with_the_error(place: &Place) {
    for (answer, is_so) in [
        (Answer::Fails("the service is down"), "error"),
        (Answer::Panics, "panic"),
        (Answer::Hangs, "timeout"),
        (Answer::Large(5_000), "large"),
    ] {
        let service = Service::default();
        let builder = place
            .builder(service.clone())
            .refresh_interval(UNIT)
            .compute_timeout(UNIT * 3)
            .backoff(Backoff::up_to(UNIT * 2))
            .max_value_bytes(1_000);
        let node = place.start(builder).await.unwrap();
        let name = format!("a {is_so}");
        assert_eq!(fresh(&node, &name).await, 1);
        service.answer(&name, answer);
        let (value, error) = eventually("the failure", async || match node.read(&name).await.unwrap() {
            Reading::Stale {
                value,
                error: Some(error),
                ..
            } => Some((value, error)),
            _ => None,
        })
        .await;
        assert!(value.0 >= 1, "{is_so}");
        let kinds = [
            error.to_string() == "the service is down",
            error.is_panic() && error.to_string().contains("as it was told"),
            error.is_timeout(),
            error.is_too_large() && error.to_string().contains("max_value_bytes"),
        ];
        let expected = ["error", "panic", "timeout", "large"].map(|kind| kind == is_so);
        assert_eq!(kinds, expected, "{error}");
        assert!(error.failures() >= 1);
        // And it comes back by itself.
        service.answer(&name, Answer::Value(99));
        assert_eq!(fresh(&node, &name).await, 99, "{is_so}");
        node.shutdown().await;
    }
}

async fn b07_it_has_failed_when_there_never_was_a_value(place: &Place) {
    let service = Service::default();
    service.answer("a", Answer::Fails("down"));
    let node = place.node(service.clone()).await;
    let reading = node.read_or_wait(&key("a"), UNIT * 1_000).await.unwrap();
    let Reading::Failed { error, retry_in } = reading else {
        panic!("{reading:?}")
    };
    assert_eq!(error.to_string(), "down");
    assert!(retry_in <= UNIT * 11, "{retry_in:?}");
    service.answer("a", Answer::Value(3));
    assert_eq!(fresh(&node, "a").await, 3);
    node.shutdown().await;
}

async fn b07_pauses_grow_and_start_anew(place: &Place) {
    let service = Service::default();
    service.answer("a", Answer::Fails("down"));
    let builder = place
        .builder(service.clone())
        .refresh_interval(UNIT)
        .backoff(Backoff::up_to(UNIT * 8).jitter(0.0));
    let node = place.start(builder).await.unwrap();
    while service.asked("a") < 6 {
        let _ = node.read(&key("a")).await.unwrap();
        sleep(UNIT / 20).await;
    }
    let moments = service.asked_at("a");
    let pauses: Vec<Duration> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, nominal) in pauses.iter().zip([1, 2, 4, 8, 8]) {
        assert!(*pause + UNIT / 5 >= UNIT * nominal, "{pauses:?}");
    }
    service.answer("a", Answer::Value(1));
    fresh(&node, "a").await;
    service.answer("a", Answer::Fails("down"));
    let failures = eventually("a failure", async || {
        node.read(&key("a"))
            .await
            .unwrap()
            .error()
            .map(touchable::reactive::ComputeError::failures)
    })
    .await;
    assert_eq!(failures, 1, "a success ends the row");
    node.shutdown().await;
}

/// A pause is never shorter than the interval.
async fn b07_a_dead_service_is_asked_no_more_than_a_live_one(place: &Place) {
    let service = Service::default();
    service.answer("a", Answer::Fails("down"));
    let short = Backoff::new(Duration::from_millis(1), Duration::from_millis(2));
    let builder = place
        .builder(service.clone())
        .refresh_interval(UNIT * 5)
        .backoff(short);
    let node = place.start(builder).await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < UNIT * 28 {
        let _ = node.read(&key("a")).await.unwrap();
        sleep(UNIT / 2).await;
    }
    assert!((2..=6).contains(&service.asked("a")), "{}", service.asked("a"));
    node.shutdown().await;
}

struct Untold;

impl Compute for Untold {
    const NAME: &'static str = "untold";
    type Key = u8;
    type Value = serde_json::Value;

    async fn compute(
        &self,
        _: &u8,
        _: Option<&serde_json::Value>,
    ) -> Result<Computed<serde_json::Value>, BoxError> {
        Ok(Computed::Value(serde_json::json!({ "a": 1 })))
    }
}

/// A type that postcard cannot read back: it says so, and where.
async fn b07_a_value_that_cannot_be_encoded(place: &Place) {
    let node = place.node(Untold).await;
    let reading = node.read_or_wait(&1, UNIT * 1_000).await.unwrap();
    if place.is_shared() {
        let error = reading.error().unwrap().to_string();
        assert!(
            error.contains("serde_json") && error.contains("text or bytes"),
            "{error}"
        );
    } else {
        assert!(
            reading.is_fresh(),
            "what stays in the process is never decoded: {reading:?}"
        );
    }
    node.shutdown().await;
}

on_every_schedule!(
    b07_the_old_value_stays_with_the_error,
    b07_it_has_failed_when_there_never_was_a_value,
    b07_pauses_grow_and_start_anew,
    b07_a_dead_service_is_asked_no_more_than_a_live_one,
    b07_a_value_that_cannot_be_encoded,
);
