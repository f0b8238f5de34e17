//! What a refresh costs as the keys get more: of 1,000, of 10,000, of 100,000.
//!
//! Time is tokio's own and stands still while something runs, so a minute takes as long as its work does. Only the time of the
//! processor is counted.

use std::time::Duration;

use tokio::time::sleep;
use touchable::reactive::{Pool, Reactive};
use touchable_benches::{Arguments, Goal, Ratio};

use crate::{
    process::processor_seconds,
    schedule::{Number, computed},
};

const COUNTS: [u32; 3] = [1_000, 10_000, 100_000];

/// How often one key is computed anew by each count, in all.
const REFRESHES: u32 = 300_000;

pub fn measure(arguments: &Arguments) -> Vec<Ratio> {
    let name = "reactive/schedule/cycle";
    if !arguments.wants(name) {
        return Vec::new();
    }
    let costs = COUNTS.map(|count| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let cost = runtime.block_on(cost(count)) * 1e6;
        println!("{name}: {count} keys, {cost:.2} µs a refresh");
        cost
    });
    let growth = |number: usize| costs[number] / costs[0];
    vec![
        Ratio::new(format!("{name}-10k/1k"), growth(1), Goal::AtMost(1.25)),
        Ratio::new(format!("{name}-100k/1k"), growth(2), Goal::AtMost(1.5)),
    ]
}

/// Seconds of a processor for one refresh of one of so many keys.
async fn cost(count: u32) -> f64 {
    let numbers = Reactive::builder(Number)
        .refresh_interval(Duration::from_mins(1))
        .lifetime(Duration::from_hours(1_000))
        .pool(Pool::named("cycle").concurrency(100))
        .start()
        .expect("a reactive cache");
    for key in 0..count {
        let _ = numbers.read(&key).await.expect("a reading");
    }
    // Some minutes to spread them.
    for _ in 0..5 {
        minute().await;
    }
    let (busy, before) = (processor_seconds(), computed());
    while computed() - before < REFRESHES {
        minute().await;
    }
    let cost = (processor_seconds() - busy) / f64::from(computed() - before);
    numbers.shutdown().await;
    cost
}

async fn minute() {
    sleep(Duration::from_mins(1)).await;
}
