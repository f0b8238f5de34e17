//! How the status of a deployment is computed, and how often.

use std::time::Duration;

use touchable::{
    Result,
    reactive::{BoxError, Compute, Computed, Pool, Reactive, RedisSchedule},
    schedule::Backoff,
};

use crate::{arguments::Arguments, cloud::Cloud};

/// Those that the page shows.
pub const DEPLOYMENTS: std::ops::RangeInclusive<u32> = 1..=6;

pub struct Deployments {
    cloud: Cloud,
}

impl Compute for Deployments {
    const NAME: &'static str = "deployments";
    type Key = u32;
    type Value = String;

    async fn compute(
        &self,
        deployment: &u32,
        _before: Option<&String>,
    ) -> Result<Computed<String>, BoxError> {
        Ok(Computed::Value(self.cloud.status(*deployment).await?))
    }
}

pub async fn start(cloud: Cloud, arguments: &Arguments) -> Result<Reactive<Deployments>> {
    let builder = Reactive::builder(Deployments { cloud })
        .refresh_interval(arguments.interval())
        .lifetime(Duration::from_mins(1))
        .compute_timeout(Duration::from_secs(10))
        .backoff(Backoff::up_to(Duration::from_secs(20)))
        .pool(Pool::named("cloud").concurrency(3));
    match &arguments.redis {
        Some(url) => {
            let schedule = RedisSchedule::connect(url).await?.namespace(&arguments.namespace);
            builder.schedule(schedule).start()
        }
        None => builder.start(),
    }
}
