//! A near store over a far one.

use std::time::Duration;

use touchable::{
    cache::store::{Memory, Store, Tiered},
    feed::{Change, Feed},
};
use touchable_tests::{entities::board, namespace};

use crate::{
    spied::Spied,
    subject::{block_on, clock, ttl, until, url},
};

fn tiered() -> (Tiered<Memory, Spied>, Memory, Spied) {
    let (near, far) = (Memory::new(), Spied::default());
    (Tiered::new(near.clone(), far.clone()), near, far)
}

#[tokio::test]
async fn a_near_copy_spares_the_far_store() {
    let (store, _, far) = tiered();
    far.inner.set("a", "1".into(), None).await.unwrap();
    for _ in 0..3 {
        assert_eq!(store.get("a").await.unwrap(), Some("1".into()));
        assert_eq!(store.get_many(&["a"]).await.unwrap(), [Some("1".into())]);
    }
    assert_eq!(far.calls(), ["get a"]);
}

#[tokio::test]
async fn many_ask_the_far_store_only_for_what_is_lacking() {
    let (store, near, far) = tiered();
    near.set("b", "near".into(), None).await.unwrap();
    far.inner.set("a", "1".into(), None).await.unwrap();
    far.inner.set("c", "3".into(), None).await.unwrap();
    let keys = ["c", "b", "none", "a", "c"];
    let expected = ["3", "near", "", "1", "3"].map(|value| (!value.is_empty()).then(|| value.into()));
    assert_eq!(store.get_many(&keys).await.unwrap(), expected);
    assert_eq!(far.calls(), ["get_many a,c,none"]);
    assert_eq!(store.get_many(&keys).await.unwrap(), expected);
    assert_eq!(far.calls(), ["get_many none"]);
}

#[tokio::test]
async fn a_near_copy_ends_in_its_own_time() {
    let clock = clock();
    let (near, far) = (Memory::builder().clock(clock.clone()).build(), Spied::default());
    let store = Tiered::new(near, far.clone()).near_ttl(ttl(Duration::from_secs(3)));
    store.set("a", "1".into(), None).await.unwrap();
    // As another node does.
    far.inner.set("a", "2".into(), None).await.unwrap();
    clock.advance(Duration::from_millis(2_999));
    assert_eq!(store.get("a").await.unwrap(), Some("1".into()));
    clock.advance(Duration::from_millis(1));
    assert_eq!(store.get("a").await.unwrap(), Some("2".into()));
}

#[tokio::test]
async fn evicted_copies_are_read_anew() {
    let (store, near, far) = tiered();
    for key in ["a", "b", "c"] {
        store.set(key, "1".into(), None).await.unwrap();
        far.inner.set(key, "2".into(), None).await.unwrap();
    }
    assert!(store.evict("a").await.unwrap());
    assert!(!store.evict("none").await.unwrap());
    assert_eq!(store.evict_prefix("b").await.unwrap(), 1);
    let seen = store.get_many(&["a", "b", "c"]).await.unwrap();
    assert_eq!(seen, ["2", "2", "1"].map(|value| Some(value.into())));
    assert_eq!(store.clear_near().await.unwrap(), 3);
    assert_eq!(near.get("c").await.unwrap(), None);
    assert_eq!(store.get("c").await.unwrap(), Some("2".into()));
}

#[tokio::test]
async fn the_far_store_decides_who_adds_and_counts() {
    let (store, near, far) = tiered();
    near.set("a", "old".into(), None).await.unwrap();
    assert!(store.add("a", "new".into(), None).await.unwrap());
    assert_eq!(store.get("a").await.unwrap(), Some("new".into()));
    far.inner.set("n", "41".into(), None).await.unwrap();
    near.set("n", "1".into(), None).await.unwrap();
    assert_eq!(store.increment("n", 1, None).await.unwrap(), 42);
    assert_eq!(store.get("n").await.unwrap(), Some("42".into()));
}

#[tokio::test]
async fn a_change_that_fails_leaves_no_near_copy() {
    for operation in 0..6 {
        let (store, near, far) = tiered();
        store.set("a", "1".into(), None).await.unwrap();
        far.break_down(true);
        match operation {
            0 => store.set("a", "2".into(), None).await.unwrap_err(),
            1 => store
                .set_many(&[("a", "2".into()), ("b", "2".into())], None)
                .await
                .unwrap_err(),
            2 => store.delete("a").await.unwrap_err(),
            3 => store.delete_many(&["a"]).await.unwrap_err(),
            4 => store.delete_prefix("a").await.unwrap_err(),
            _ => store.increment("a", 1, None).await.unwrap_err(),
        };
        assert_eq!(near.get("a").await.unwrap(), None, "{operation}");
    }
}

