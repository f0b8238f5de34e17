//! Behaviour 7: one load in a process, and nobody who hangs.

use std::{
    error::Error as _,
    fmt,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{sync::Semaphore, task::JoinSet, time::timeout};
use touchable::cache::{Cache, Options};

use crate::{Bench, Never, secs, settle, shelf::Shelf, until};

static PLAIN: Options = Options::new();

/// A loader that waits for permission.
#[derive(Clone)]
struct Slow {
    began: Arc<AtomicUsize>,
    go: Arc<Semaphore>,
}

impl Slow {
    fn new() -> Self {
        Self {
            began: Arc::default(),
            go: Arc::new(Semaphore::new(0)),
        }
    }

    async fn load(self, value: i32) -> Result<i32, Never> {
        self.began.fetch_add(1, SeqCst);
        self.go.acquire().await.unwrap().forget();
        Ok(value)
    }

    fn began(&self) -> usize {
        self.began.load(SeqCst)
    }
}

#[derive(Debug)]
struct Broken(u8);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is broken")
    }
}

impl std::error::Error for Broken {}

fn fetch(
    cache: &Cache<Shelf>,
    slow: &Slow,
    value: i32,
) -> impl Future<Output = touchable::Result<i32>> + use<> {
    let (cache, slow) = (cache.clone(), slow.clone());
    async move { cache.fetch("n", &PLAIN, move || slow.load(value)).await }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b07_a_thousand_misses_are_one_load() {
    for round in 0..20 {
        let (bench, slow) = (Bench::new(), Slow::new());
        slow.go.add_permits(if round % 2 == 0 { 0 } else { 1000 });
        let mut callers = JoinSet::new();
        for _ in 0..1000 {
            callers.spawn(fetch(&bench.cache, &slow, 7));
        }
        if round % 2 == 0 {
            until("all have looked", || bench.shelf.calls("get") >= 1000).await;
            slow.go.add_permits(1000);
        }
        while let Some(value) = callers.join_next().await {
            assert_eq!(value.unwrap().unwrap(), 7);
        }
        assert_eq!(slow.began(), 1);
        assert_eq!(bench.shelf.calls("set"), 1);
        bench.expect_no_loads();
    }
}

#[tokio::test]
async fn b07_a_caller_that_found_nothing_before_a_load_ended_does_not_load_again() {
    let (bench, slow) = (Bench::new(), Slow::new());
    slow.go.add_permits(2);
    let held = bench.shelf.hold("answer");
    let late = tokio::spawn(fetch(&bench.cache, &slow, 1));
    held.arrived().await;
    assert_eq!(fetch(&bench.cache, &slow, 2).await.unwrap(), 2);
    held.go();
    assert_eq!(late.await.unwrap().unwrap(), 2);
    assert_eq!(slow.began(), 1);
}

#[tokio::test]
async fn b07_keys_do_not_wait_for_each_other() {
    let (bench, slow) = (Bench::new(), Slow::new());
    let waiting = tokio::spawn(fetch(&bench.cache, &slow, 1));
    until("it loads", || slow.began() == 1).await;
    let other = bench.cache.fetch("other", &PLAIN, || async { Ok::<_, Never>(2) });
    assert_eq!(timeout(secs(10), other).await.unwrap().unwrap(), 2);
    slow.go.add_permits(1);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn b07_a_caller_that_goes_away_harms_nobody() {
    let (bench, slow) = (Bench::new(), Slow::new());
    let leader = tokio::spawn(fetch(&bench.cache, &slow, 1));
    until("it loads", || slow.began() == 1).await;
    let waiter = tokio::spawn(fetch(&bench.cache, &slow, 2));
    until("both have looked", || bench.shelf.calls("get") == 2).await;
    settle().await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    slow.go.add_permits(1);
    assert_eq!(waiter.await.unwrap().unwrap(), 1);
    assert_eq!(slow.began(), 1);
    bench.expect_no_loads();
}

#[tokio::test]
async fn b07_a_value_is_stored_though_nobody_waits_any_more() {
    let (bench, slow) = (Bench::new(), Slow::new());
    let leader = tokio::spawn(fetch(&bench.cache, &slow, 1));
    until("it loads", || slow.began() == 1).await;
    leader.abort();
    slow.go.add_permits(1);
    until("it is stored", || bench.shelf.keys().len() == 1).await;
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), Some(1));
    until("it has left", || bench.cache.loads_in_flight() == 0).await;
}

