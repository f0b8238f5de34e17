//! The typed front of the cache: behaviours 6 to 14 of its specification.

mod at_hand;
mod cluster;
mod deleting;
mod fetching;
mod flights;
mod hostile;
mod many;
mod model;
mod seen;
mod shelf;
mod stale;
mod values;
mod versions;

use std::time::Duration;

use touchable::{Clock, Stamp, cache::Cache};

use shelf::Shelf;

/// A cache over a store that a test can look into and hold up, and the clock of both.
struct Bench {
    cache: Cache<Shelf>,
    shelf: Shelf,
    clock: Clock,
}

impl Bench {
    fn new() -> Self {
        let clock = Clock::manual(Stamp::from_micros(1_767_225_600_000_000));
        let shelf = Shelf::new();
        let cache = Cache::builder(shelf.clone())
            .clock(clock.clone())
            .build()
            .unwrap();
        Self { cache, shelf, clock }
    }

    /// Fails when a load is left over.
    fn expect_no_loads(&self) {
        assert_eq!(self.cache.loads_in_flight(), 0, "flights are left in the table");
    }
}

/// Polls until `ready`. Ten seconds are far more than any machine needs, and end a test that hangs.
async fn until(what: &str, ready: impl Fn() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(10), async {
        while !ready() {
            tokio::task::yield_now().await;
        }
    });
    patience
        .await
        .unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

/// Lets all tasks of this one-threaded runtime go on until they wait: more rounds than any of them has steps.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

type Never = std::convert::Infallible;