/// A value on its way from the far store must not come after a newer one.
#[tokio::test]
async fn a_read_that_is_overtaken_by_a_change_leaves_no_old_copy() {
    for change in 0..6 {
        let (store, near, far) = tiered();
        far.inner.set("a", "1".into(), None).await.unwrap();
        far.hold("get");
        let reader = tokio::spawn({
            let store = store.clone();
            async move { store.get("a").await.unwrap() }
        });
        far.arrived().await;
        match change {
            0 => store.set("a", "2".into(), None).await.unwrap(),
            1 => store
                .set_many(&[("b", "2".into()), ("a", "2".into())], None)
                .await
                .unwrap(),
            2 => assert!(store.delete("a").await.unwrap()),
            3 => assert_eq!(store.delete_prefix("").await.unwrap(), 1),
            4 => assert_eq!(store.increment("a", 1, None).await.unwrap(), 2),
            _ => {
                far.inner.set("a", "2".into(), None).await.unwrap();
                store.evict("a").await.unwrap();
            }
        }
        far.resume();
        assert_eq!(
            reader.await.unwrap(),
            Some("1".into()),
            "what there was when it began"
        );
        assert_ne!(near.get("a").await.unwrap(), Some("1".into()), "{change}");
        assert_eq!(
            store.get("a").await.unwrap(),
            far.inner.get("a").await.unwrap(),
            "{change}"
        );
    }
}

/// The same when the change is told by a feed.
#[test]
fn a_read_that_is_overtaken_by_a_message_leaves_no_old_copy() {
    block_on(async {
        let (store, near, far) = tiered();
        let feed = Feed::builder(&url("TOUCHABLE_REDIS_URL")).namespace(&namespace());
        let stream = feed
            .connect()
            .await
            .unwrap()
            .stream("tasks")
            .open()
            .await
            .unwrap();
        let _follower = store.follow::<board::task::Entity>(&stream).await.unwrap();
        far.inner.set("n:tasks/5", "1".into(), None).await.unwrap();
        near.set("other:tasks/5", "1".into(), None).await.unwrap();
        far.hold("get");
        let reader = tokio::spawn({
            let store = store.clone();
            async move { store.get("n:tasks/5").await.unwrap() }
        });
        far.arrived().await;
        far.inner.set("n:tasks/5", "2".into(), None).await.unwrap();
        stream.producer().queue(&Change::of(5)).await.unwrap();
        until(async || near.get("other:tasks/5").await.unwrap().is_none()).await;
        far.resume();
        assert_eq!(
            reader.await.unwrap(),
            Some("1".into()),
            "what there was when it began"
        );
        assert_eq!(near.get("n:tasks/5").await.unwrap(), None);
        assert_eq!(store.get("n:tasks/5").await.unwrap(), Some("2".into()));
    });
}

/// The same when the value is already at the door of the near store.
#[tokio::test]
async fn a_copy_that_is_overtaken_by_a_change_goes_again() {
    for change in 0..3 {
        let (near, far) = (Spied::default(), Memory::new());
        let store = Tiered::new(near.clone(), far.clone());
        far.set("a", "1".into(), None).await.unwrap();
        near.hold_before("set_many");
        let reader = tokio::spawn({
            let store = store.clone();
            async move { store.get("a").await.unwrap() }
        });
        near.arrived().await;
        match change {
            0 => store.set("a", "2".into(), None).await.unwrap(),
            1 => assert!(store.delete("a").await.unwrap()),
            _ => assert_eq!(store.increment("a", 1, None).await.unwrap(), 2),
        }
        near.resume();
        assert_eq!(reader.await.unwrap(), Some("1".into()));
        assert_eq!(
            store.get("a").await.unwrap(),
            far.get("a").await.unwrap(),
            "{change}"
        );
    }
}

/// The far store has the last word, whichever of two writers comes to the near one last.
#[tokio::test]
async fn two_writers_leave_the_near_store_as_the_far_one() {
    let (store, _, far) = tiered();
    far.hold("set");
    let first = tokio::spawn({
        let store = store.clone();
        async move { store.set("a", "1".into(), None).await.unwrap() }
    });
    far.arrived().await;
    store.set("a", "2".into(), None).await.unwrap();
    far.resume();
    first.await.unwrap();
    assert_eq!(far.inner.get("a").await.unwrap(), Some("2".into()));
    assert_eq!(store.get("a").await.unwrap(), Some("2".into()));
}

/// Readers and writers without any order.
#[test]
fn a_crowd_leaves_the_near_store_as_the_far_one() {
    block_on(async {
        let (store, _, far) = tiered();
        for round in 0..200 {
            let mut tasks = Vec::new();
            for task in 0..8 {
                let store = store.clone();
                tasks.push(tokio::spawn(async move {
                    match task % 4 {
                        0 => store
                            .set("a", format!("{round} {task}").into(), None)
                            .await
                            .unwrap(),
                        1 => drop(store.delete("a").await.unwrap()),
                        2 => drop(store.get_many(&["a", "b"]).await.unwrap()),
                        _ => drop(store.get("a").await.unwrap()),
                    }
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(store.get("a").await.unwrap(), far.inner.get("a").await.unwrap());
        }
    });
}
