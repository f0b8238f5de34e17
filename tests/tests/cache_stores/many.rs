//! Contract: several entries at once.

use bytes::Bytes;
use touchable::cache::store::Store;

use crate::{on_every_store, subject::Subject};

fn borrowed(keys: &[String]) -> Vec<&str> {
    keys.iter().map(String::as_str).collect()
}

async fn many_are_read_in_the_order_of_their_keys<S: Store>(subject: &Subject<S>) {
    let [a, b, none] = ["a", "b", "none"].map(|name| subject.key(name));
    let entries: [(&str, Bytes); 2] = [(&a, "1".into()), (&b, "".into())];
    subject.store.set_many(&entries, None).await.unwrap();
    let keys: [&str; 6] = [&none, &b, &a, &none, &a, &b];
    let values = subject.store.get_many(&keys).await.unwrap();
    let expected = [None, Some(""), Some("1"), None, Some("1"), Some("")];
    assert_eq!(values, expected.map(|value| value.map(Bytes::from)));
}

async fn none_are_read_written_and_deleted<S: Store>(subject: &Subject<S>) {
    assert_eq!(
        subject.store.get_many(&[]).await.unwrap(),
        Vec::<Option<Bytes>>::new()
    );
    subject.store.set_many(&[], None).await.unwrap();
    assert_eq!(subject.store.delete_many(&[]).await.unwrap(), 0);
}

async fn of_two_entries_under_one_key_the_last_is_kept<S: Store>(subject: &Subject<S>) {
    let key = subject.key("twice");
    let entries: [(&str, Bytes); 3] = [(&key, "1".into()), (&key, "2".into()), (&key, "3".into())];
    subject.store.set_many(&entries, None).await.unwrap();
    assert_eq!(subject.store.get(&key).await.unwrap(), Some("3".into()));
}

async fn many_are_deleted_and_counted_once<S: Store>(subject: &Subject<S>) {
    let [a, b, none] = ["a", "b", "none"].map(|name| subject.key(name));
    for key in [&a, &b] {
        subject.store.set(key, "1".into(), None).await.unwrap();
    }
    let keys: [&str; 4] = [&a, &none, &b, &a];
    assert_eq!(subject.store.delete_many(&keys).await.unwrap(), 2);
    assert_eq!(subject.store.delete_many(&keys).await.unwrap(), 0);
    assert_eq!(subject.store.get_many(&[&a, &b]).await.unwrap(), [None, None]);
}

/// More than fits one statement of any database.
async fn thousands_go_at_once<S: Store>(subject: &Subject<S>) {
    let keys: Vec<String> = (0..12_000).map(|i| subject.key(&i.to_string())).collect();
    let keys = borrowed(&keys);
    let entries: Vec<(&str, Bytes)> = keys
        .iter()
        .map(|key| (*key, Bytes::from((*key).to_owned())))
        .collect();
    subject.store.set_many(&entries, None).await.unwrap();
    let thrice = keys.repeat(3);
    let values = subject.store.get_many(&thrice).await.unwrap();
    assert_eq!(values.len(), 36_000);
    assert!(
        values
            .iter()
            .zip(entries.iter().cycle())
            .all(|(value, (_, entry))| value.as_ref() == Some(entry))
    );
    assert_eq!(subject.store.delete_many(&keys).await.unwrap(), 12_000);
}

/// Together more than a packet of the databases.
async fn large_values_go_at_once<S: Store>(subject: &Subject<S>) {
    let keys: Vec<String> = (0..12).map(|i| subject.key(&i.to_string())).collect();
    let entries: Vec<(&str, Bytes)> = keys
        .iter()
        .map(|key| (key.as_str(), Bytes::from(vec![7; 2 << 20])))
        .collect();
    subject.store.set_many(&entries, None).await.unwrap();
    let values = subject.store.get_many(&borrowed(&keys)).await.unwrap();
    assert!(
        values.iter().flatten().count() == 12 && values.iter().flatten().all(|value| value.len() == 2 << 20)
    );
}

/// Two who write the same rows in opposite orders do not end in each other's way.
async fn many_write_the_same_entries_at_once<S: Store + Clone>(subject: &Subject<S>) {
    let keys: Vec<String> = (0..50).map(|i| subject.key(&i.to_string())).collect();
    let mut tasks = Vec::new();
    for writer in 0..16 {
        let store = subject.store.clone();
        let mut keys = keys.clone();
        if writer % 2 == 0 {
            keys.reverse();
        }
        tasks.push(tokio::spawn(async move {
            for _ in 0..5 {
                let entries: Vec<(&str, Bytes)> = keys
                    .iter()
                    .map(|key| (key.as_str(), writer.to_string().into()))
                    .collect();
                store.set_many(&entries, None).await.unwrap();
                store.delete_many(&borrowed(&keys[..25])).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

on_every_store!(
    many_are_read_in_the_order_of_their_keys,
    none_are_read_written_and_deleted,
    of_two_entries_under_one_key_the_last_is_kept,
    many_are_deleted_and_counted_once,
    thousands_go_at_once,
    large_values_go_at_once,
    many_write_the_same_entries_at_once,
);
