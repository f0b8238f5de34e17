//! Behaviour 8: whoever deletes or writes has the last word over a load that is under way.

use std::sync::Arc;

use tokio::{sync::Semaphore, task::JoinHandle};
use touchable::{
    Result,
    cache::{Cache, Options},
};

use crate::{Bench, Never, settle, shelf::Shelf, until};

type Fetch = JoinHandle<Result<i32>>;

/// A fetch whose loader has begun to run and waits for a permit.
async fn loading(bench: &Bench, value: i32) -> (Fetch, Arc<Semaphore>) {
    let began = Arc::new(Semaphore::new(0));
    let go = Arc::new(Semaphore::new(0));
    let fetch = tokio::spawn({
        let (cache, began, go) = (bench.cache.clone(), Arc::clone(&began), Arc::clone(&go));
        async move {
            let loader = move || async move {
                began.add_permits(1);
                go.acquire().await.unwrap().forget();
                Ok::<_, Never>(value)
            };
            cache.fetch("n", &Options::new(), loader).await
        }
    });
    began.acquire().await.unwrap().forget();
    (fetch, go)
}

async fn fetch_at_once(cache: &Cache<Shelf>, value: i32) -> i32 {
    let loader = move || async move { Ok::<_, Never>(value) };
    cache.fetch("n", &Options::new(), loader).await.unwrap()
}

/// Removes an entry in each of the ways there are.
async fn remove(cache: &Cache<Shelf>, way: usize) {
    match way {
        0 => drop(cache.delete("n").await.unwrap()),
        1 => drop(cache.delete_many(&["other", "n"]).await.unwrap()),
        2 => drop(cache.delete_prefix("n").await.unwrap()),
        _ => drop(cache.clear().await.unwrap()),
    }
}

#[tokio::test]
async fn b08_what_was_loaded_before_a_delete_is_handed_out_and_not_stored() {
    for way in 0..4 {
        let bench = Bench::new();
        let (fetch, go) = loading(&bench, 1).await;
        remove(&bench.cache, way).await;
        go.add_permits(1);
        assert_eq!(fetch.await.unwrap().unwrap(), 1);
        assert!(bench.shelf.keys().is_empty(), "way {way}");
        bench.expect_no_loads();
    }
}

#[tokio::test]
async fn b08_a_caller_after_the_delete_does_not_join_the_load_before_it() {
    for way in 0..4 {
        let bench = Bench::new();
        let (fetch, go) = loading(&bench, 1).await;
        remove(&bench.cache, way).await;
        assert_eq!(fetch_at_once(&bench.cache, 2).await, 2);
        go.add_permits(1);
        assert_eq!(fetch.await.unwrap().unwrap(), 1);
        assert_eq!(
            bench.cache.get::<i32, _>("n").await.unwrap(),
            Some(2),
            "way {way}"
        );
        bench.expect_no_loads();
    }
}

#[tokio::test]
async fn b08_a_delete_waits_for_the_write_that_is_under_way() {
    for way in 0..4 {
        let bench = Bench::new();
        let held = bench.shelf.hold("set");
        let fetch = tokio::spawn({
            let cache = bench.cache.clone();
            async move { fetch_at_once(&cache, 1).await }
        });
        held.arrived().await;
        let removal = tokio::spawn({
            let cache = bench.cache.clone();
            async move { remove(&cache, way).await }
        });
        // The removal has marked the flight, so that the next caller does not join it, and has not reached the store.
        let after = tokio::spawn({
            let cache = bench.cache.clone();
            async move { fetch_at_once(&cache, 2).await }
        });
        until("there are two flights", || bench.cache.loads_in_flight() == 2).await;
        assert_eq!(
            bench
                .shelf
                .calls(["delete", "delete_many", "delete_prefix", "delete_prefix"][way]),
            0
        );
        held.go();
        removal.await.unwrap();
        assert_eq!(fetch.await.unwrap(), 1);
        assert_eq!(after.await.unwrap(), 2);
        assert_ne!(
            bench.cache.get::<i32, _>("n").await.unwrap(),
            Some(1),
            "way {way}"
        );
    }
}

