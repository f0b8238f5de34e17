//! 100 fragments from Redis in one round trip, beside a bare MGET of the same keys.

use std::hint::black_box;

use futures_util::FutureExt;
use touchable::cache::{Cache, FragmentCache, key::Namespace, store::Redis};
use touchable_benches::{Arguments, Goal, Race, Ratio, entities::ours::task};

const FRAGMENTS: i32 = 100;

pub async fn race(arguments: &Arguments) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for (name, card) in [
        ("cache/redis/hits-100", "x".repeat(1_000)),
        ("cache/redis/hits-100-compressed", super::page::card("x")),
    ] {
        if arguments.wants(name) {
            ratios.extend(hits(name, &card, arguments).await);
        }
    }
    ratios
}

/// Entries of a card: it is compressed from 1 KiB on.
async fn hits(name: &str, card: &str, arguments: &Arguments) -> Vec<Ratio> {
    let url = url();
    let namespace = format!("bench-{}", std::process::id());
    let store = Redis::connect(&url)
        .await
        .expect("the server of TOUCHABLE_REDIS_URL");
    let cache = Cache::builder(store)
        .namespace(&namespace)
        .build()
        .expect("a cache");
    let fragments = FragmentCache::new(cache);
    let tasks: Vec<_> = (1..=FRAGMENTS).map(|id| task::Model::loaded(id, 1)).collect();
    fragments
        .fetch_many(&tasks, "card", async |missing| {
            Ok::<_, String>(vec![card.to_owned(); missing.len()])
        })
        .await
        .expect("rendered cards");
    let spelled = Namespace::new(&namespace).expect("a namespace");
    let keys: Vec<String> = tasks
        .iter()
        .map(|task| spelled.key(&(task, "card")).expect("a key"))
        .collect();
    let client = redis::Client::open(url).expect("a client");
    let bare = client
        .get_multiplexed_async_connection()
        .await
        .expect("a connection");

    let ours = |_| {
        async {
            let texts = fragments
                .fetch_many(&tasks, "card", async |_| Ok::<Vec<String>, String>(Vec::new()))
                .await;
            black_box(texts.expect("stored cards"));
        }
        .boxed_local()
    };
    let mget = |_| {
        async {
            let texts: Vec<Option<bytes::Bytes>> = redis::cmd("MGET")
                .arg(&keys)
                .query_async(&mut bare.clone())
                .await
                .expect("an answer");
            assert!(texts.iter().all(Option::is_some));
            black_box(texts);
        }
        .boxed_local()
    };
    let ratios = Race::of(name, ours)
        .against("mget", Goal::AtMost(1.1), mget)
        .run(arguments.patience())
        .await;
    fragments.cache().clear().await.expect("an emptied cache");
    ratios
}

pub fn url() -> String {
    std::env::var("TOUCHABLE_REDIS_URL")
        .expect("TOUCHABLE_REDIS_URL is not set: run scripts/bench, it brings up the server")
}
