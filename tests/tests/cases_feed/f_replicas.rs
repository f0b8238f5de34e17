//! F: who waits for a replica does not wait for all others who do.

use std::time::Duration;

use futures_util::future::join_all;
use touchable::feed::{Change, Feed};
use touchable_tests::OwnRedis;

use crate::{
    proxy::{Line, Proxy},
    world::here,
};

async fn f_many_commits_wait_for_one_far_replica_together() {
    const COMMITS: i64 = 50;
    let primary = OwnRedis::start(&["--repl-diskless-sync-delay", "0"]);
    // An answer takes 30 ms.
    let line = Line {
        latency: Duration::from_millis(15),
        width: None,
    };
    let proxy = Proxy::start(primary.port(), line).await;
    let _replica = OwnRedis::start(&["--replicaof", "127.0.0.1", &proxy.port().to_string()]);
    let feed = Feed::connect(&primary.url()).await.unwrap();
    let users = feed.stream("users").open().await.unwrap();
    let first = users.producer().wait(1, Duration::from_secs(10));
    first
        .delay(&Change::of(0))
        .await
        .expect("a replica that is in step");
    let producer = users.producer().wait(1, Duration::from_millis(500));
    let commits = (1..=COMMITS).map(|id| {
        let producer = producer.clone();
        async move { producer.delay(&Change::of(id)).await.is_err() }
    });
    let lost = join_all(commits)
        .await
        .into_iter()
        .filter(|failed| *failed)
        .count();
    assert!(
        lost == 0,
        "of {COMMITS} commits at once, {lost} were lost to the timeout"
    );
}

here!(f_many_commits_wait_for_one_far_replica_together);
