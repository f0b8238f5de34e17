//! C: what a deletion takes away, and what it leaves.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use touchable::{
    cache::{
        Cache, Options,
        store::{Memory, Redis, Store},
    },
    feed::{Batch, Change, Feed},
    lease::{Holder, Leases, RedisLeases},
};
use touchable_tests::{namespace, redis_url};

use crate::support::{Never, here};

/// Two entries under a prefix, whose keys are too long for a store as they are, and one beside it.
async fn delete_under(prefix: &str) {
    let cache = Cache::new(Memory::new()).unwrap();
    let keys = ["a", "b"].map(|end| (prefix, end.repeat(200)));
    for key in &keys {
        cache.set(key, &1, &Options::new()).await.unwrap();
    }
    cache.set("other", &1, &Options::new()).await.unwrap();
    let deleted = cache.delete_prefix(prefix).await;
    let mut left = 0;
    for key in &keys {
        left += u32::from(cache.exists(key).await.unwrap());
    }
    match deleted {
        Ok(deleted) => assert!(left == 0, "deleted {deleted}, left {left}, and said nothing"),
        // It may say that it cannot.
        Err(error) => assert!(error.to_string().contains("prefix"), "{error}"),
    }
    assert!(cache.exists("other").await.unwrap());
}

async fn c_a_prefix_takes_along_the_keys_that_were_cut() {
    delete_under("tasks").await;
}

async fn c_a_long_prefix_takes_along_the_keys_that_were_cut() {
    delete_under(&"t".repeat(200)).await;
}

async fn c_a_prefix_that_is_cut_itself_takes_along_its_keys() {
    delete_under(&"t".repeat(300)).await;
}

/// A Cyrillic letter takes six bytes in a key.
async fn c_a_cyrillic_prefix_takes_along_its_keys() {
    delete_under("Задачи, которые ещё не выполнены и ждут").await;
}

async fn c_clearing_a_cache_leaves_the_feed_of_the_same_namespace() {
    let name = namespace();
    let feed = Feed::builder(&redis_url())
        .namespace(&name)
        .connect()
        .await
        .unwrap();
    let users = feed.stream("users").open().await.unwrap();
    users.producer().queue(&Change::of(1)).await.unwrap();
    let redis = Redis::connect(&redis_url()).await.unwrap();
    let cache = Cache::builder(redis).namespace(&name).build().unwrap();
    cache.set("n", &1, &Options::new()).await.unwrap();
    cache.clear().await.unwrap();
    assert!(!cache.exists("n").await.unwrap());
    let handled = users
        .consumer("search")
        .run_once(|_: Batch<Change>| async { Ok::<_, Never>(()) })
        .await
        .unwrap();
    assert!(
        handled == 1,
        "the cache has cleared the feed: {handled} messages are left"
    );
}

async fn c_clearing_a_cache_leaves_the_leases_of_the_same_namespace() {
    let name = namespace();
    let leases = RedisLeases::connect(&redis_url()).await.unwrap().namespace(&name);
    let minute = Duration::from_mins(1);
    let grant = leases
        .acquire("work", &Holder::unique(), minute)
        .await
        .unwrap()
        .unwrap();
    let redis = Redis::connect(&redis_url()).await.unwrap();
    let cache = Cache::builder(redis).namespace(&name).build().unwrap();
    cache.clear().await.unwrap();
    let second = leases.acquire("work", &Holder::unique(), minute).await.unwrap();
    let token = second.map(|second| second.token);
    assert!(
        token.is_none(),
        "held under token {}, and granted again under {token:?}",
        grant.token
    );
}

/// The last word is the deletion's, whichever of the caches says it.
async fn delete_by_another<S: Store>([first, second]: [Cache<S>; 2]) {
    let (began, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let load = {
        let (began, go) = (Arc::clone(&began), Arc::clone(&go));
        move || async move {
            began.add_permits(1);
            go.acquire().await.unwrap().forget();
            Ok::<_, Never>("old".to_owned())
        }
    };
    let options = Options::new();
    let loading = first.fetch("n", &options, load);
    let deleting = async {
        began.acquire().await.unwrap().forget();
        second.delete("n").await.unwrap();
        go.add_permits(1);
    };
    let (loaded, ()) = tokio::join!(loading, deleting);
    assert_eq!(loaded.unwrap(), "old");
    let stored: Option<String> = second.get("n").await.unwrap();
    assert_eq!(stored, None, "stored after its deletion");
}

async fn c_a_deletion_by_another_cache_of_one_memory_wins() {
    let store = Memory::new();
    delete_by_another([store.clone(), store].map(|store| Cache::new(store).unwrap())).await;
}

async fn c_a_deletion_by_another_cache_of_one_redis_wins() {
    let store = Redis::connect(&redis_url()).await.unwrap();
    let name = namespace();
    let cache = |store| Cache::builder(store).namespace(&name).build().unwrap();
    delete_by_another([store.clone(), store].map(cache)).await;
}

here!(
    c_a_prefix_takes_along_the_keys_that_were_cut,
    c_a_long_prefix_takes_along_the_keys_that_were_cut,
    c_a_prefix_that_is_cut_itself_takes_along_its_keys,
    c_a_cyrillic_prefix_takes_along_its_keys,
    c_clearing_a_cache_leaves_the_feed_of_the_same_namespace,
    c_clearing_a_cache_leaves_the_leases_of_the_same_namespace,
    c_a_deletion_by_another_cache_of_one_memory_wins,
    c_a_deletion_by_another_cache_of_one_redis_wins,
);
