//! Contract: what is deleted is gone, and nothing else.

use bytes::Bytes;
use touchable::cache::store::Store;

use crate::{on_every_store, subject::Subject};

async fn a_deleted_entry_is_gone<S: Store>(subject: &Subject<S>) {
    let key = subject.key("a");
    assert!(!subject.store.delete(&key).await.unwrap());
    subject.store.set(&key, "1".into(), None).await.unwrap();
    assert!(subject.store.delete(&key).await.unwrap());
    assert_eq!(subject.store.get(&key).await.unwrap(), None);
    assert!(!subject.store.delete(&key).await.unwrap());
}

/// A prefix is letters, also where a pattern would read something else in them.
async fn a_prefix_takes_no_neighbours<S: Store>(subject: &Subject<S>) {
    let names = [
        "a", "a*", "a*b", "a?", "a?b", "[a]", "[a]b", "a\\", "a\\b", "a%", "a%b", "a_", "a_b", "A", "Ab",
        "ab", "b", "a^", "a-", "é", "éa", "e", "{x}1", "{x}2", "{y}1",
    ];
    for prefix in [
        "a*", "a?", "[a]", "a\\", "a%", "a_", "A", "é", "{x}", "a^", "none",
    ] {
        for name in names {
            subject
                .store
                .set(&subject.key(name), "1".into(), None)
                .await
                .unwrap();
        }
        let taken = names.iter().filter(|name| name.starts_with(prefix)).count();
        let deleted = subject.store.delete_prefix(&subject.key(prefix)).await.unwrap();
        assert_eq!(deleted, taken as u64, "{prefix}");
        for name in names {
            let left = subject.store.get(&subject.key(name)).await.unwrap().is_some();
            assert_eq!(left, !name.starts_with(prefix), "{name} under {prefix}");
        }
    }
}

async fn thousands_go_with_their_prefix<S: Store>(subject: &Subject<S>) {
    let keys: Vec<String> = (0..5_000).map(|i| subject.key(&format!("many/{i}"))).collect();
    let entries: Vec<(&str, Bytes)> = keys.iter().map(|key| (key.as_str(), "1".into())).collect();
    subject.store.set_many(&entries, None).await.unwrap();
    let neighbour = subject.key("many0");
    subject.store.set(&neighbour, "1".into(), None).await.unwrap();
    let deleted = subject.store.delete_prefix(&subject.key("many/")).await.unwrap();
    assert_eq!(deleted, 5_000);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let left = subject.store.get_many(&keys).await.unwrap();
    assert_eq!(left.iter().flatten().count(), 0);
    assert!(subject.store.get(&neighbour).await.unwrap().is_some());
}

on_every_store!(
    a_deleted_entry_is_gone,
    a_prefix_takes_no_neighbours,
    thousands_go_with_their_prefix,
);
