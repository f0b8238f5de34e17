//! Settings that exclude each other, and schedules that cannot be had.

use std::time::Duration;

use touchable::reactive::{MemorySchedule, Pool, Reactive, RedisSchedule};

use crate::script::Service;

fn refused(builder: touchable::reactive::ReactiveBuilder<Service>) -> String {
    builder.start().unwrap_err().to_string()
}

#[tokio::test]
async fn settings_that_cannot_be() {
    let builder = || Reactive::builder(Service::default());
    for (builder, word) in [
        (builder().refresh_interval(Duration::ZERO), "refresh_interval"),
        (builder().lifetime(Duration::ZERO), "lifetime"),
        (builder().compute_timeout(Duration::MAX), "compute_timeout"),
        (builder().claim_time(Duration::from_millis(1)), "claim_time"),
        (builder().max_value_bytes(0), "max_value_bytes"),
        (builder().max_stale(Duration::ZERO), "max_stale"),
        (
            builder().pool(Pool::named("none").concurrency(0)),
            "without_worker",
        ),
    ] {
        let message = refused(builder);
        assert!(
            message.contains(word) && message.contains("`service`"),
            "{message}"
        );
    }
    builder()
        .pool(Pool::named("none").concurrency(0))
        .without_worker()
        .start()
        .unwrap();
}

#[tokio::test]
async fn one_name_once_in_a_process() {
    let schedule = MemorySchedule::new();
    let builder = || Reactive::builder(Service::default()).schedule(schedule.clone());
    let first = builder().start().unwrap();
    assert!(refused(builder()).contains("`service`"));
    first.shutdown().await;
    drop(first);
    builder().start().unwrap();
}

#[tokio::test]
async fn a_schedule_that_is_not_there() {
    let error = RedisSchedule::connect("redis://127.0.0.1:1").await.unwrap_err();
    assert!(
        error.is_schedule() && error.to_string().contains("127.0.0.1:1"),
        "{error}"
    );
    assert!(RedisSchedule::connect("http://localhost").await.is_err());
}

#[tokio::test]
async fn a_blank_key() {
    let node = Reactive::builder(Service::default()).start().unwrap();
    assert!(node.read(&" ".to_owned()).await.unwrap_err().is_invalid_key());
}
