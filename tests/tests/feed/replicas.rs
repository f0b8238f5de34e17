//! Delay messages that replicas have acknowledged.

use std::time::Duration;

use touchable::feed::Change;
use touchable_tests::OwnRedis;

use crate::world::{World, changes, payloads, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b05_a_delay_message_waits_for_its_replica() {
    let primary = OwnRedis::start(&[]);
    let port = primary.port().to_string();
    let mut replica = OwnRedis::start(&[
        "--replicaof",
        "127.0.0.1",
        &port,
        "--repl-diskless-sync-delay",
        "0",
    ]);
    let world = World::on(primary.url()).await;
    let users = world.users().await;
    let producer = users.producer().wait(1, Duration::from_secs(2));
    until("the replica is in step", async || {
        producer.delay(&Change::of(0)).await.is_ok()
    })
    .await;
    producer.delay_all(&changes(1..600)).await.unwrap();
    let copy = World::on(replica.url()).await;
    let (theirs, ours) = (payloads_of(&copy, &world).await, world.payloads("delay").await);
    assert_eq!(theirs, ours);
    assert!(ours.ends_with(&payloads(1..600)));
    replica.kill();
    let producer = users.producer().wait(1, Duration::from_millis(100));
    until("the replica is missed", async || {
        producer
            .delay(&Change::of(600))
            .await
            .is_err_and(|error| error.is_not_replicated())
    })
    .await;
}

/// What a replica holds of another world.
async fn payloads_of(replica: &World, world: &World) -> Vec<String> {
    let copy = World {
        url: replica.url.clone(),
        feed: replica.feed.clone(),
        namespace: world.namespace.clone(),
        cluster: None,
    };
    copy.payloads("delay").await
}
