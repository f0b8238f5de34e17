//! How much of the rate that is set is used, where there is always something to poll.

use std::time::{Duration, Instant};

use touchable::refresh::{AutoRefreshCache, RateLimit};
use touchable_benches::{Arguments, Goal, Ratio};

use crate::service::{Numbers, calls};

const RATES: [f64; 2] = [100.0, 1_000.0];

pub fn measure(arguments: &Arguments) -> Vec<Ratio> {
    let wanted = RATES
        .into_iter()
        .map(|rate| (format!("refresh/rate/{rate}-a-second"), rate));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let share = |(name, rate): (String, f64)| {
        let share = runtime.block_on(share(rate, arguments.patience()));
        println!("{name}: {:.1} calls a second", share * rate);
        Ratio::new(name, share, Goal::AtLeast(0.95))
    };
    wanted
        .filter(|(name, _)| arguments.wants(name))
        .map(share)
        .collect()
}

async fn share(rate: f64, patience: Duration) -> f64 {
    let cache = AutoRefreshCache::builder("numbers", Numbers)
        .resync_period(Duration::from_secs(1))
        .rate_limit(RateLimit::per_second(rate))
        .start()
        .expect("a cache");
    for key in 0..20_000 {
        cache.get_or_create(&key, || key).expect("an item");
    }
    let (begun, before) = (Instant::now(), calls());
    tokio::time::sleep(patience.max(Duration::from_secs(2))).await;
    #[expect(clippy::cast_precision_loss, reason = "far fewer")]
    let share = (calls() - before) as f64 / (begun.elapsed().as_secs_f64() * rate);
    cache.shutdown().await;
    share
}
