//! Behaviour 11: many keys with one read, one load and one write.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use tokio::sync::Semaphore;
use touchable::cache::Options;

use crate::{Bench, Never, secs, settle, until};

type Pairs = Result<Vec<(String, i32)>, Never>;

/// What a loader was asked for.
type Asked = Arc<Mutex<Vec<Vec<String>>>>;

/// Loads the length of each key, in reverse order.
fn lengths(
    asked: &Asked,
) -> impl Fn(Vec<String>) -> std::future::Ready<Pairs> + Send + Sync + 'static + use<> {
    let asked = Arc::clone(asked);
    move |keys| {
        asked.lock().unwrap().push(keys.clone());
        let length = |key: String| {
            let length = i32::try_from(key.len()).unwrap();
            (key, length)
        };
        std::future::ready(Ok(keys.into_iter().rev().map(length).collect()))
    }
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[tokio::test]
async fn b11_one_read_one_load_one_write_in_order() {
    let (bench, asked) = (Bench::new(), Asked::default());
    bench.cache.set("bb", &20, &Options::new()).await.unwrap();
    let wanted = keys(&["ccc", "a", "bb", "a", "ccc", "bb"]);
    let values = bench
        .cache
        .fetch_many(&wanted, &Options::new(), lengths(&asked))
        .await
        .unwrap();
    assert_eq!(values, [3, 1, 20, 1, 3, 20].map(Some));
    assert_eq!(*asked.lock().unwrap(), [keys(&["ccc", "a"])]);
    assert_eq!(bench.shelf.calls("get_many"), 1);
    assert_eq!(bench.shelf.calls("get"), 0);
    assert_eq!(bench.shelf.calls("set_many"), 1);
    let again = bench
        .cache
        .fetch_many(&wanted, &Options::new(), lengths(&asked))
        .await
        .unwrap();
    assert_eq!(again, values);
    assert_eq!(asked.lock().unwrap().len(), 1);
    bench.expect_no_loads();
}

#[tokio::test]
async fn b11_no_keys_ask_nobody() {
    let (bench, asked) = (Bench::new(), Asked::default());
    let values = bench
        .cache
        .fetch_many(&[], &Options::new(), lengths(&asked))
        .await
        .unwrap();
    assert!(values.is_empty());
    assert_eq!(bench.shelf.calls("get_many"), 0);
}

#[tokio::test]
async fn b11_a_key_that_the_loader_leaves_out_is_none_and_not_stored() {
    let bench = Bench::new();
    let loader = |_| async { Ok::<_, Never>([("a".to_owned(), 1)]) };
    let values = bench
        .cache
        .fetch_many(&keys(&["a", "b"]), &Options::new(), loader)
        .await
        .unwrap();
    assert_eq!(values, [Some(1), None]);
    assert_eq!(bench.shelf.keys(), ["cache:a"]);
}

#[tokio::test]
async fn b11_a_key_that_was_not_asked_for_is_an_error_that_names_it() {
    let bench = Bench::new();
    let loader = |_| async { Ok::<_, Never>([("a".to_owned(), 1), ("z".to_owned(), 2)]) };
    let failure = bench
        .cache
        .fetch_many(&keys(&["a"]), &Options::new(), loader)
        .await
        .unwrap_err();
    assert!(failure.is_loader());
    assert!(failure.to_string().contains("`cache:z`"), "{failure}");
    assert!(bench.shelf.keys().is_empty());
    bench.expect_no_loads();
}

#[tokio::test]
async fn b11_a_failure_or_a_panic_leaves_nothing() {
    let bench = Bench::new();
    let wanted = keys(&["a", "b", "c", "d", "e"]);
    let failing = |_| async { Err::<Vec<(String, i32)>, _>("down") };
    let failure = bench
        .cache
        .fetch_many(&wanted, &Options::new(), failing)
        .await
        .unwrap_err();
    assert_eq!(
        failure.to_string(),
        "could not load `cache:a`, `cache:b`, `cache:c` and `2 more`: down"
    );
    let panicking = |_| async { panic!("boom") as Pairs };
    let failure = bench
        .cache
        .fetch_many(&wanted, &Options::new(), panicking)
        .await
        .unwrap_err();
    assert!(failure.to_string().ends_with("panicked: boom"), "{failure}");
    assert!(bench.shelf.keys().is_empty());
    bench.expect_no_loads();
}

