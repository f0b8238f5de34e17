//! Contract: every store under the typed front.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use futures_util::future::join_all;
use tokio::sync::Barrier;
use touchable::cache::{Cache, Options, store::Store};

use crate::{on_every_store, subject::Subject};

fn cache<S: Store + Clone>(subject: &Subject<S>) -> Cache<S> {
    Cache::builder(subject.store.clone())
        .namespace(subject.namespace())
        .build()
        .unwrap()
}

async fn b07_a_thousand_misses_are_one_load<S: Store + Clone>(subject: &Subject<S>) {
    let cache = cache(subject);
    let loads = Arc::new(AtomicUsize::new(0));
    let all_here = Arc::new(Barrier::new(1_000));
    let callers = (0..1_000).map(|_| {
        let (cache, loads, all_here) = (cache.clone(), loads.clone(), all_here.clone());
        tokio::spawn(async move {
            all_here.wait().await;
            let load = move || async move {
                loads.fetch_add(1, SeqCst);
                tokio::task::yield_now().await;
                Ok::<_, String>("loaded".to_owned())
            };
            cache
                .fetch::<String, _, _, _, _>("key", &Options::new(), load)
                .await
        })
    });
    for value in join_all(callers).await {
        assert_eq!(value.unwrap().unwrap(), "loaded");
    }
    assert_eq!(loads.load(SeqCst), 1);
    assert_eq!(cache.loads_in_flight(), 0);
}

async fn b06_values_come_back_and_go<S: Store + Clone>(subject: &Subject<S>) {
    let cache = cache(subject);
    let options = Options::new();
    let loads = Arc::new(AtomicUsize::new(0));
    let fetch = async |key: u32| {
        let loads = loads.clone();
        let load = move || async move {
            loads.fetch_add(1, SeqCst);
            Ok::<_, String>(vec![Some(key); 600])
        };
        cache
            .fetch::<Vec<Option<u32>>, _, _, _, _>(&key, &options, load)
            .await
            .unwrap()
    };
    assert_eq!(fetch(1).await, vec![Some(1); 600]);
    assert_eq!(fetch(1).await, vec![Some(1); 600]);
    assert_eq!(fetch(2).await, vec![Some(2); 600]);
    assert_eq!(loads.load(SeqCst), 2);

    cache.delete(&1_u32).await.unwrap();
    fetch(1).await;
    assert_eq!(loads.load(SeqCst), 3);

    let many = cache
        .fetch_many(&[3_u32, 2, 1, 3], &options, |missing: Vec<u32>| async move {
            assert_eq!(missing, [3]);
            Ok::<_, String>(missing.into_iter().map(|key| (key, vec![Some(key)])))
        })
        .await
        .unwrap();
    assert_eq!(
        many,
        [3, 2, 1, 3].map(|key: u32| Some(vec![Some(key); if key == 3 { 1 } else { 600 }]))
    );

    cache.clear().await.unwrap();
    for key in [1, 2, 3_u32] {
        assert!(!cache.exists(&key).await.unwrap());
    }
}

on_every_store!(b07_a_thousand_misses_are_one_load, b06_values_come_back_and_go);
