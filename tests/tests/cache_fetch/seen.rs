//! Behaviour 14: counters by the cache's name, and a span around each load.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use touchable::cache::{
    Cache, Options,
    observe::{self, HITS, LOAD_FAILURES, LOAD_SECONDS, LOADS, MISSES, OVERSIZED, STALE, UNWRITTEN},
};
use tracing::span;
use tracing_subscriber::{Layer, layer::Context};

use crate::{Never, secs, shelf::Shelf, until};

/// What is counted while `action` runs, by the metrics' names without prefix and suffix.
async fn counted(action: impl AsyncFnOnce(Cache<Shelf>, touchable::Clock)) -> BTreeMap<String, u64> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let clock = touchable::Clock::manual(touchable::Stamp::from_micros(1));
    let cache = {
        let _recorder = metrics::set_default_local_recorder(&recorder);
        let builder = Cache::builder(Shelf::new()).name("cards").clock(clock.clone());
        builder.max_value_bytes(1000).build().unwrap()
    };
    action(cache, clock).await;
    let mut counted = BTreeMap::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let labels: Vec<_> = key
            .key()
            .labels()
            .map(|label| (label.key(), label.value()))
            .collect();
        assert_eq!(labels, [("cache", "cards")]);
        let count = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Histogram(times) => times.len() as u64,
            DebugValue::Gauge(_) => panic!("no gauges"),
        };
        if count > 0 {
            counted.insert(key.key().name().to_owned(), count);
        }
    }
    counted
}

fn expect(mut counted: BTreeMap<String, u64>, expected: &[(&str, u64)]) {
    // Their sizes are not promised.
    assert!(
        counted
            .remove(observe::WRITTEN_BYTES)
            .is_none_or(|bytes| bytes > 0)
    );
    assert!(counted.remove(observe::READ_BYTES).is_none_or(|bytes| bytes > 0));
    let expected = expected.iter().map(|(name, count)| ((*name).to_owned(), *count));
    assert_eq!(counted, expected.collect());
}

#[tokio::test]
async fn b14_hits_misses_and_loads() {
    let counted = counted(async |cache, _| {
        for _ in 0..3 {
            let load = || async { Ok::<_, Never>(1) };
            cache.fetch("n", &Options::new(), load).await.unwrap();
        }
        cache.get::<i32, _>("m").await.unwrap();
    });
    expect(
        counted.await,
        &[(HITS, 2), (MISSES, 2), (LOADS, 1), (LOAD_SECONDS, 1)],
    );
}

#[tokio::test]
async fn b14_failures_and_what_is_not_stored() {
    let counted = counted(async |cache, _| {
        let options = Options::new();
        cache
            .fetch("n", &options, || async { Err::<i32, _>("down") })
            .await
            .unwrap_err();
        cache
            .fetch("n", &options, || async { panic!("boom") as Result<i32, Never> })
            .await
            .unwrap_err();
        cache
            .fetch("n", &options, || async { Ok::<_, Never>("x".repeat(2000)) })
            .await
            .unwrap();
        cache.store().fail("set");
        cache
            .fetch("n", &options, || async { Ok::<_, Never>(1) })
            .await
            .unwrap();
    });
    expect(
        counted.await,
        &[
            (MISSES, 4),
            (LOADS, 4),
            (LOAD_SECONDS, 4),
            (LOAD_FAILURES, 2),
            (OVERSIZED, 1),
            (UNWRITTEN, 1),
        ],
    );
}

#[tokio::test]
async fn b14_stale_values_and_failing_refreshes() {
    let counted = counted(async |cache, clock| {
        let options = Options::new().ttl(secs(60)).stale_while_revalidate(secs(60));
        cache.set("n", &1, &options).await.unwrap();
        clock.advance(secs(61));
        cache
            .fetch("n", &options, || async { Err::<i32, _>("down") })
            .await
            .unwrap();
        until("it is over", || cache.loads_in_flight() == 0).await;
    });
    expect(
        counted.await,
        &[(STALE, 1), (LOADS, 1), (LOAD_SECONDS, 1), (LOAD_FAILURES, 1)],
    );
}

#[tokio::test]
async fn b14_undecodable_entries() {
    let counted = counted(async |cache, _| {
        cache.store().put("cache:n", "what is this?");
        assert_eq!(cache.get::<i32, _>("n").await.unwrap(), None);
        cache.set("n", &1_u8, &Options::new()).await.unwrap();
        assert_eq!(cache.get::<u16, _>("n").await.unwrap(), None);
    });
    expect(counted.await, &[(observe::UNDECODABLE, 2), (MISSES, 2)]);
}

#[tokio::test]
async fn b14_many_keys() {
    let counted = counted(async |cache, _| {
        cache.set("a", &1, &Options::new()).await.unwrap();
        let load = |keys: Vec<&'static str>| async { Ok::<_, Never>(keys.into_iter().map(|key| (key, 2))) };
        cache
            .fetch_many(&["a", "b", "c", "b"], &Options::new(), load)
            .await
            .unwrap();
    });
    expect(
        counted.await,
        &[(HITS, 1), (MISSES, 2), (LOADS, 1), (LOAD_SECONDS, 1)],
    );
}

/// The names of spans, each with that of its parent.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Opened>>>);

type Opened = (String, Option<String>);

impl<S> Layer<S> for Spans
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let parent = context
            .span(id)
            .and_then(|span| Some(span.parent()?.name().to_owned()));
        self.0
            .lock()
            .unwrap()
            .push((attributes.metadata().name().to_owned(), parent));
    }
}

#[tokio::test]
async fn b14_a_load_is_a_span_inside_of_its_callers() {
    use tracing::Instrument as _;
    let spans = Spans::default();
    {
        let _subscriber = touchable_tests::listen(spans.clone());
        let cache = Cache::new(Shelf::new()).unwrap();
        for _ in 0..2 {
            let load = || async {
                tracing::info_span!("inside").in_scope(|| ());
                Ok::<_, Never>(1)
            };
            let fetch = async { cache.fetch("n", &Options::new(), load).await.unwrap() };
            fetch.instrument(tracing::info_span!("caller")).await;
        }
    }
    let span = |name: &str, parent: Option<&str>| (name.to_owned(), parent.map(str::to_owned));
    assert_eq!(
        *spans.0.lock().unwrap(),
        [
            span("caller", None),
            span(observe::SPAN, Some("caller")),
            span("inside", Some(observe::SPAN)),
            span("caller", None),
        ]
    );
}
