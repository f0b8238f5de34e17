//! 100,000 keys that somebody wants, each computed once a minute: what that takes of a processor, and of memory.

use std::{fs, time::Duration};

use tokio::time::{Instant, sleep};
use touchable::reactive::{BoxError, Compute, Computed, Pool, Reactive};
use touchable_benches::{Arguments, Goal, Ratio};

const KEYS: u32 = 100_000;

/// A number that costs nothing to compute.
struct Number;

impl Compute for Number {
    const NAME: &'static str = "number";
    type Key = u32;
    type Value = u32;

    async fn compute(&self, key: &u32, _: Option<&u32>) -> Result<Computed<u32>, BoxError> {
        Ok(Computed::Value(*key))
    }
}

/// What the value takes, and its key twice: spelled by name in the schedule and in the copies.
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

/// Of this process, by the kernel.
fn resident_bytes() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("a Linux kernel");
    let pages: f64 = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .expect("pages");
    pages * 4_096.0
}

/// Spent by this process, in its own code and in the kernel.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("a Linux kernel");
    // The name of the program, in parentheses, may hold spaces.
    let (_, rest) = stat.rsplit_once(')').expect("a name");
    let ticks = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<f64>().expect("ticks"));
    // A hundred a second, on every machine that Rust runs on.
    ticks.sum::<f64>() / 100.0
}
