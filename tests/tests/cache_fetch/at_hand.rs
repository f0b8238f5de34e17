//! Hits in the memory of this process take a way of their own, on which everything has to hold that holds elsewhere.

use touchable::{
    Clock, Stamp,
    cache::{Cache, Options, store::Memory},
};

use crate::{Never, secs};

fn cache() -> (Cache<Memory>, Clock) {
    let clock = Clock::manual(Stamp::from_micros(1_767_225_600_000_000));
    let store = Memory::builder().clock(clock.clone()).build();
    let cache = Cache::builder(store).clock(clock.clone()).build().unwrap();
    (cache, clock)
}

/// What a fetch gets, when a new value would be `new`.
async fn fetched(cache: &Cache<Memory>, options: &Options, new: &'static str) -> String {
    let load = move || async move { Ok::<_, Never>(new) };
    let text = cache.fetch_text("n", options, load).await.unwrap();
    text.to_string()
}

#[tokio::test]
async fn b06_force_loads_anew() {
    let (cache, _) = cache();
    let options = Options::new();
    assert_eq!(fetched(&cache, &options, "old").await, "old");
    assert_eq!(fetched(&cache, &options, "new").await, "old");
    assert_eq!(fetched(&cache, &options.clone().force(true), "new").await, "new");
    assert_eq!(fetched(&cache, &options, "newer").await, "new");
}

#[tokio::test]
async fn b06_wrong_options_are_an_error_though_there_is_a_value() {
    let (cache, _) = cache();
    fetched(&cache, &Options::new(), "old").await;
    let load = || async { Ok::<_, Never>("new") };
    let error = cache.fetch_text("n", &Options::new().ttl(secs(0)), load).await;
    assert!(error.is_err());
}

#[tokio::test]
async fn b09_an_entry_of_another_version_is_a_miss() {
    let (cache, _) = cache();
    let (first, second) = (Options::new().version("1"), Options::new().version("2"));
    assert_eq!(fetched(&cache, &first, "one").await, "one");
    assert_eq!(fetched(&cache, &first, "other").await, "one");
    assert_eq!(fetched(&cache, &second, "two").await, "two");
    assert_eq!(fetched(&cache, &second, "other").await, "two");
    assert_eq!(fetched(&cache, &first, "other").await, "other");
}

#[tokio::test]
async fn b06_an_entry_past_its_end_is_a_miss() {
    let (cache, clock) = cache();
    let options = Options::new().ttl(secs(10)).stale_if_error(secs(100));
    assert_eq!(fetched(&cache, &options, "old").await, "old");
    clock.advance(secs(9));
    assert_eq!(fetched(&cache, &options, "new").await, "old");
    clock.advance(secs(2));
    assert_eq!(fetched(&cache, &options, "new").await, "new");
}

#[tokio::test]
async fn b08_a_deleted_entry_is_a_miss() {
    let (cache, _) = cache();
    let options = Options::new();
    assert_eq!(fetched(&cache, &options, "old").await, "old");
    assert!(cache.delete("n").await.unwrap());
    assert_eq!(fetched(&cache, &options, "new").await, "new");
}

#[tokio::test]
async fn b12_kinds_of_values_do_not_meet() {
    let (cache, _) = cache();
    let options = Options::new();
    assert_eq!(fetched(&cache, &options, "7").await, "7");
    let number = || async { Ok::<u32, Never>(8) };
    assert_eq!(cache.fetch("n", &options, number).await.unwrap(), 8);
    assert_eq!(
        cache
            .fetch("n", &options, || async { Ok::<u32, Never>(9) })
            .await
            .unwrap(),
        8
    );
    assert_eq!(fetched(&cache, &options, "7").await, "7");
}
