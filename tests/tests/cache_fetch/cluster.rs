//! Behaviour 7, across processes: several caches over one store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use touchable::cache::{Cache, Options};

use crate::{Never, secs, shelf::Shelf};

fn options() -> Options {
    Options::new().cluster_flight(secs(30))
}

/// Another process, as far as the store can tell.
fn node(shelf: &Shelf) -> Cache<Shelf> {
    Cache::new(shelf.clone()).unwrap()
}

async fn slow(loads: Arc<AtomicUsize>) -> Result<usize, Never> {
    let load = loads.fetch_add(1, SeqCst) + 1;
    sleep(secs(2)).await;
    Ok(load)
}

#[tokio::test(start_paused = true)]
async fn b07_one_process_loads_and_the_others_get_its_value() {
    let (shelf, loads) = (Shelf::new(), Arc::new(AtomicUsize::new(0)));
    let mut nodes = JoinSet::new();
    for _ in 0..20 {
        let (cache, loads) = (node(&shelf), Arc::clone(&loads));
        nodes.spawn(async move { cache.fetch("n", &options(), || slow(loads)).await.unwrap() });
    }
    assert_eq!(nodes.join_all().await, [1; 20]);
    assert_eq!(loads.load(SeqCst), 1);
    assert_eq!(shelf.keys(), ["cache:n"], "the lock is gone");
}

#[tokio::test(start_paused = true)]
async fn b07_a_process_that_dies_in_its_loader_holds_up_no_longer_than_the_time_given() {
    let shelf = Shelf::new();
    let (first, second) = (node(&shelf), node(&shelf));
    let options = Options::new().cluster_flight(secs(5));
    let dying = async || std::future::pending::<Result<i32, Never>>().await;
    // It is dropped in its loader, and leaves its lock behind (which this store keeps for ever).
    timeout(secs(1), first.fetch_scoped("n", &options, dying))
        .await
        .unwrap_err();
    assert_eq!(shelf.keys().len(), 1);
    let began = Instant::now();
    let load = || async { Ok::<_, Never>(2) };
    assert_eq!(second.fetch("n", &options, load).await.unwrap(), 2);
    assert!(
        began.elapsed() <= secs(5) + Duration::from_millis(10),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn b07_after_a_failure_the_next_process_loads() {
    let shelf = Shelf::new();
    let (first, second) = (node(&shelf), node(&shelf));
    let failing = || async {
        sleep(secs(1)).await;
        Err::<i32, _>("down")
    };
    let options = options();
    let (failed, loaded) = tokio::join!(first.fetch("n", &options, failing), async {
        sleep(Duration::from_millis(500)).await;
        let began = Instant::now();
        let value = second
            .fetch("n", &options, || async { Ok::<_, Never>(2) })
            .await
            .unwrap();
        assert!(began.elapsed() < secs(1), "{:?}", began.elapsed());
        value
    });
    assert!(failed.unwrap_err().is_loader());
    assert_eq!(loaded, 2);
    assert_eq!(shelf.keys(), ["cache:n"]);
}

#[tokio::test(start_paused = true)]
async fn b07_a_store_that_fails_holds_nobody_up() {
    let shelf = Shelf::new();
    shelf.fail("add");
    let began = Instant::now();
    let load = || async { Ok::<_, Never>(2) };
    assert_eq!(node(&shelf).fetch("n", &options(), load).await.unwrap(), 2);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn b07_a_stale_value_is_no_reason_not_to_load() {
    let shelf = Shelf::new();
    let clock = touchable::Clock::manual(touchable::Stamp::from_micros(1));
    let cache = Cache::builder(shelf).clock(clock.clone()).build().unwrap();
    let options = options().ttl(secs(60)).stale_while_revalidate(secs(60));
    cache.set("n", &1, &options).await.unwrap();
    clock.advance(secs(61));
    let load = || async { Ok::<_, Never>(2) };
    assert_eq!(cache.fetch("n", &options, load).await.unwrap(), 1);
    crate::until("it is loaded", || cache.loads_in_flight() == 0).await;
    assert_eq!(cache.get::<i32, _>("n").await.unwrap(), Some(2));
}
