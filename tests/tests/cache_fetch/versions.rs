//! Behaviour 9: a value is stored under the version that was taken before it was loaded.

use std::sync::Arc;

use tokio::sync::Semaphore;
use touchable::cache::Options;

use crate::{Bench, Never, until};

async fn fetch(bench: &Bench, version: &str, value: i32) -> i32 {
    let options = Options::new().version(version);
    let loader = move || async move { Ok::<_, Never>(value) };
    bench.cache.fetch("n", &options, loader).await.unwrap()
}

#[tokio::test]
async fn b09_an_entry_of_another_version_is_a_miss() {
    let bench = Bench::new();
    assert_eq!(fetch(&bench, "1", 1).await, 1);
    assert_eq!(fetch(&bench, "1", 2).await, 1);
    assert_eq!(fetch(&bench, "2", 2).await, 2);
    assert_eq!(fetch(&bench, "2", 3).await, 2);
    // One key is recycled.
    assert_eq!(bench.shelf.keys().len(), 1);
    assert_eq!(bench.cache.get::<i32, _>("n").await.unwrap(), Some(2));
}

#[tokio::test]
async fn b09_an_entry_without_a_version_is_a_miss_for_who_asks_for_one() {
    let bench = Bench::new();
    bench.cache.set("n", &1, &Options::new()).await.unwrap();
    assert_eq!(fetch(&bench, "", 2).await, 2);
    assert_eq!(fetch(&bench, "", 3).await, 2);
}

#[tokio::test]
async fn b09_a_load_of_another_version_is_not_joined() {
    let bench = Bench::new();
    let go = Arc::new(Semaphore::new(0));
    let old = tokio::spawn({
        let (cache, go) = (bench.cache.clone(), Arc::clone(&go));
        async move {
            let loader = move || async move {
                go.acquire().await.unwrap().forget();
                Ok::<_, Never>(1)
            };
            cache
                .fetch("n", &Options::new().version("1"), loader)
                .await
                .unwrap()
        }
    });
    until("it loads", || bench.cache.loads_in_flight() == 1).await;
    assert_eq!(fetch(&bench, "2", 2).await, 2);
    go.add_permits(1);
    assert_eq!(old.await.unwrap(), 1);
    // Whichever was written last: no version gets the value of another.
    assert_eq!(fetch(&bench, "2", 2).await, 2);
    assert_eq!(fetch(&bench, "1", 1).await, 1);
}

#[tokio::test]
async fn b09_a_version_is_as_long_as_65535_bytes() {
    let bench = Bench::new();
    let long = "v".repeat(65_535);
    assert_eq!(fetch(&bench, &long, 1).await, 1);
    assert_eq!(fetch(&bench, &long, 2).await, 1);
    let longer = Options::new().version(format!("{long}v"));
    bench.cache.set("n", &1, &longer).await.unwrap_err();
}
