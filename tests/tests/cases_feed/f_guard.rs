//! F: whatever the application's code does with a message, and an operator with the next one.

use std::{
    io,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::FutureExt;
use redis::cmd;
use serde::{Deserialize, Deserializer};
use tokio::time::timeout;
use touchable::feed::{Batch, Change, News};

use crate::world::{Done, PATIENCE, Seen, World, changes, here};

/// Cannot even be looked at when its number is 1.
struct Bomb(i64);

impl<'de> Deserialize<'de> for Bomb {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            id: i64,
        }
        let Fields { id } = Fields::deserialize(deserializer)?;
        assert!(id != 1, "a field that is as nobody expected");
        Ok(Self(id))
    }
}

async fn f_a_message_that_panics_when_it_is_read_is_put_aside() {
    let world = World::shared().await;
    let users = world.users().await;
    users.producer().queue_all(&changes([0, 1, 2])).await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let consumer = users
        .consumer("search")
        .max_attempts(1)
        .pauses(Duration::from_millis(1), Duration::from_millis(1));
    // A failure, one after the other, the one that goes aside, and some to spare.
    for _ in 0..8 {
        let handler = |batch: Batch<Bomb>| {
            seen.lock()
                .unwrap()
                .extend(batch.iter().map(|message| message.record.0));
            std::future::ready(Done::Ok(()))
        };
        let _ = AssertUnwindSafe(consumer.run_once(handler)).catch_unwind().await;
    }
    let seen = seen.lock().unwrap().clone();
    assert_eq!(
        seen,
        [0, 2],
        "what comes beside the message that panics is handled"
    );
    assert_eq!(world.length(&[":dead"]).await, 1);
}

async fn f_a_reader_outlives_a_message_that_panics_when_it_is_read() {
    let world = World::shared().await;
    let users = world.users().await;
    let mut reader = users.reader().start::<Bomb>().await.unwrap();
    users.producer().queue(&Change::of(1)).await.unwrap();
    users.producer().queue(&Change::of(2)).await.unwrap();
    let read = async {
        while let Some(news) = reader.next().await {
            if matches!(news, News::Batch(batch) if batch.iter().any(|message| message.record.0 == 2)) {
                return true;
            }
        }
        false
    };
    let read = timeout(PATIENCE, read).await;
    assert!(read == Ok(true), "the reader has ended without a word");
}

/// The count of failures is of a message, not of its place.
async fn f_the_message_after_one_that_was_removed_by_hand_is_tried() {
    let world = World::shared().await;
    let users = world.users().await;
    users.producer().queue_all(&changes([1, 2])).await.unwrap();
    let consumer = users
        .consumer("search")
        .batch_size(1)
        .max_attempts(2)
        .pauses(Duration::from_millis(1), Duration::from_millis(1));
    for _ in 0..2 {
        let fails = |_: Batch<Change>| std::future::ready(Err(io::Error::other("no")));
        consumer.run_once(fails).await.unwrap_err();
    }
    let queue = world.key(&[":queue"]).await.unwrap();
    let first: Vec<(String, Vec<String>)> = world
        .ask(cmd("XRANGE").arg(&queue).arg("-").arg("+").arg("COUNT").arg(1))
        .await;
    let removed: usize = world.ask(cmd("XDEL").arg(&queue).arg(&first[0].0)).await;
    assert_eq!(removed, 1);
    let seen = Seen::default();
    consumer.run_once(seen.handler()).await.unwrap();
    let dead = world.length(&[":dead"]).await;
    assert!(
        seen.all() == [2] && dead == 0,
        "handled {:?}, and {dead} dead letters",
        seen.all()
    );
}

here!(
    f_a_message_that_panics_when_it_is_read_is_put_aside,
    f_a_reader_outlives_a_message_that_panics_when_it_is_read,
    f_the_message_after_one_that_was_removed_by_hand_is_tried,
);