#[tokio::test]
async fn b07_a_failure_goes_to_all_who_wait_and_is_not_stored() {
    let bench = Bench::new();
    let go = Arc::new(Semaphore::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..10 {
        let (cache, go) = (bench.cache.clone(), Arc::clone(&go));
        callers.spawn(async move {
            let loader = move || async move {
                go.acquire().await.unwrap().forget();
                Err::<i32, _>(Broken(9))
            };
            cache.fetch("n", &PLAIN, loader).await
        });
    }
    until("all have looked", || bench.shelf.calls("get") == 10).await;
    settle().await;
    go.add_permits(1);
    while let Some(result) = callers.join_next().await {
        let failure = result.unwrap().unwrap_err();
        assert!(failure.is_loader());
        assert_eq!(failure.source().unwrap().downcast_ref::<Broken>().unwrap().0, 9);
        assert_eq!(failure.to_string(), "could not load `cache:n`: it is broken");
    }
    assert!(bench.shelf.keys().is_empty());
    bench.expect_no_loads();
    let next = bench.cache.fetch("n", &PLAIN, || async { Ok::<_, Never>(1) });
    assert_eq!(next.await.unwrap(), 1);
}

#[tokio::test]
async fn b07_a_panic_at_any_point_is_an_error_of_those_who_wait() {
    for at in 0..4 {
        let bench = Bench::new();
        let loader = move || {
            assert_ne!(at, 0, "before the future");
            async move {
                assert_ne!(at, 1, "at the first poll");
                tokio::task::yield_now().await;
                assert_ne!(at, 2, "after an await");
                Ok::<_, Never>(Explosive(at == 3))
            }
        };
        let (a, b) = tokio::join!(
            bench.cache.fetch("n", &PLAIN, loader),
            bench.cache.fetch("n", &PLAIN, loader),
        );
        for failure in [a.unwrap_err(), b.unwrap_err()] {
            assert!(failure.is_loader(), "{failure}");
            assert!(
                failure.to_string().contains("the loader of `cache:n` panicked"),
                "{failure}"
            );
        }
        assert!(bench.shelf.keys().is_empty());
        bench.expect_no_loads();
        let next = bench.cache.fetch("n", &PLAIN, || async { Ok::<_, Never>(1) });
        assert_eq!(next.await.unwrap(), 1);
    }
}

/// A value that panics when it is encoded.
#[derive(Debug, serde::Deserialize)]
struct Explosive(bool);

impl serde::Serialize for Explosive {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(!self.0, "while it is encoded");
        serializer.serialize_bool(self.0)
    }
}

#[tokio::test]
async fn b07_a_loader_that_borrows() {
    let bench = Bench::new();
    let record = "a task".to_owned();
    let render = async || Ok::<_, Never>(format!("<li>{record}</li>"));
    let options = Options::new();
    for _ in 0..2 {
        let html = bench
            .cache
            .fetch_text_scoped("card", &options, render)
            .await
            .unwrap();
        assert_eq!(html, "<li>a task</li>");
    }
    assert_eq!(bench.shelf.calls("set"), 1);
    bench.expect_no_loads();
}

#[tokio::test]
async fn b07_a_borrowing_loader_fails_and_panics_alike() {
    let bench = Bench::new();
    let failure = bench
        .cache
        .fetch_scoped("n", &PLAIN, async || Err::<i32, _>(Broken(3)))
        .await
        .unwrap_err();
    assert_eq!(failure.source().unwrap().downcast_ref::<Broken>().unwrap().0, 3);
    let panicking = async || panic!("boom") as Result<i32, Never>;
    let failure = bench
        .cache
        .fetch_scoped("n", &PLAIN, panicking)
        .await
        .unwrap_err();
    assert_eq!(failure.to_string(), "the loader of `cache:n` panicked: boom");
    bench.expect_no_loads();
    let next = bench.cache.fetch_scoped("n", &PLAIN, async || Ok::<_, Never>(1));
    assert_eq!(next.await.unwrap(), 1);
}

