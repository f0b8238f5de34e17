//! Behaviour 10: what is served after its end, and what is loaded before it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{sync::Semaphore, task::JoinSet};
use touchable::cache::{Options, store::Ttl};

use crate::{Bench, Never, secs, until};

fn windows() -> Options {
    Options::new()
        .ttl(secs(60))
        .stale_while_revalidate(secs(10))
        .stale_if_error(secs(100))
}

/// A bench whose entry `n` is 1 and ended so long ago.
async fn ended(options: &Options, ago: u64) -> Bench {
    let bench = Bench::new();
    bench.cache.set("n", &1, options).await.unwrap();
    bench.clock.advance(secs(60 + ago));
    bench
}

#[tokio::test]
async fn b10_all_get_the_old_value_at_once_while_one_load_runs() {
    let bench = ended(&windows(), 9).await;
    let (began, go) = (Arc::new(AtomicI32::new(1)), Arc::new(Semaphore::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let (cache, began, go) = (bench.cache.clone(), Arc::clone(&began), Arc::clone(&go));
        callers.spawn(async move {
            let loader = move || async move {
                let value = began.fetch_add(1, SeqCst) + 1;
                go.acquire().await.unwrap().forget();
                Ok::<_, Never>(value)
            };
            cache.fetch("n", &windows(), loader).await.unwrap()
        });
    }
    // Nobody has let the loader go on.
    assert_eq!(callers.join_all().await, [1; 100]);
    until("it is being loaded", || began.load(SeqCst) == 2).await;
    go.add_permits(1);
    until("it is loaded", || bench.cache.loads_in_flight() == 0).await;
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), Some(2));
    assert_eq!(began.load(SeqCst), 2);
}

#[tokio::test]
async fn b10_after_the_window_everybody_waits() {
    let bench = ended(&windows(), 10).await;
    let loader = || async { Ok::<_, Never>(2) };
    assert_eq!(bench.cache.fetch("n", &windows(), loader).await.unwrap(), 2);
}

#[tokio::test]
async fn b10_a_refresh_that_fails_keeps_the_old_value_until_the_window_ends() {
    let bench = ended(&windows(), 1).await;
    for second in 1..10 {
        let loader = || async { Err::<i32, _>("down") };
        assert_eq!(
            bench.cache.fetch("n", &windows(), loader).await.unwrap(),
            1,
            "{second}"
        );
        until("the refresh is over", || bench.cache.loads_in_flight() == 0).await;
        bench.clock.advance(secs(1));
    }
}

#[tokio::test]
async fn b10_a_borrowing_loader_refreshes_in_its_caller() {
    let bench = ended(&windows(), 1).await;
    let go = Arc::new(Semaphore::new(0));
    let refreshing = tokio::spawn({
        let (cache, go) = (bench.cache.clone(), Arc::clone(&go));
        async move {
            let loader = async || {
                go.acquire().await.unwrap().forget();
                Ok::<_, Never>(2)
            };
            cache.fetch_scoped("n", &windows(), loader).await.unwrap()
        }
    });
    until("it loads", || bench.cache.loads_in_flight() == 1).await;
    let unused = async || panic!("loaded") as Result<i32, Never>;
    assert_eq!(
        bench.cache.fetch_scoped("n", &windows(), unused).await.unwrap(),
        1
    );
    go.add_permits(1);
    assert_eq!(refreshing.await.unwrap(), 2);
}

