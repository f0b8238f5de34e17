//! K15: what is outside of the process is not as a cache would like to have it.

use std::time::Duration;

use http::{HeaderMap, header};
use sea_orm::TryIntoModel;
use tokio::time::sleep;
use touchable::{
    cache::{
        Cache, Options,
        store::{Failsafe, Redis},
    },
    http::fresh_when,
};
use touchable_tests::{OwnRedis, entities::board};

use crate::support::{Never, here};

/// An application that starts while Redis is away serves its pages, and uses Redis once that is back.
async fn k15_a_store_can_be_made_while_redis_is_down() {
    let mut server = OwnRedis::start(&[]);
    server.kill();
    let redis = Redis::connect(&server.url()).await;
    let redis = redis.unwrap_or_else(|error| panic!("no store while Redis is down: {error}"));
    let cache = Cache::new(Failsafe::new(redis)).unwrap();
    let load = || async { Ok::<_, Never>(1) };
    assert_eq!(cache.fetch("n", &Options::new(), load).await.unwrap(), 1);
    server.restart();
    for _ in 0..1_000 {
        cache.set("n", &2, &Options::new()).await.unwrap();
        let other = Cache::new(Redis::connect(&server.url()).await.unwrap()).unwrap();
        if other.get("n").await.unwrap() == Some(2) {
            return;
        }
        // Nothing tells when a connection has come about.
        sleep(Duration::from_millis(5)).await;
    }
    panic!("Redis is back, and the store does not find it");
}

/// Apache's `mod_deflate` and its like append the coding to the tag of a page that they compress.
async fn k15_an_entity_tag_that_a_proxy_has_marked_is_the_pages() {
    let mut task = board::task(1, None, None).try_into_model().unwrap();
    let sent = fresh_when(&task, &HeaderMap::new()).unwrap();
    let tag = sent.headers()[header::ETAG].to_str().unwrap();
    for (coding, tag) in
        ["gzip", "br"].map(|coding| (coding, format!("{}-{coding}\"", tag.trim_end_matches('"'))))
    {
        for tag in [tag.as_str(), tag.trim_start_matches("W/")] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, tag.parse().unwrap());
            let freshness = fresh_when(&task, &headers).unwrap();
            assert!(
                freshness.is_fresh(),
                "a page compressed by {coding} is sent again"
            );
        }
    }
    let mut headers = HeaderMap::new();
    let marked = format!("{}-gzip\"", tag.trim_end_matches('"'));
    headers.insert(header::IF_NONE_MATCH, marked.parse().unwrap());
    task.updated_at += Duration::from_micros(1);
    assert!(
        !fresh_when(&task, &headers).unwrap().is_fresh(),
        "another version"
    );
}

here!(
    k15_a_store_can_be_made_while_redis_is_down,
    k15_an_entity_tag_that_a_proxy_has_marked_is_the_pages,
);
