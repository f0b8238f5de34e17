//! Where the contracts run: in memory on paused time, on Redis and on Redis Cluster on real time.

use std::time::Duration;

use touchable::{
    Result,
    reactive::{Compute, MemorySchedule, Reactive, ReactiveBuilder, RedisSchedule},
};
use touchable_servers::{cluster_url, namespace, redis_url};

/// One schedule, which several nodes can share where it is in Redis.
pub struct Place {
    kind: Kind,
    pub namespace: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Memory,
    Redis,
    Cluster,
}

/// The time that contracts count in: of no length in memory, and long enough on real servers and loaded machines.
pub const UNIT: Duration = Duration::from_millis(100);

impl Place {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            namespace: namespace(),
        }
    }

    /// Another one of the same kind, that shares nothing with it.
    pub fn of(other: &Self) -> Self {
        Self::new(other.kind)
    }

    pub const fn is_shared(&self) -> bool {
        !matches!(self.kind, Kind::Memory)
    }

    pub async fn redis(&self) -> RedisSchedule {
        RedisSchedule::connect(&self.url())
            .await
            .unwrap()
            .namespace(&self.namespace)
    }

    pub fn url(&self) -> String {
        if self.kind == Kind::Cluster {
            cluster_url()
        } else {
            redis_url()
        }
    }

    /// A node: a refresh every ten units, wanted for a hundred.
    pub async fn node<C: Compute>(&self, compute: C) -> Reactive<C> {
        self.start(self.builder(compute)).await.unwrap()
    }

    pub fn builder<C: Compute>(&self, compute: C) -> ReactiveBuilder<C> {
        Reactive::builder(compute)
            .refresh_interval(UNIT * 10)
            .lifetime(UNIT * 100)
            .compute_timeout(UNIT * 10)
            .claim_time(UNIT * 10)
    }

    pub async fn start<C: Compute>(&self, builder: ReactiveBuilder<C>) -> Result<Reactive<C>> {
        if self.is_shared() {
            builder.schedule(self.redis().await).start()
        } else {
            builder.schedule(MemorySchedule::new()).start()
        }
    }
}

/// Waits until something holds, which it does within a time that is far too long.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..2_000 {
        if let Some(found) = look().await {
            return found;
        }
        // Nobody tells: neither a server nor a worker.
        tokio::time::sleep(UNIT / 5).await;
    }
    panic!("{what} did not happen");
}

pub fn run(kind: Kind, contract: &impl AsyncFn(&Place)) {
    let mut builder = if kind == Kind::Memory {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let builder = builder.worker_threads(2).enable_all();
    let runtime = if kind == Kind::Memory {
        builder.start_paused(true).build()
    } else {
        builder.build()
    };
    runtime.unwrap().block_on(contract(&Place::new(kind)));
}

/// Makes a test per schedule of every contract in the list.
#[macro_export]
macro_rules! on_every_schedule {
    ($($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use $crate::places::{Kind, run};

            #[test]
            fn memory() {
                run(Kind::Memory, &super::$contract);
            }

            #[test]
            fn redis() {
                run(Kind::Redis, &super::$contract);
            }

            #[test]
            fn cluster() {
                run(Kind::Cluster, &super::$contract);
            }
        }
    )+};
}

/// The same of contracts that need several nodes.
#[macro_export]
macro_rules! on_every_shared_schedule {
    ($($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use $crate::places::{Kind, run};

            #[test]
            fn redis() {
                run(Kind::Redis, &super::$contract);
            }

            #[test]
            fn cluster() {
                run(Kind::Cluster, &super::$contract);
            }
        }
    )+};
}
