//! 100,000 keys that somebody wants, each computed once a minute: what that takes of a processor, and of memory.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use touchable::reactive::{BoxError, Compute, Computed, Pool, Reactive};
use touchable_benches::{Arguments, Goal, Ratio};

use crate::process::{processor_seconds, resident_bytes};

const KEYS: u32 = 100_000;

/// A number that costs nothing to compute.
pub struct Number;

static COMPUTED: AtomicU32 = AtomicU32::new(0);

/// How often a number was computed.
pub fn computed() -> u32 {
    COMPUTED.load(Relaxed)
}

impl Compute for Number {
    const NAME: &'static str = "number";
    type Key = u32;
    type Value = u32;

    async fn compute(&self, key: &u32, _: Option<&u32>) -> Result<Computed<u32>, BoxError> {
        COMPUTED.fetch_add(1, Relaxed);
        Ok(Computed::Value(*key))
    }
}

/// What the value takes, and its key: spelled, once for the schedule and once for the copies, and as a worker decodes it.
const OWN_BYTES: f64 = 24.0 + 3.0 * 16.0;

pub async fn measure(arguments: &Arguments) -> Vec<Ratio> {
    let (cpu, memory) = ("reactive/schedule/cores", "reactive/schedule/bytes-a-key");
    if !arguments.wants(cpu) && !arguments.wants(memory) {
        return Vec::new();
    }
    let before = resident_bytes();
    let numbers = Reactive::builder(Number)
        .refresh_interval(Duration::from_mins(1))
        .lifetime(Duration::from_hours(10))
        .pool(Pool::named("numbers").concurrency(100))
        .start()
        .expect("a reactive cache");
    for key in 0..KEYS {
        let _ = numbers.read(&key).await.expect("a reading");
    }
    // The last ones are computed, and read once more so that a copy of each is there.
    for key in 0..KEYS {
        while !numbers.read(&key).await.expect("a reading").is_fresh() {
            sleep(Duration::from_millis(1)).await;
        }
    }
    let bytes = (resident_bytes() - before) / f64::from(KEYS) - OWN_BYTES;
    // The first refreshes all lie in the last seconds of the first minute; after them they are spread over every minute.
    sleep(arguments.patience() * 16).await;
    let (busy, began) = (processor_seconds(), Instant::now());
    sleep(arguments.patience() * 8).await;
    let cores = (processor_seconds() - busy) / began.elapsed().as_secs_f64();
    println!("{cpu}: {KEYS} keys a minute, {cores:.4} cores; {bytes:.0} bytes a key");
    numbers.shutdown().await;
    vec![
        Ratio::new(cpu, cores, Goal::AtMost(0.02)),
        Ratio::new(memory, bytes, Goal::AtMost(300.0)),
    ]
}
