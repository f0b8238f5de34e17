//! A store whose failures are misses.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use touchable::cache::store::{ERRORS, Failsafe, Store};

use crate::spied::Spied;

/// Calls every method of a store that is broken, and asserts the answers.
async fn every_method_answers<S: Store>(store: &S) {
    assert_eq!(store.get("a").await.unwrap(), None);
    assert_eq!(
        store.get_many(&["a", "b", "a"]).await.unwrap(),
        [None, None, None]
    );
    store.set("a", "2".into(), None).await.unwrap();
    store.set_many(&[("b", "2".into())], None).await.unwrap();
    assert!(!store.delete("a").await.unwrap());
    assert_eq!(store.delete_many(&["a"]).await.unwrap(), 0);
    assert_eq!(store.delete_prefix("a").await.unwrap(), 0);
    assert_eq!(store.increment("a", 7, None).await.unwrap(), 7);
    assert!(!store.add("c", "2".into(), None).await.unwrap());
}

const OPERATIONS: [&str; 9] = [
    "get",
    "get_many",
    "set",
    "set_many",
    "delete",
    "delete_many",
    "delete_prefix",
    "increment",
    "add",
];

async fn broken() -> Spied {
    let spied = Spied::default();
    spied.inner.set("a", "1".into(), None).await.unwrap();
    spied.break_down(true);
    spied
}

#[tokio::test]
async fn every_failure_is_a_miss_and_told_to_the_hook() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let spied = broken().await;
    let store = Failsafe::new(spied.clone()).on_error(move |failure| {
        assert!(failure.error.is_store());
        hook.lock().unwrap().push((failure.store, failure.operation));
    });
    every_method_answers(&store).await;
    let expected: Vec<_> = OPERATIONS.iter().map(|operation| ("spied", *operation)).collect();
    assert_eq!(*told.lock().unwrap(), expected);
    spied.break_down(false);
    assert_eq!(store.get("a").await.unwrap(), Some("1".into()));
    assert_eq!(told.lock().unwrap().len(), OPERATIONS.len());
}

#[tokio::test]
async fn a_hook_that_panics_changes_nothing() {
    let panicked = Arc::new(AtomicU32::new(0));
    let hook = Arc::clone(&panicked);
    let spied = broken().await;
    let store = Failsafe::new(spied.clone()).on_error(move |_| {
        hook.fetch_add(1, SeqCst);
        panic!("the application's own mistake")
    });
    every_method_answers(&store).await;
    assert_eq!(panicked.load(SeqCst), 9);
    spied.break_down(false);
    assert_eq!(store.get("a").await.unwrap(), Some("1".into()));
}

#[tokio::test]
async fn failures_are_counted_by_store_and_operation() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let store = Failsafe::new(broken().await);
    let _local = metrics::set_default_local_recorder(&recorder);
    every_method_answers(&store).await;
    store.get("a").await.unwrap();
    let mut counted: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == ERRORS)
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key.key().labels().map(|label| label.value().to_owned()).collect();
            (labels.join(" "), value)
        })
        .collect();
    counted.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut expected: Vec<_> = OPERATIONS
        .iter()
        .map(|operation| {
            let times = if *operation == "get" { 2 } else { 1 };
            (format!("spied {operation}"), DebugValue::Counter(times))
        })
        .collect();
    expected.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(counted, expected);
}

#[tokio::test]
async fn a_store_that_works_is_left_to_it() {
    let told = Arc::new(AtomicBool::new(false));
    let hook = Arc::clone(&told);
    let store = Failsafe::new(Spied::default()).on_error(move |_| hook.store(true, SeqCst));
    assert!(store.add("a", "1".into(), None).await.unwrap());
    assert_eq!(store.increment("a", 1, None).await.unwrap(), 2);
    assert!(store.delete("a").await.unwrap());
    assert!(!told.load(SeqCst));
}
