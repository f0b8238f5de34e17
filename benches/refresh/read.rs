//! An item that is in memory, beside a bare `moka` cache that is asked for the same `Arc`: by one thread, and by as many as there are
//! cores.

use std::{
    hint::black_box,
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use futures_util::FutureExt;
use touchable::refresh::AutoRefreshCache;
use touchable_benches::{Arguments, Goal, Race, Ratio};

use crate::service::Numbers;

/// Reads of one lap: one alone is faster than a clock can tell.
const READS: usize = 10_000;
const KEYS: u64 = 1_000;

type Cache = AutoRefreshCache<Numbers>;
type Moka = moka::sync::Cache<u64, Arc<u64>>;

fn filled() -> (Cache, Moka) {
    let cache = AutoRefreshCache::builder("numbers", Numbers)
        .resync_period(Duration::from_hours(1))
        .sync_on_create(false)
        .start()
        .expect("a cache");
    let bare = Moka::new(100_000);
    for key in 0..KEYS {
        bare.insert(key, cache.get_or_create(&key, || key).expect("an item"));
    }
    (cache, bare)
}

fn read_ours(cache: &Cache) {
    for key in (0..KEYS).cycle().take(READS) {
        black_box(cache.get(&key).expect("an item"));
    }
}

fn read_moka(bare: &Moka) {
    for key in (0..KEYS).cycle().take(READS) {
        black_box(bare.get(&key).expect("an item"));
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

pub fn one_core(arguments: &Arguments) -> Vec<Ratio> {
    let name = "refresh/read/one-core";
    if !arguments.wants(name) {
        return Vec::new();
    }
    runtime().block_on(async {
        let (cache, bare) = filled();
        Race::of(name, |_| async { read_ours(&cache) }.boxed_local())
            .against("moka", Goal::AtMost(1.3), |_| {
                async { read_moka(&bare) }.boxed_local()
            })
            .run(arguments.patience())
            .await
    })
}

pub fn all_cores(arguments: &Arguments) -> Vec<Ratio> {
    let name = "refresh/read/all-cores";
    if !arguments.wants(name) {
        return Vec::new();
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    runtime().block_on(async {
        let (cache, bare) = filled();
        let on_all = |read: &(dyn Fn() + Sync)| {
            let together = Barrier::new(cores);
            thread::scope(|scope| {
                for _ in 0..cores {
                    scope.spawn(|| {
                        together.wait();
                        // Longer than threads take to begin.
                        (0..20).for_each(|_| read());
                    });
                }
            });
        };
        println!("{name}: {cores} cores");
        Race::of(name, |_| async { on_all(&|| read_ours(&cache)) }.boxed_local())
            .against("moka", Goal::AtMost(1.3), |_| {
                async { on_all(&|| read_moka(&bare)) }.boxed_local()
            })
            .run(arguments.patience())
            .await
    })
}
