//! Shards keep the order of each record.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use touchable::feed::{Batch, Change, News, Stream};

use crate::world::{World, changes, done, ids, on_both, until};

async fn sharded(world: &World) -> Stream {
    world.feed.stream("users").shards(4).open().await.unwrap()
}

async fn b12_all_messages_of_a_record_are_in_one_shard(world: World) {
    let users = sharded(&world).await;
    let records: Vec<Change> = (0..10).flat_map(|_| changes(0..50)).collect();
    users.producer().queue_all(&records).await.unwrap();
    let shards: Arc<Mutex<BTreeMap<i64, BTreeSet<usize>>>> = Arc::default();
    let noting = Arc::clone(&shards);
    let task = users
        .consumer("search")
        .run(move |batch: Batch<Change>| {
            for id in ids(&batch) {
                noting
                    .lock()
                    .unwrap()
                    .entry(id)
                    .or_default()
                    .insert(batch.shard());
            }
            async { done() }
        })
        .unwrap();
    until("all are handled", async || {
        users.consumer("search").lag().await.unwrap().messages == 0
    })
    .await;
    task.shutdown().await;
    let shards = shards.lock().unwrap();
    assert_eq!(shards.len(), 50);
    assert!(shards.values().all(|shards| shards.len() == 1), "{shards:?}");
    let used: BTreeSet<usize> = shards.values().flatten().copied().collect();
    assert_eq!(used.len(), 4, "they are spread");
}

async fn b12_every_part_works_in_a_sharded_stream(world: World) {
    let users = sharded(&world).await;
    let mut reader = users.reader().start::<Change>().await.unwrap();
    users.producer().delay_all(&changes(0..100)).await.unwrap();
    let delayer = users.delayer(Duration::from_millis(1));
    let mut sent = 0;
    until("all are due", async || {
        sent += delayer.deliver().await.unwrap();
        sent == 100
    })
    .await;
    assert_eq!(users.consumer("search").lag().await.unwrap().messages, 100);
    let handled = users
        .consumer("search")
        .run_once(|_: Batch<Change>| async { done() })
        .await;
    assert_eq!(handled.unwrap(), 100);
    assert_eq!(users.trimmer(["search"]).trim().await.unwrap(), 100);
    let mut all = BTreeSet::new();
    while all.len() < 100 {
        match tokio::time::timeout(Duration::from_secs(10), reader.next())
            .await
            .unwrap()
            .unwrap()
        {
            News::Batch(batch) => all.extend(ids(&batch)),
            // It may have been slower than the trimmer.
            News::Lagged { .. } => return,
        }
    }
}

/// It is part of what is stored: another version has to find the same.
async fn b12_a_record_stays_in_its_shard(world: World) {
    let users = sharded(&world).await;
    let shards: Vec<usize> = ["1", "2", "3", "4", "5", "eu,7", "日本"]
        .iter()
        .map(|key| users.shard_of(key))
        .collect();
    assert_eq!(shards, SHARDS);
}

const SHARDS: [usize; 7] = [0, 0, 0, 3, 2, 2, 0];

async fn b12_another_number_of_shards_is_refused(world: World) {
    let _four = sharded(&world).await;
    for other in [1, 3, 8] {
        let error = world
            .feed
            .stream("users")
            .shards(other)
            .open()
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("has 4 shards") && error.contains(&format!("says {other}")),
            "{error}"
        );
    }
    assert!(world.feed.stream("users").shards(0).open().await.is_err());
    assert!(world.feed.stream("users").shards(4).open().await.is_ok());
}

on_both!(
    b12_a_record_stays_in_its_shard,
    b12_all_messages_of_a_record_are_in_one_shard,
    b12_another_number_of_shards_is_refused,
    b12_every_part_works_in_a_sharded_stream,
);