#[tokio::test]
async fn b07_when_a_borrowing_caller_goes_away_one_of_the_others_takes_over() {
    let bench = Bench::new();
    let began = Arc::new(AtomicUsize::new(0));
    let leader = tokio::spawn({
        let (cache, began) = (bench.cache.clone(), Arc::clone(&began));
        async move {
            let forever = async || {
                began.fetch_add(1, SeqCst);
                pending::<Result<i32, Never>>().await
            };
            cache.fetch_scoped("n", &PLAIN, forever).await
        }
    });
    until("it loads", || began.load(SeqCst) == 1).await;
    let mut waiters = JoinSet::new();
    for value in 0..10 {
        let (cache, began) = (bench.cache.clone(), Arc::clone(&began));
        waiters.spawn(async move {
            let load = async || {
                began.fetch_add(1, SeqCst);
                tokio::task::yield_now().await;
                Ok::<_, Never>(value)
            };
            cache.fetch_scoped("n", &PLAIN, load).await.unwrap()
        });
    }
    until("all have looked", || bench.shelf.calls("get") == 11).await;
    settle().await;
    leader.abort();
    let values = timeout(secs(10), waiters.join_all()).await.expect("nobody hangs");
    assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
    assert_eq!(began.load(SeqCst), 2);
    bench.expect_no_loads();
}

#[tokio::test]
async fn b07_a_write_survives_its_borrowing_caller() {
    let bench = Bench::new();
    let held = bench.shelf.hold("set");
    let leader = tokio::spawn({
        let cache = bench.cache.clone();
        async move { cache.fetch_scoped("n", &PLAIN, async || Ok::<_, Never>(1)).await }
    });
    held.arrived().await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    held.go();
    until("it is stored", || bench.shelf.keys().len() == 1).await;
    until("it has left", || bench.cache.loads_in_flight() == 0).await;
}

#[test]
fn b07_a_runtime_that_shuts_down_leaves_no_waiter_behind() {
    let bench = Bench::new();
    let slow = Slow::new();
    let other = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    other.spawn(fetch(&bench.cache, &slow, 1));
    let here = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    here.block_on(async {
        until("it loads", || slow.began() == 1).await;
        let waiter = tokio::spawn(fetch(&bench.cache, &slow, 2));
        until("both have looked", || bench.shelf.calls("get") == 2).await;
        settle().await;
        slow.go.add_permits(0);
        other.shutdown_background();
        until("it takes over", || slow.began() == 2).await;
        slow.go.add_permits(1);
        assert_eq!(timeout(secs(10), waiter).await.unwrap().unwrap().unwrap(), 2);
    });
    bench.expect_no_loads();
}

/// Compiles when futures of a cache can go to another thread.
#[tokio::test]
async fn b07_futures_are_send() {
    fn send<F: Future + Send>(future: F) -> F {
        future
    }
    let bench = Bench::new();
    let options = Options::new();
    let text = "borrowed".to_owned();
    send(bench.cache.fetch("a", &options, || async { Ok::<_, Never>(1) }))
        .await
        .unwrap();
    send(
        bench
            .cache
            .fetch_scoped("b", &options, async || Ok::<_, Never>(text.len())),
    )
    .await
    .unwrap();
    send(
        bench
            .cache
            .fetch_text_scoped("c", &options, async || Ok::<_, Never>(text.clone())),
    )
    .await
    .unwrap();
    send(bench.cache.get::<i32, _>("a")).await.unwrap();
    send(bench.cache.delete("a")).await.unwrap();
    send(bench.cache.clear()).await.unwrap();
}
