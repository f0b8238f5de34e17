//! Promise 16: what is to be seen from outside.

use metrics::Key;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tokio::time::sleep;
use touchable::refresh::{RateLimit, observe};

use crate::script::{PERIOD, SECOND, builder, service};

/// Every metric with its labels. A counter that is looked at begins anew.
fn all(snapshotter: &Snapshotter) -> impl Fn(&str, Option<(&str, &str)>) -> Option<f64> {
    let all = snapshotter.snapshot().into_vec();
    let value = |value: &DebugValue| match value {
        DebugValue::Counter(count) => *count as f64,
        DebugValue::Gauge(value) => value.into_inner(),
        DebugValue::Histogram(values) => values.len() as f64,
    };
    move |metric, label| {
        let is_it = |key: &Key| {
            let has =
                |name: &str, value: &str| key.labels().any(|own| own.key() == name && own.value() == value);
            key.name() == metric && has("name", "seen") && label.is_none_or(|(name, value)| has(name, value))
        };
        let found = all.iter().find(|(key, ..)| is_it(key.key()));
        found.map(|(.., found)| value(found))
    }
}

#[test]
fn b16_counters_and_gauges() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let numbers = service(|batch| {
                Box::pin(async move {
                    for slot in batch.slots() {
                        match *slot.key() {
                            0 => slot.update(1),
                            1 => slot.unchanged(),
                            3 => slot.update(10),
                            4 => slot.remove(),
                            6 => slot.fail("closed"),
                            _ => {}
                        }
                    }
                    Ok(())
                })
            });
            let cache = touchable::refresh::AutoRefreshCache::builder("seen", numbers.terminal_from(10))
                .resync_period(PERIOD)
                .capacity(6)
                .batch(10)
                .max_failures(1)
                .rate_limit(RateLimit::per_second(1.0).burst(1).named("service"))
                .start()
                .unwrap();
            for key in 0..7 {
                cache.get_or_create(&key, || 0).unwrap();
            }
            assert!(cache.get(&0).is_none() && cache.get(&1).is_some());
            cache.get_or_create(&0, || 0).unwrap();
            sleep(SECOND / 2).await;
            let stats = cache.stats();
            assert_eq!((stats.calls, stats.polled, stats.evicted), (1, 6, 2));
        });
    });
    let seen = all(&snapshotter);
    assert_eq!(seen(observe::READS, Some(("outcome", "hit"))), Some(1.0));
    assert_eq!(seen(observe::CALLS, Some(("limiter", "service"))), Some(1.0));
    assert_eq!(seen(observe::SECONDS, None), Some(1.0));
    for (outcome, count) in [
        ("updated", 2.0),
        ("unanswered", 1.0),
        ("failed", 1.0),
        ("removed", 1.0),
        ("unchanged", 1.0),
        ("discarded", 0.0),
    ] {
        assert_eq!(
            seen(observe::ANSWERS, Some(("outcome", outcome))),
            Some(count),
            "{outcome}"
        );
    }
    assert_eq!(seen(observe::EVICTED, Some(("reason", "live"))), Some(2.0));
    assert_eq!(seen(observe::GIVEN_UP, None), Some(1.0));
    assert_eq!(seen(observe::ITEMS, Some(("state", "finished"))), Some(2.0));
    assert_eq!(seen(observe::ITEMS, Some(("state", "live"))), Some(3.0));
    assert_eq!(seen(observe::QUEUE, None), Some(3.0));
}

/// Without anybody who asks for them, gauges are told while calls are made.
#[tokio::test(start_paused = true)]
async fn b16_a_lag_is_seen() {
    let (builder, _) = builder(service(|_| Box::pin(async { Ok(()) })));
    let cache = builder.rate_limit(RateLimit::per_second(0.1)).start().unwrap();
    for key in 0..3 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(SECOND * 5).await;
    let stats = cache.stats();
    assert_eq!((stats.lag, stats.queued, stats.calls), (SECOND * 5, 3, 1));
    sleep(SECOND * 20).await;
    assert_eq!(cache.stats().lag, std::time::Duration::ZERO);
}
