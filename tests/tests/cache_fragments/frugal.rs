//! What a hit in memory takes.

use allocation_counter::measure;
use futures_util::FutureExt;
use touchable::cache::{
    Cache, FragmentCache,
    store::{AnyStore, Failsafe, Memory, Null, Store, Tiered},
};
use touchable_tests::{at, entities::outer};

fn task() -> outer::task::Model {
    outer::task::Model {
        id: 5,
        title: "Write".to_owned(),
        event_id: None,
        user_id: None,
        updated_at: at(1),
    }
}

/// What the second hit of a fragment allocates; the first may look through the entry.
async fn hit<S: Store>(store: S) -> u64 {
    let fragments = FragmentCache::new(Cache::new(store).unwrap());
    let task = task();
    for _ in 0..2 {
        let card = fragments.fetch(&task, "card", async || "x".repeat(1_000)).await;
        assert_eq!(card.unwrap().len(), 1_000);
    }
    let allocated = measure(|| {
        let hit = fragments
            .fetch(&task, "card", async || String::new())
            .now_or_never();
        assert_eq!(hit.unwrap().unwrap().len(), 1_000);
    });
    allocated.count_total
}

#[tokio::test]
async fn b12_a_hit_in_memory_allocates_nothing() {
    assert_eq!(hit(Memory::new()).await, 0);
    assert_eq!(hit(Failsafe::new(Memory::new())).await, 0);
    assert_eq!(hit(AnyStore::new(Memory::new())).await, 0);
    assert_eq!(hit(Tiered::new(Memory::new(), Null)).await, 0);
}
