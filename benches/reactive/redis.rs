//! A value in Redis without a copy in the process, beside a bare GET of the same bytes.

use std::{hint::black_box, time::Duration};

use futures_util::FutureExt;
use redis::{AsyncCommands, aio::ConnectionManager};
use touchable::reactive::{Reactive, RedisSchedule};
use touchable_benches::{Arguments, Goal, Race, Ratio};

use crate::read::Status;

/// Reads of one lap.
const READS: usize = 20;

pub async fn race(arguments: &Arguments) -> Vec<Ratio> {
    let name = "reactive/redis/read";
    if !arguments.wants(name) {
        return Vec::new();
    }
    let url = std::env::var("TOUCHABLE_REDIS_URL").expect("TOUCHABLE_REDIS_URL: run scripts/bench");
    let namespace = format!("bench.{}", std::process::id());
    let schedule = RedisSchedule::connect(&url)
        .await
        .expect("Redis")
        .namespace(&namespace);
    let status = Reactive::builder(Status)
        .refresh_interval(Duration::from_hours(1))
        .lifetime(Duration::from_hours(10))
        .near_copies(false)
        .schedule(schedule)
        .start()
        .expect("a reactive cache");
    let client = redis::Client::open(url).expect("a URL");
    let bare = ConnectionManager::new(client).await.expect("Redis");
    let reading = status
        .read_or_wait(&1, Duration::from_secs(9))
        .await
        .expect("a reading");
    let value = reading.into_value().expect("a value");
    let key = format!("{namespace}:bare");
    let () = bare
        .clone()
        .set_ex(&key, value.as_str(), 3_600)
        .await
        .expect("a stored value");
    let ours = |_| {
        async {
            for _ in 0..READS {
                let _ = black_box(status.read(&1).await.expect("a reading"));
            }
        }
        .boxed_local()
    };
    let get = |_| {
        let (mut bare, key) = (bare.clone(), &key);
        async move {
            for _ in 0..READS {
                let value: String = bare.get(key).await.expect("a value");
                black_box(value);
            }
        }
        .boxed_local()
    };
    let ratios = Race::of(name, ours)
        .against("get", Goal::AtMost(1.1), get)
        .run(arguments.patience())
        .await;
    status.clear(&1).await.expect("Redis");
    status.shutdown().await;
    ratios
}
