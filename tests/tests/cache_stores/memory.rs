//! The store in this process: its bound.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use bytes::Bytes;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use touchable::cache::store::{EVICTIONS, Memory, Store};

use crate::subject::block_on;

/// A value that is counted for as long as it takes memory.
struct Counted {
    bytes: Vec<u8>,
    alive: Arc<AtomicU64>,
}

impl Counted {
    fn value(size: u64, alive: &Arc<AtomicU64>) -> Bytes {
        alive.fetch_add(size, SeqCst);
        Bytes::from_owner(Self {
            bytes: vec![7; usize::try_from(size).unwrap()],
            alive: Arc::clone(alive),
        })
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.fetch_sub(self.bytes.len() as u64, SeqCst);
    }
}

const WRITERS: u64 = 4;

/// What is alive is what the store holds: the bound, a sixteenth that may be written before room is made, as much that is
/// written while it is, and an entry for each writer.
#[test]
fn the_bound_holds_whatever_is_written() {
    for size in [100, 128, 129, 1_000, 10_000, 100_000] {
        let (max, alive) = (2 << 20, Arc::new(AtomicU64::new(0)));
        let mut bound = max + max / 8 + size * WRITERS;
        if size <= max / 16_384 {
            // Small ones are let go by the map, in its own time.
            bound += max / 2;
        }
        let store = Memory::builder().max_bytes(max).build();
        block_on(async {
            let mut tasks = Vec::new();
            for task in 0..WRITERS {
                let (store, alive) = (store.clone(), Arc::clone(&alive));
                tasks.push(tokio::spawn(async move {
                    for i in 0..6 * max / (size + 480) / WRITERS {
                        let value = Counted::value(size, &alive);
                        store.set(&format!("{task} {i}"), value, None).await.unwrap();
                        let alive = alive.load(SeqCst);
                        assert!(alive <= bound, "{size}: {alive} of {max}");
                    }
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert!(store.bytes() <= max);
        assert!(store.bytes() > max / 2, "{size}: {}", store.bytes());
    }
}

#[tokio::test]
async fn what_was_not_read_for_longest_goes_first() {
    let store = Memory::builder().max_bytes(64 * 1_480).build();
    store.set("kept", vec![7; 1_000].into(), None).await.unwrap();
    store.set("idle", vec![7; 1_000].into(), None).await.unwrap();
    for i in 0..1_000 {
        store
            .set(&i.to_string(), vec![7; 1_000].into(), None)
            .await
            .unwrap();
        assert!(store.get("kept").await.unwrap().is_some(), "{i}");
        let _ = store.bytes();
    }
    assert_eq!(store.get("idle").await.unwrap(), None);
    assert!(store.get("999").await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_larger_than_the_bound_is_not_stored() {
    let store = Memory::builder().max_bytes(10_000).build();
    let large = Bytes::from(vec![7; 10_000]);
    store.set("other", "1".into(), None).await.unwrap();
    store.set("a", "old".into(), None).await.unwrap();
    store.set("a", large.clone(), None).await.unwrap();
    assert_eq!(store.get("a").await.unwrap(), None, "neither the new nor the old");
    store.set_many(&[("b", large.clone())], None).await.unwrap();
    store.add("c", large, None).await.unwrap();
    assert_eq!(store.get_many(&["b", "c"]).await.unwrap(), [None, None]);
    assert_eq!(store.get("other").await.unwrap(), Some("1".into()));
}

#[tokio::test]
async fn evictions_are_counted_and_deletions_are_not() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _local = metrics::set_default_local_recorder(&recorder);
    let store = Memory::builder().max_bytes(10 * 1_500).build();
    store.set("deleted", "1".into(), None).await.unwrap();
    store.set("deleted", "2".into(), None).await.unwrap();
    store.delete("deleted").await.unwrap();
    let _ = store.bytes();
    assert!(snapshotter.snapshot().into_vec().is_empty());
    for i in 0..100 {
        store
            .set(&i.to_string(), vec![7; 1_000].into(), None)
            .await
            .unwrap();
    }
    let kept = store.bytes() / 1_482;
    let metrics = snapshotter.snapshot().into_vec();
    let [(key, _, _, DebugValue::Counter(evicted))] = metrics.as_slice() else {
        panic!("{metrics:?}")
    };
    assert_eq!(key.key().name(), EVICTIONS);
    assert_eq!(evicted + kept, 100);
}

#[tokio::test]
async fn an_empty_prefix_is_everything() {
    let store = Memory::new();
    for key in ["a", "b", "ä"] {
        store.set(key, "1".into(), None).await.unwrap();
    }
    assert_eq!(store.delete_prefix("").await.unwrap(), 3);
    assert_eq!(
        store.get_many(&["a", "b", "ä"]).await.unwrap(),
        [None, None, None]
    );
}

/// A hit hands out the bytes that were written, not a copy of them.
#[tokio::test]
async fn a_hit_copies_nothing() {
    let store = Memory::new();
    let value = Bytes::from(vec![7; 1_000]);
    store.set("a", value.clone(), None).await.unwrap();
    assert_eq!(store.get("a").await.unwrap().unwrap().as_ptr(), value.as_ptr());
}

/// An overwritten value gives its memory back at once, unless it is small against the bound, and a reader who meets it
/// there looks again.
#[test]
fn a_read_among_overwrites_is_no_miss() {
    overwrites_while_reading(&Memory::new());
    let small_bound = Memory::builder().max_bytes(16_383);
    overwrites_while_reading(&small_bound.build());
}

fn overwrites_while_reading(store: &Memory) {
    block_on(async {
        store.set("a", "0".into(), None).await.unwrap();
        let writer = tokio::spawn({
            let store = store.clone();
            async move {
                for i in 0..20_000 {
                    store.set("a", i.to_string().into(), None).await.unwrap();
                }
            }
        });
        while !writer.is_finished() {
            assert!(store.get("a").await.unwrap().is_some());
        }
        writer.await.unwrap();
    });
}

/// Writes of all kinds to one key happen in one order.
#[test]
fn increments_and_writes_do_not_lose_each_other() {
    block_on(async {
        for _ in 0..300 {
            let store = Memory::new();
            let writer = tokio::spawn({
                let store = store.clone();
                async move { store.set("a", "1000".into(), None).await.unwrap() }
            });
            for _ in 0..5 {
                store.increment("a", 1, None).await.unwrap();
            }
            writer.await.unwrap();
            let sum = store.increment("a", 0, None).await.unwrap();
            assert!((1_000..=1_005).contains(&sum), "{sum}");
        }
    });
}