#[tokio::test]
async fn b10_a_failure_gives_the_old_value_until_its_window_ends() {
    let options = windows();
    for (ago, served) in [(10, true), (99, true), (100, false)] {
        let bench = ended(&windows(), ago).await;
        let failing = || async { Err::<i32, _>("down") };
        let panicking = || async { panic!("down") as Result<i32, Never> };
        let (a, b) = tokio::join!(
            bench.cache.fetch("n", &options, failing),
            bench.cache.fetch("n", &options, panicking),
        );
        assert_eq!(a.is_ok_and(|value| value == 1), served, "{ago}");
        assert_eq!(b.is_ok_and(|value| value == 1), served, "{ago}");
        let borrowing = bench
            .cache
            .fetch_scoped("n", &options, async || Err::<i32, _>("down"));
        assert_eq!(borrowing.await.is_ok_and(|value| value == 1), served, "{ago}");
        let many = bench
            .cache
            .fetch_many(&["n"], &options, |_| async { Err::<Vec<_>, _>("down") });
        assert_eq!(
            many.await.is_ok_and(|values| values == [Some(1)]),
            served,
            "{ago}"
        );
    }
}

#[tokio::test]
async fn b10_a_loader_that_works_wins_over_the_old_value() {
    let bench = ended(&windows(), 50).await;
    let loader = || async { Ok::<_, Never>(2) };
    assert_eq!(bench.cache.fetch("n", &windows(), loader).await.unwrap(), 2);
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), Some(2));
}

#[tokio::test]
async fn b10_the_store_keeps_an_entry_for_the_longer_window() {
    let bench = ended(&windows(), 0).await;
    assert_eq!(bench.shelf.only_ttl().map(Ttl::duration), Some(secs(160)));
}

#[tokio::test]
async fn b10_windows_end_with_what_the_writer_allowed() {
    let bench = ended(&Options::new().ttl(secs(60)), 1).await;
    let failing = || async { Err::<i32, _>("down") };
    bench.cache.fetch("n", &windows(), failing).await.unwrap_err();
}

#[tokio::test]
async fn b10_a_refresh_does_not_bring_a_deleted_value_back() {
    let bench = ended(&windows(), 1).await;
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let loader = move || async move {
        gate.acquire().await.unwrap().forget();
        Ok::<_, Never>(2)
    };
    assert_eq!(bench.cache.fetch("n", &windows(), loader).await.unwrap(), 1);
    bench.cache.delete("n").await.unwrap();
    go.add_permits(1);
    until("it is loaded", || bench.cache.loads_in_flight() == 0).await;
    assert!(bench.shelf.keys().is_empty());
}

/// Loads for so long, in the clock of the bench, and then fetches `tries` times, a little before the end.
async fn early_loads(bench: &Bench, load: Duration, before_end: Duration, tries: usize) -> i32 {
    let options = Options::new().ttl(secs(1000)).early_refresh(1.0);
    let clock = bench.clock.clone();
    let slow = move || async move {
        clock.advance(load);
        Ok::<_, Never>(0)
    };
    bench.cache.fetch("n", &options, slow).await.unwrap();
    bench.clock.advance(secs(1000) - before_end);
    let (_, entry) = bench.shelf.only();
    let loads = Arc::new(AtomicI32::new(0));
    for _ in 0..tries {
        let loads = Arc::clone(&loads);
        let count = move || async move { Ok::<_, Never>(loads.fetch_add(1, SeqCst)) };
        bench.cache.fetch("n", &options, count).await.unwrap();
        until("it is loaded", || bench.cache.loads_in_flight() == 0).await;
        bench.shelf.put("cache:n", entry.clone());
    }
    loads.load(SeqCst)
}

#[tokio::test]
async fn b10_early_refresh_follows_the_time_a_load_takes() {
    // The chance of one reader is exp(-rest / load time).
    assert_eq!(early_loads(&Bench::new(), Duration::ZERO, secs(1), 200).await, 0);
    assert_eq!(early_loads(&Bench::new(), secs(1), secs(900), 200).await, 0);
    let about_a_third = early_loads(&Bench::new(), secs(10), secs(10), 400).await;
    assert!(
        (90..210).contains(&about_a_third),
        "{about_a_third} of 400, where 147 are expected"
    );
    let nearly_all = early_loads(&Bench::new(), secs(1000), secs(1), 200).await;
    assert!(nearly_all > 190, "{nearly_all}");
}
