//! A value that is in memory, beside a bare `moka` cache that is asked for the same `Arc`.

use std::{hint::black_box, sync::Arc, time::Duration};

use futures_util::FutureExt;
use touchable::reactive::{BoxError, Compute, Computed, Reactive};
use touchable_benches::{Arguments, Goal, Race, Ratio};

/// Reads of one lap: one alone is faster than a clock can tell.
const READS: usize = 1_000;
const KEYS: u64 = 100;

pub struct Status;

impl Compute for Status {
    const NAME: &'static str = "status";
    type Key = u64;
    type Value = String;

    async fn compute(&self, key: &u64, _: Option<&String>) -> Result<Computed<String>, BoxError> {
        Ok(Computed::Value(format!("the status of {key}")))
    }
}

pub async fn race(arguments: &Arguments) -> Vec<Ratio> {
    let name = "reactive/memory/read";
    if !arguments.wants(name) {
        return Vec::new();
    }
    let status = Reactive::builder(Status)
        .refresh_interval(Duration::from_hours(1))
        .lifetime(Duration::from_hours(10))
        .start()
        .expect("a reactive cache");
    let bare: moka::sync::Cache<u64, Arc<String>> = moka::sync::Cache::new(10_000);
    for key in 0..KEYS {
        let reading = status
            .read_or_wait(&key, Duration::from_secs(9))
            .await
            .expect("a reading");
        bare.insert(key, reading.into_value().expect("a value"));
    }
    let ours = |_| {
        async {
            for key in (0..KEYS).cycle().take(READS) {
                let _ = black_box(status.read(&key).await.expect("a reading"));
            }
        }
        .boxed_local()
    };
    let moka = |_| {
        async {
            for key in (0..KEYS).cycle().take(READS) {
                black_box(bare.get(&key).expect("a value"));
            }
        }
        .boxed_local()
    };
    Race::of(name, ours)
        .against("moka", Goal::AtMost(1.2), moka)
        .run(arguments.patience())
        .await
}