#[tokio::test]
async fn b08_a_later_load_writes_after_the_outdated_one() {
    let bench = Bench::new();
    let held = bench.shelf.hold("set");
    let first = tokio::spawn({
        let cache = bench.cache.clone();
        async move { fetch_at_once(&cache, 1).await }
    });
    held.arrived().await;
    let forced = tokio::spawn({
        let cache = bench.cache.clone();
        async move {
            let loader = || async { Ok::<_, Never>(2) };
            cache
                .fetch("n", &Options::new().force(true), loader)
                .await
                .unwrap()
        }
    });
    until("there are two flights", || bench.cache.loads_in_flight() == 2).await;
    // A delete finds the outdated flight too, whose write is under way.
    let removal = tokio::spawn({
        let cache = bench.cache.clone();
        async move { cache.delete("n").await.unwrap() }
    });
    settle().await;
    assert_eq!(bench.shelf.calls("delete"), 0);
    held.go();
    assert_eq!((first.await.unwrap(), forced.await.unwrap()), (1, 2));
    removal.await.unwrap();
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), None);
}

#[tokio::test]
async fn b08_a_forced_load_does_not_write_before_the_write_that_is_under_way() {
    let bench = Bench::new();
    let held = bench.shelf.hold("set");
    let first = tokio::spawn({
        let cache = bench.cache.clone();
        async move { fetch_at_once(&cache, 1).await }
    });
    held.arrived().await;
    let forced = tokio::spawn({
        let cache = bench.cache.clone();
        async move {
            let loader = || async { Ok::<_, Never>(2) };
            let force = Options::new().force(true);
            cache.fetch("n", &force, loader).await.unwrap()
        }
    });
    until("there are two flights", || bench.cache.loads_in_flight() == 2).await;
    settle().await;
    assert_eq!(bench.shelf.calls("set"), 1);
    held.go();
    assert_eq!((first.await.unwrap(), forced.await.unwrap()), (1, 2));
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), Some(2));
}

#[tokio::test]
async fn b08_a_set_wins_over_a_load_that_began_before() {
    let bench = Bench::new();
    let (fetch, go) = loading(&bench, 1).await;
    bench.cache.set("n", &2, &Options::new()).await.unwrap();
    go.add_permits(1);
    assert_eq!(fetch.await.unwrap().unwrap(), 1);
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), Some(2));
}

#[tokio::test]
async fn b08_a_forced_load_wins_over_one_that_began_before() {
    let bench = Bench::new();
    let (fetch, go) = loading(&bench, 1).await;
    let loader = || async { Ok::<_, Never>(2) };
    let forced = bench
        .cache
        .fetch("n", &Options::new().force(true), loader)
        .await
        .unwrap();
    assert_eq!(forced, 2);
    go.add_permits(1);
    assert_eq!(fetch.await.unwrap().unwrap(), 1);
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), Some(2));
    bench.expect_no_loads();
}

#[tokio::test]
async fn b08_a_delete_leaves_loads_of_other_keys_alone() {
    let bench = Bench::new();
    let (fetch, go) = loading(&bench, 1).await;
    bench.cache.delete("m").await.unwrap();
    bench.cache.delete_prefix("nn").await.unwrap();
    go.add_permits(1);
    fetch.await.unwrap().unwrap();
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), Some(1));
}

#[tokio::test]
async fn b08_deletes_say_how_many_there_were() {
    let bench = Bench::new();
    for key in ["a", "ab", "b"] {
        bench.cache.set(key, &1, &Options::new()).await.unwrap();
    }
    assert!(bench.cache.delete("b").await.unwrap());
    assert!(!bench.cache.delete("b").await.unwrap());
    assert_eq!(bench.cache.delete_many(&["b", "ab"]).await.unwrap(), 1);
    bench.cache.set("ab", &1, &Options::new()).await.unwrap();
    assert_eq!(bench.cache.delete_prefix("a").await.unwrap(), 2);
    assert_eq!(bench.cache.clear().await.unwrap(), 0);
}
