//! A fragment that is in memory, beside a bare `moka` cache that is asked for the same bytes with a ready key.

use std::hint::black_box;

use bytes::Bytes;
use futures_util::FutureExt;
use touchable::cache::{Cache, FragmentCache, store::Memory};
use touchable_benches::{Arguments, Goal, Race, Ratio, entities::ours::task};

/// Hits of one lap: one alone is faster than a clock can tell.
const HITS: usize = 1_000;

/// What a card of a page takes.
const BYTES: usize = 1_024;

pub async fn race(arguments: &Arguments) -> Vec<Ratio> {
    let name = "cache/memory/hit";
    if !arguments.wants(name) {
        return Vec::new();
    }
    let card = "x".repeat(BYTES);
    let tasks: Vec<_> = (1..=100).map(|id| task::Model::loaded(id, 1)).collect();
    let fragments = FragmentCache::new(Cache::new(Memory::default()).expect("a cache"));
    let bare: moka::sync::Cache<Box<str>, Bytes> = moka::sync::Cache::new(10_000);
    let mut keys = Vec::new();
    for task in &tasks {
        fragments
            .fetch(task, "card", async || card.clone())
            .await
            .expect("a rendered card");
        let key = format!(
            "cache:tasks/{}@{:020}:card",
            task.id,
            task.updated_at.timestamp_micros()
        );
        bare.insert(key.as_str().into(), Bytes::from(card.clone()));
        keys.push(key);
    }

    let ours = |_| {
        async {
            for task in tasks.iter().cycle().take(HITS) {
                let text = fragments.fetch(task, "card", async || "").await;
                black_box(text.expect("a stored card"));
            }
        }
        .boxed_local()
    };
    let moka = |_| {
        async {
            for key in keys.iter().cycle().take(HITS) {
                black_box(bare.get(key.as_str()).expect("a stored card"));
            }
        }
        .boxed_local()
    };
    Race::of(name, ours)
        .against("moka", Goal::AtMost(1.5), moka)
        .run(arguments.patience())
        .await
}
