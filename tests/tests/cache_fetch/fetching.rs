//! Behaviour 6: a hit, a miss, and how long an entry lives.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use chrono::TimeDelta;
use touchable::cache::{Options, Text};

use crate::{Bench, Never, secs};

/// Fetches a number that counts the loads.
async fn count(bench: &Bench, loads: &Arc<AtomicUsize>, options: &Options) -> usize {
    let loads = Arc::clone(loads);
    let loader = move || async move { Ok::<_, Never>(loads.fetch_add(1, SeqCst) + 1) };
    bench.cache.fetch("n", options, loader).await.unwrap()
}

#[tokio::test]
async fn b06_a_miss_loads_and_a_hit_does_not() {
    let (bench, loads) = (Bench::new(), Arc::default());
    assert_eq!(count(&bench, &loads, &Options::new()).await, 1);
    assert_eq!(count(&bench, &loads, &Options::new()).await, 1);
    assert_eq!(bench.shelf.calls("set"), 1);
    bench.expect_no_loads();
}

#[tokio::test]
async fn b06_force_loads_anew() {
    let (bench, loads) = (Bench::new(), Arc::default());
    count(&bench, &loads, &Options::new()).await;
    assert_eq!(count(&bench, &loads, &Options::new().force(true)).await, 2);
    assert_eq!(count(&bench, &loads, &Options::new()).await, 2);
}

#[tokio::test]
async fn b06_an_entry_ends_with_its_time_to_live() {
    let (bench, loads) = (Bench::new(), Arc::default());
    let options = Options::new().ttl(secs(60));
    count(&bench, &loads, &options).await;
    assert_eq!(bench.shelf.only_ttl().unwrap().duration(), secs(60));
    bench.clock.advance(Duration::from_micros(59_999_999));
    assert_eq!(count(&bench, &loads, &options).await, 1);
    bench.clock.advance(Duration::from_micros(1));
    assert_eq!(bench.cache.get::<usize, _>("n").await.unwrap(), None);
    assert!(!bench.cache.exists("n").await.unwrap());
    assert_eq!(count(&bench, &loads, &options).await, 2);
}

#[tokio::test]
async fn b06_a_time_to_live_that_makes_no_sense_loses_nothing() {
    let bench = Bench::new();
    bench.cache.set("n", &1, &Options::new()).await.unwrap();
    let senseless = [
        Options::new().ttl(Duration::ZERO),
        Options::new().ttl(Duration::MAX),
        Options::new().ttl(TimeDelta::seconds(-1)),
        Options::new().ttl(secs(1)).stale_if_error(Duration::MAX),
        Options::new().cluster_flight(Duration::ZERO),
    ];
    for options in senseless {
        let loader = || async { panic!("loaded") as Result<i32, Never> };
        let failure = bench.cache.fetch("n", &options, loader).await.unwrap_err();
        assert!(failure.is_invalid_ttl(), "{failure}");
        let failure = bench.cache.set("n", &2, &options).await.unwrap_err();
        assert!(failure.is_invalid_ttl(), "{failure}");
    }
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), Some(1));
    for options in [
        Options::new().ttl_jitter(1.5),
        Options::new().early_refresh(f64::NAN),
    ] {
        bench.cache.set("n", &2, &options).await.unwrap_err();
    }
}

#[tokio::test]
async fn b06_jitter_only_shortens() {
    let bench = Bench::new();
    let options = Options::new().ttl(secs(100)).ttl_jitter(0.5);
    for n in 0..200 {
        bench.cache.set(&n.to_string(), &n, &options).await.unwrap();
    }
    bench.clock.advance(secs(49));
    let mut left = 0;
    for n in 0..200 {
        assert!(
            bench.cache.exists(&n.to_string()).await.unwrap(),
            "{n} ended too early"
        );
    }
    bench.clock.advance(secs(26));
    for n in 0..200 {
        left += u32::from(bench.cache.exists(&n.to_string()).await.unwrap());
    }
    assert!((20..180).contains(&left), "half of them should be left: {left}");
    bench.clock.advance(secs(25));
    for n in 0..200 {
        assert!(
            !bench.cache.exists(&n.to_string()).await.unwrap(),
            "{n} lives too long"
        );
    }
}

#[tokio::test]
async fn b06_none_is_cached_by_fetch_and_skipped_by_fetch_option() {
    let bench = Bench::new();
    let none = || async { Ok::<_, Never>(None::<i32>) };
    let options = Options::new();
    assert_eq!(bench.cache.fetch_option("b", &options, none).await.unwrap(), None);
    assert!(bench.shelf.keys().is_empty());
    assert_eq!(bench.cache.fetch("a", &options, none).await.unwrap(), None);
    assert_eq!(bench.shelf.keys().len(), 1);
    let some = || async { Ok::<_, Never>(Some(5)) };
    assert_eq!(bench.cache.fetch("a", &options, some).await.unwrap(), None);
    assert_eq!(
        bench.cache.fetch_option("b", &options, some).await.unwrap(),
        Some(5)
    );
    assert_eq!(bench.cache.get::<i32, _>("b").await.unwrap(), Some(5));
}

#[tokio::test]
async fn b06_a_none_that_is_skipped_takes_the_place_of_the_old_value() {
    let bench = Bench::new();
    bench.cache.set("b", &5, &Options::new()).await.unwrap();
    let none = || async { Ok::<_, Never>(None::<i32>) };
    let force = Options::new().force(true);
    assert_eq!(bench.cache.fetch_option("b", &force, none).await.unwrap(), None);
    assert_eq!(bench.cache.get::<i32, _>("b").await.unwrap(), None);
}

#[tokio::test]
async fn b06_text_and_bytes() {
    let bench = Bench::new();
    let options = Options::new();
    let text = || async { Ok::<_, Never>("<b>hi</b>".to_owned()) };
    let bytes = || async { Ok::<_, Never>(vec![0xff, 0]) };
    for _ in 0..2 {
        let html: Text = bench.cache.fetch_text("t", &options, text).await.unwrap();
        assert_eq!(html, "<b>hi</b>");
        let raw: Bytes = bench.cache.fetch_bytes("r", &options, bytes).await.unwrap();
        assert_eq!(*raw, [0xff, 0]);
    }
    assert_eq!(bench.shelf.calls("set"), 2);
}

#[tokio::test]
async fn b06_a_store_that_does_not_write_does_not_cost_the_value() {
    let (bench, loads) = (Bench::new(), Arc::default());
    bench.shelf.fail("set");
    assert_eq!(count(&bench, &loads, &Options::new()).await, 1);
    assert_eq!(count(&bench, &loads, &Options::new()).await, 2);
    bench.cache.set("n", &1, &Options::new()).await.unwrap_err();
}

#[tokio::test]
async fn b06_a_store_that_cannot_be_read_is_an_error() {
    let bench = Bench::new();
    bench.shelf.fail("get");
    let loader = || async { panic!("loaded") as Result<i32, Never> };
    bench.cache.fetch("n", &Options::new(), loader).await.unwrap_err();
    bench.expect_no_loads();
}

#[tokio::test]
async fn b06_namespaces_do_not_meet() {
    let bench = Bench::new();
    let other = touchable::cache::Cache::builder(bench.shelf.clone())
        .namespace("other")
        .build()
        .unwrap();
    bench.cache.set("n", &1, &Options::new()).await.unwrap();
    assert_eq!(other.get::<i32, _>("n").await.unwrap(), None);
    other.set("n", &2, &Options::new()).await.unwrap();
    other.clear().await.unwrap();
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), Some(1));
}
