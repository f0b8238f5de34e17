//! Contract: entries end with their time to live.

use std::time::Duration;

use touchable::cache::store::Store;

use crate::{
    on_every_store,
    subject::{Subject, ttl},
};

async fn an_entry_ends_with_its_time_to_live<S: Store>(subject: &Subject<S>) {
    let [key, other] = ["a", "b"].map(|name| subject.key(name));
    let short = subject.short();
    subject.store.set(&key, "1".into(), Some(short)).await.unwrap();
    let long = Some(ttl(Duration::from_hours(1_000)));
    subject.store.set(&other, "2".into(), long).await.unwrap();
    subject
        .expect_end(short, async || subject.store.get(&key).await.unwrap().is_none())
        .await;
    assert_eq!(
        subject.store.get_many(&[&key, &other]).await.unwrap(),
        [None, Some("2".into())]
    );
    assert!(!subject.store.delete(&key).await.unwrap());
    assert_eq!(subject.store.delete_prefix(&key).await.unwrap(), 0);
}

async fn many_entries_end_with_their_time_to_live<S: Store>(subject: &Subject<S>) {
    let [a, b] = ["a", "b"].map(|name| subject.key(name));
    let short = subject.short();
    let entries = [(a.as_str(), "1".into()), (b.as_str(), "2".into())];
    subject.store.set_many(&entries, Some(short)).await.unwrap();
    subject
        .expect_end(short, async || {
            subject.store.get_many(&[&a, &b]).await.unwrap() == [None, None]
        })
        .await;
}

async fn an_added_entry_ends_and_can_be_added_again<S: Store>(subject: &Subject<S>) {
    let key = subject.key("lock");
    let short = subject.short();
    assert!(subject.store.add(&key, "1".into(), Some(short)).await.unwrap());
    assert!(!subject.store.add(&key, "2".into(), None).await.unwrap());
    subject
        .expect_end(short, async || subject.store.get(&key).await.unwrap().is_none())
        .await;
    assert!(subject.store.add(&key, "3".into(), None).await.unwrap());
    assert_eq!(subject.store.get(&key).await.unwrap(), Some("3".into()));
}

/// The second increment does not prolong it.
async fn a_counter_ends_counted_from_its_creation<S: Store>(subject: &Subject<S>) {
    let key = subject.key("visits");
    let short = subject.short();
    let long = Some(ttl(Duration::from_hours(1)));
    assert_eq!(subject.store.increment(&key, 1, Some(short)).await.unwrap(), 1);
    assert_eq!(subject.store.increment(&key, 1, long).await.unwrap(), 2);
    assert_eq!(subject.store.increment(&key, 1, None).await.unwrap(), 3);
    subject
        .expect_end(short, async || subject.store.get(&key).await.unwrap().is_none())
        .await;
    assert_eq!(subject.store.increment(&key, 5, None).await.unwrap(), 5);
}

async fn the_longest_time_to_live_fits<S: Store>(subject: &Subject<S>) {
    let key = subject.key("a");
    let longest = Some(ttl(touchable::cache::store::Ttl::MAX));
    subject.store.set(&key, "1".into(), longest).await.unwrap();
    assert_eq!(subject.store.get(&key).await.unwrap(), Some("1".into()));
}

on_every_store!(
    an_entry_ends_with_its_time_to_live,
    many_entries_end_with_their_time_to_live,
    an_added_entry_ends_and_can_be_added_again,
    a_counter_ends_counted_from_its_creation,
    the_longest_time_to_live_fits,
);
