//! F: what is wrong with one shard is no reason to leave the others.

use std::time::Duration;

use redis::cmd;
use tokio::time::sleep;
use touchable::feed::{Change, Record, Stream};

use crate::world::{Seen, World, comes, here};

/// A stream of two shards, and a change of each.
async fn prepare(world: &World) -> (Stream, [Change; 2]) {
    let users = world.feed.stream("users").shards(2).open().await.unwrap();
    let of = |shard| {
        let mut changes = (0..).map(|id: i64| Change::of(id));
        changes
            .find(|change| users.shard_of(&change.key()) == shard)
            .unwrap()
    };
    let changes = [of(0), of(1)];
    (users, changes)
}

async fn f_a_delayer_goes_on_to_the_next_shard() {
    let world = World::shared().await;
    let (users, changes) = prepare(&world).await;
    users.producer().delay_all(&changes).await.unwrap();
    world.overwrite(&["users/0", ":delay"], "no stream").await;
    let delayer = users.delayer(Duration::from_millis(1));
    // Until both are due by the server's clock, and some more.
    for _ in 0..20 {
        let _ = delayer.deliver().await;
        sleep(Duration::from_millis(1)).await;
    }
    let sent = world.length(&["users/1", ":queue"]).await;
    assert!(sent == 1, "the second shard is never delivered");
}

async fn f_a_trimmer_goes_on_to_the_next_shard() {
    let world = World::shared().await;
    let (users, changes) = prepare(&world).await;
    users.producer().queue_all(&changes).await.unwrap();
    let handled = users.consumer("search").run_once(Seen::default().handler()).await;
    assert_eq!(handled.unwrap(), 2);
    world.overwrite(&["users/0", ":offset"], "no id").await;
    let _ = users.trimmer(["search"]).trim().await;
    let left = world.length(&["users/1", ":queue"]).await;
    assert!(
        left == 0,
        "the second shard is not trimmed: it has {left} message"
    );
}

async fn f_a_consumer_goes_on_to_the_next_shard() {
    let world = World::shared().await;
    let (users, changes) = prepare(&world).await;
    users.producer().queue_all(&changes).await.unwrap();
    let consumer = users.consumer("search");
    consumer.run_once(Seen::default().handler()).await.unwrap();
    world.overwrite(&["users/0", ":offset"], "no id").await;
    users.producer().queue_all(&changes).await.unwrap();
    let seen = Seen::default();
    let _ = consumer.run_once(seen.handler()).await;
    let place = users.consumer("search").max_committed_id(1).await.unwrap();
    assert!(
        !seen.all().is_empty(),
        "the second shard is not handled; it is at {place:?}"
    );
}

/// What is left of the first shard is in order again once it is fixed.
async fn f_a_delayer_delivers_a_shard_that_is_mended() {
    let world = World::shared().await;
    let (users, changes) = prepare(&world).await;
    users.producer().delay_all(&changes).await.unwrap();
    world.overwrite(&["users/0", ":delay"], "no stream").await;
    let delayer = users.delayer(Duration::from_millis(1));
    let _ = delayer.deliver().await;
    let key = world.key(&["users/0", ":delay"]).await.unwrap();
    let () = world.ask(cmd("DEL").arg(key)).await;
    users.producer().delay(&changes[0]).await.unwrap();
    let sent = comes(async || {
        delayer.deliver().await.unwrap();
        world.length(&["users/0", ":queue"]).await == 1 && world.length(&["users/1", ":queue"]).await == 1
    });
    assert!(sent.await);
}

here!(
    f_a_delayer_goes_on_to_the_next_shard,
    f_a_delayer_delivers_a_shard_that_is_mended,
    f_a_trimmer_goes_on_to_the_next_shard,
    f_a_consumer_goes_on_to_the_next_shard,
);
