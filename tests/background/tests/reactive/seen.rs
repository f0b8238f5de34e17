//! 17: metrics and spans.

use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tokio::time::sleep;
use touchable::reactive::{BoxError, Compute, Computed, Reactive, observe};

use crate::{
    places::{Kind, Place},
    script::{Answer, Service, key},
};

#[test]
fn b17_what_is_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    // One thread, so that the tasks in the background count here too.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let service = Service::default();
            let node = Reactive::builder(service.clone()).start().unwrap();
            let _ = node.read(&key("a")).await.unwrap();
            sleep(Duration::from_secs(1)).await;
            let _ = node.read(&key("a")).await.unwrap();
            service.answer("b", Answer::Fails("down"));
            let _ = node
                .read_or_wait(&key("b"), Duration::from_secs(9))
                .await
                .unwrap();
            service.answer("c", Answer::Hangs);
            let _ = node
                .read_or_wait(&key("c"), Duration::from_mins(9))
                .await
                .unwrap();
            service.answer("a", Answer::Panics);
            service.let_hooks_panic();
            let _ = node
                .read_or_wait(&key("d"), Duration::from_secs(9))
                .await
                .unwrap();
            node.expire(&key("a")).await.unwrap();
            sleep(Duration::from_secs(1)).await;
            let _ = node.read(&key("a")).await.unwrap();
            node.shutdown().await;
        });
    });
    let all = snapshots.snapshot().into_vec();
    let value = |name: &str, outcome: Option<&str>| {
        let found = all.iter().find(|(key, ..)| {
            let labels: Vec<_> = key
                .key()
                .labels()
                .map(|label| (label.key(), label.value()))
                .collect();
            key.key().name() == name
                && outcome.is_none_or(|outcome| labels.contains(&("outcome", outcome)))
                && (name == observe::UNKNOWN || labels.contains(&("name", "service")))
        });
        match found.map(|(.., value)| value) {
            Some(DebugValue::Counter(count)) => *count as f64,
            Some(DebugValue::Gauge(gauge)) => gauge.into_inner(),
            Some(DebugValue::Histogram(times)) => times.len() as f64,
            None => f64::NAN,
        }
    };
    assert_eq!(value(observe::READINGS, Some("pending")), 1.0);
    assert!(value(observe::READINGS, Some("fresh")) >= 2.0);
    assert_eq!(value(observe::READINGS, Some("failed")), 2.0);
    assert_eq!(value(observe::READINGS, Some("stale")), 1.0);
    assert!(value(observe::COMPUTATIONS, Some("value")) >= 2.0);
    assert!(value(observe::COMPUTATIONS, Some("error")) >= 1.0);
    assert!(value(observe::COMPUTATIONS, Some("panic")) >= 1.0);
    assert!(value(observe::COMPUTATIONS, Some("timeout")) >= 1.0);
    assert!(value(observe::SECONDS, None) >= 5.0);
    assert!(value(observe::WANTED, None) >= 3.0);
    assert!(value(observe::LAG, None) >= 0.0);
    assert!(value(observe::HOOK_FAILURES, None) >= 1.0);
}

/// What nobody computes.
struct Orphan;

impl Compute for Orphan {
    const NAME: &'static str = "orphan";
    type Key = u8;
    type Value = u8;

    async fn compute(&self, key: &u8, _: Option<&u8>) -> Result<Computed<u8>, BoxError> {
        Ok(Computed::Value(*key))
    }
}

#[test]
fn b14_names_that_nobody_computes_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let unknown = || {
        let all = snapshots.snapshot().into_vec();
        let mut gauges = all
            .into_iter()
            .filter(|(key, ..)| key.key().name() == observe::UNKNOWN);
        gauges.next().map(|(.., value)| value)
    };
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let place = Place::new(Kind::Redis);
            let reader = place.start(place.builder(Orphan).without_worker()).await.unwrap();
            let _ = reader.read(&1).await.unwrap();
            let worker = place.node(Service::default()).await;
            crate::reading::fresh(&worker, "a").await;
            let counted = unknown().unwrap();
            assert!(
                matches!(counted, DebugValue::Gauge(count) if count.into_inner() == 1.0),
                "{counted:?}"
            );
            worker.shutdown().await;
        });
    });
}
