//! What a due item costs as the items get more: of 1,000, of 10,000, of 100,000; and the memory of many periods.
//!
//! Time is tokio's own and stands still while something runs, so a period takes as long as its work does. Only the time of the
//! processor is counted.

use std::time::Duration;

use tokio::time::sleep;
use touchable::refresh::{AutoRefreshCache, RateLimit};
use touchable_benches::{Arguments, Goal, Ratio};

use crate::{
    process::{processor_seconds, resident_bytes},
    service::{Numbers, polled},
};

const COUNTS: [u64; 3] = [1_000, 10_000, 100_000];
/// How often items are polled by each count, in all.
const POLLS: u64 = 500_000;
const PERIOD: Duration = Duration::from_secs(30);
/// As in the issue: after so many periods the memory is what it was.
const PERIODS: u32 = 10_000;

pub fn measure(arguments: &Arguments) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for batch in [1, 500] {
        let name = format!("refresh/cycle/batch-{batch}");
        if !arguments.wants(&name) {
            continue;
        }
        let costs = COUNTS.map(|count| {
            let cost = paused(cost(count, batch)) * 1e6;
            println!("{name}: {count} items, {cost:.2} µs a due item");
            cost
        });
        ratios.extend([
            Ratio::new(format!("{name}-microseconds"), costs[2], Goal::AtMost(2.0)),
            Ratio::new(format!("{name}-10k/1k"), costs[1] / costs[0], Goal::AtMost(1.25)),
            Ratio::new(format!("{name}-100k/1k"), costs[2] / costs[0], Goal::AtMost(1.5)),
        ]);
    }
    let name = "refresh/memory/10000-periods";
    if arguments.wants(name) {
        let (before, after) = paused(memory());
        println!("{name}: {before:.0} bytes, {after:.0} bytes");
        ratios.push(Ratio::new(name, after / before, Goal::AtMost(1.05)));
    }
    ratios
}

fn paused<T>(figure: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(figure)
}

fn cache(count: u64, batch: usize) -> AutoRefreshCache<Numbers> {
    let cache = AutoRefreshCache::builder("numbers", Numbers)
        .resync_period(PERIOD)
        .rate_limit(RateLimit::per_second(1e9).burst(1_000_000))
        .batch(batch)
        .start()
        .expect("a cache");
    for key in 0..count {
        cache.get_or_create(&key, || key).expect("an item");
    }
    cache
}

/// Seconds of a processor for one poll of one of so many items.
async fn cost(count: u64, batch: usize) -> f64 {
    let cache = cache(count, batch);
    // Some periods to spread them.
    sleep(PERIOD * 5).await;
    let (busy, before) = (processor_seconds(), polled());
    while polled() - before < POLLS {
        sleep(PERIOD).await;
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer")]
    let cost = (processor_seconds() - busy) / (polled() - before) as f64;
    cache.shutdown().await;
    cost
}

/// Bytes of the process after some periods of a hundred items, and after many.
async fn memory() -> (f64, f64) {
    let cache = cache(100, 10);
    sleep(PERIOD * 100).await;
    let before = resident_bytes();
    sleep(PERIOD * PERIODS).await;
    let after = resident_bytes();
    cache.shutdown().await;
    (before, after)
}
