//! Reading a stream from its beginning to its end.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use futures_util::FutureExt;
use redis::{cmd, streams::StreamReadReply};
use tokio::sync::Notify;
use touchable::feed::{Batch, Change};
use touchable_benches::{Arguments, Goal, Race, Ratio};

use crate::track::{Track, changes};

const MESSAGES: usize = 50_000;
const BATCH: usize = 1_000;

pub async fn race(track: &Track, arguments: &Arguments) -> Vec<Ratio> {
    let name = "feed/consume";
    if !arguments.wants(name) {
        return Vec::new();
    }
    let producer = track.users.producer();
    producer
        .queue_all(&changes(i64::try_from(MESSAGES).expect("a small number")))
        .await
        .expect("a server");
    let ratios = Race::of(name, |n| ours(track, n).boxed())
        // 0.9 of the messages in the same time.
        .against("xread", Goal::AtMost(1.11), |_| bare(track).boxed())
        .run(arguments.patience())
        .await;
    track.delete("queue").await;
    ratios
}

/// A consumer that nobody has seen before: it takes its lease, connects, and moves its offset with each batch.
async fn ours(track: &Track, n: u64) {
    let (handled, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (counting, telling) = (Arc::clone(&handled), Arc::clone(&all));
    let task = track
        .users
        .consumer(&format!("bench-{n}"))
        .batch_size(BATCH)
        .run(move |batch: Batch<Change>| {
            if counting.fetch_add(batch.len(), Relaxed) + batch.len() == MESSAGES {
                telling.notify_one();
            }
            async { Ok::<_, std::io::Error>(()) }
        })
        .expect("settings that work");
    all.notified().await;
    drop(task);
    track.delete(&format!("offset:bench-{n}")).await;
}

async fn bare(track: &Track) {
    let (key, mut after, mut handled) = (track.key("queue"), "0-0".to_owned(), 0);
    while handled < MESSAGES {
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(BATCH).arg("STREAMS").arg(&key).arg(&after);
        let reply: StreamReadReply = read.query_async(&mut track.bare.clone()).await.expect("a server");
        let messages = &reply.keys[0].ids;
        handled += messages.len();
        after.clone_from(&messages[messages.len() - 1].id);
    }
}
