//! Writing a thousand messages.

use futures_util::FutureExt;
use redis::Pipeline;
use touchable::feed::Change;
use touchable_benches::{Arguments, Goal, Race, Ratio};

use crate::track::{Track, changes};

const MESSAGES: i64 = 1_000;

/// As many as ours sends together.
const SLICE: usize = 250;

pub async fn race(track: &Track, arguments: &Arguments) -> Vec<Ratio> {
    let name = "feed/produce";
    if !arguments.wants(name) {
        return Vec::new();
    }
    let changes = changes(MESSAGES);
    let payloads: Vec<String> = (0..MESSAGES).map(|id| format!("{{\"id\":{id}}}")).collect();
    let ratios = Race::of(name, |_| ours(track, &changes).boxed())
        // 0.9 of the messages in the same time.
        .against("xadd", Goal::AtMost(1.11), |_| bare(track, &payloads).boxed())
        .run(arguments.patience())
        .await;
    track.delete("queue").await;
    track.delete("bare").await;
    ratios
}

async fn ours(track: &Track, changes: &[Change]) {
    track.users.producer().queue_all(changes).await.expect("a server");
}

async fn bare(track: &Track, payloads: &[String]) {
    let key = track.key("bare");
    for slice in payloads.chunks(SLICE) {
        let mut pipeline = Pipeline::with_capacity(SLICE);
        for payload in slice {
            pipeline
                .cmd("XADD")
                .arg(&key)
                .arg("*")
                .arg("payload")
                .arg(payload);
        }
        let _: Vec<String> = pipeline
            .query_async(&mut track.bare.clone())
            .await
            .expect("a server");
    }
}