#[tokio::test]
async fn b11_what_another_loads_is_waited_for() {
    let (bench, asked) = (Bench::new(), Asked::default());
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let single = tokio::spawn({
        let cache = bench.cache.clone();
        async move {
            let loader = || async move {
                gate.acquire().await.unwrap().forget();
                Ok::<_, Never>(100)
            };
            cache.fetch("a", &Options::new(), loader).await.unwrap()
        }
    });
    until("it loads", || bench.cache.loads_in_flight() == 1).await;
    let many = tokio::spawn({
        let (cache, lengths) = (bench.cache.clone(), lengths(&asked));
        async move {
            let wanted = keys(&["a", "bb"]);
            cache.fetch_many(&wanted, &Options::new(), lengths).await.unwrap()
        }
    });
    until("the rest is loaded", || bench.shelf.keys().len() == 1).await;
    go.add_permits(1);
    assert_eq!(many.await.unwrap(), [Some(100), Some(2)]);
    assert_eq!(single.await.unwrap(), 100);
    assert_eq!(*asked.lock().unwrap(), [keys(&["bb"])]);
    bench.expect_no_loads();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b11_overlapping_calls_neither_hang_nor_load_twice() {
    let bench = Bench::new();
    let loads = Arc::new(AtomicUsize::new(0));
    let mut calls = tokio::task::JoinSet::new();
    for offset in 0..100_usize {
        let (cache, loads) = (bench.cache.clone(), Arc::clone(&loads));
        calls.spawn(async move {
            let wanted: Vec<String> = (0..20)
                .map(|n| ((offset * 7 + n * (offset % 3 + 1)) % 50).to_string())
                .collect();
            let expected: Vec<_> = wanted.iter().map(|key| Some(key.clone())).collect();
            let loader = move |keys: Vec<String>| {
                loads.fetch_add(keys.len(), SeqCst);
                async move {
                    tokio::task::yield_now().await;
                    Ok::<_, Never>(keys.into_iter().map(|key| (key.clone(), key)))
                }
            };
            let values = cache.fetch_many(&wanted, &Options::new(), loader).await.unwrap();
            assert_eq!(values, expected);
        });
    }
    let all = tokio::time::timeout(secs(10), calls.join_all());
    all.await.expect("nobody hangs");
    assert_eq!(loads.load(SeqCst), 50);
    bench.expect_no_loads();
}

#[tokio::test]
async fn b11_a_delete_wins_for_its_key_alone() {
    let bench = Bench::new();
    let (began, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let many = tokio::spawn({
        let (cache, began, go) = (bench.cache.clone(), Arc::clone(&began), Arc::clone(&go));
        async move {
            let loader = move |keys: Vec<String>| {
                let (began, go) = (Arc::clone(&began), Arc::clone(&go));
                async move {
                    began.add_permits(1);
                    go.acquire().await.unwrap().forget();
                    Ok::<_, Never>(keys.into_iter().map(|key| (key, 1)))
                }
            };
            cache
                .fetch_many(&keys(&["a", "b"]), &Options::new(), loader)
                .await
                .unwrap()
        }
    });
    began.acquire().await.unwrap().forget();
    bench.cache.delete("a").await.unwrap();
    go.add_permits(1);
    assert_eq!(many.await.unwrap(), [Some(1), Some(1)]);
    assert_eq!(bench.shelf.keys(), ["cache:b"]);
}

#[tokio::test]
async fn b11_a_delete_waits_for_the_one_write() {
    let bench = Bench::new();
    let asked = Asked::default();
    let held = bench.shelf.hold("set_many");
    let many = tokio::spawn({
        let (cache, lengths) = (bench.cache.clone(), lengths(&asked));
        async move {
            cache
                .fetch_many(&keys(&["a", "b"]), &Options::new(), lengths)
                .await
                .unwrap()
        }
    });
    held.arrived().await;
    let removal = tokio::spawn({
        let cache = bench.cache.clone();
        async move { cache.delete("b").await.unwrap() }
    });
    settle().await;
    assert_eq!(bench.shelf.calls("delete"), 0);
    held.go();
    assert!(removal.await.unwrap());
    many.await.unwrap();
    assert_eq!(bench.shelf.keys(), ["cache:a"]);
}

#[tokio::test]
async fn b11_what_is_stale_is_served_and_loaded_in_the_background() {
    let (bench, asked) = (Bench::new(), Asked::default());
    let options = Options::new().ttl(secs(60)).stale_while_revalidate(secs(60));
    bench.cache.set("a", &100, &options).await.unwrap();
    bench.clock.advance(secs(61));
    let wanted = keys(&["a", "bb"]);
    let values = bench
        .cache
        .fetch_many(&wanted, &options, lengths(&asked))
        .await
        .unwrap();
    assert_eq!(values, [Some(100), Some(2)]);
    until("it is loaded", || bench.cache.loads_in_flight() == 0).await;
    assert_eq!(bench.cache.get::<i32, _>("a").await.unwrap(), Some(1));
}

#[tokio::test]
async fn b11_force_loads_all() {
    let (bench, asked) = (Bench::new(), Asked::default());
    bench.cache.set("a", &100, &Options::new()).await.unwrap();
    let force = Options::new().force(true);
    let values = bench
        .cache
        .fetch_many(&keys(&["a", "bb"]), &force, lengths(&asked))
        .await
        .unwrap();
    assert_eq!(values, [Some(1), Some(2)]);
}
