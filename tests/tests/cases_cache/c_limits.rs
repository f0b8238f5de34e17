//! C: what many threads and many callers cost.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use allocation_counter::measure;
use bytes::Bytes;
use futures_util::FutureExt;
use tokio::{sync::Semaphore, task::JoinSet, task::yield_now};
use touchable::cache::{
    Cache, Options,
    store::{Memory, Store},
};

use crate::support::{Never, here, paused};

const BOUND: u64 = 4 << 20;
const VALUE: u64 = 16 << 10;
const THREADS: u64 = 16;

/// How many bytes of values are in memory, and the most there ever were.
#[derive(Default)]
struct Held {
    now: AtomicU64,
    most: AtomicU64,
}

/// A value that is counted until its last holder lets it go.
struct Value {
    bytes: Vec<u8>,
    held: Arc<Held>,
}

impl Value {
    fn counted(held: &Arc<Held>) -> Bytes {
        let now = held.now.fetch_add(VALUE, SeqCst) + VALUE;
        held.most.fetch_max(now, SeqCst);
        Bytes::from_owner(Self {
            bytes: vec![7; usize::try_from(VALUE).unwrap()],
            held: Arc::clone(held),
        })
    }
}

impl AsRef<[u8]> for Value {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.held.now.fetch_sub(VALUE, SeqCst);
    }
}

/// Documented: an eighth beyond the bound, and one entry a thread.
async fn c_many_threads_keep_a_memory_within_its_bound() {
    let (store, held) = (Memory::builder().max_bytes(BOUND).build(), Arc::default());
    let start = Barrier::new(usize::try_from(THREADS).unwrap());
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, held, start) = (&store, &held, &start);
            scope.spawn(move || {
                start.wait();
                for n in 0..1_500 {
                    let set = async {
                        store
                            .set(&format!("{thread}/{n}"), Value::counted(held), None)
                            .await
                    };
                    set.now_or_never().expect("a store that does not wait").unwrap();
                }
            });
        }
    });
    let most = held.most.load(SeqCst);
    let limit = BOUND + BOUND / 8 + THREADS * VALUE;
    assert!(
        most <= limit,
        "the memory held {} % of its bound, and says {} %",
        most * 100 / BOUND,
        limit * 100 / BOUND
    );
}

/// The bytes that so many forced loads of one key ask the allocator for.
fn cost_of_forced_loads(loads: usize) -> u64 {
    let cost = measure(|| {
        paused().block_on(async {
            let cache = Cache::new(Memory::new()).unwrap();
            let go = Arc::new(Semaphore::new(0));
            let mut callers = JoinSet::new();
            for _ in 0..loads {
                let (cache, go) = (cache.clone(), Arc::clone(&go));
                callers.spawn(async move {
                    let load = move || async move {
                        go.acquire().await.unwrap().forget();
                        Ok::<_, Never>(1)
                    };
                    cache.fetch("n", &Options::new().force(true), load).await.unwrap()
                });
            }
            while cache.loads_in_flight() < loads {
                yield_now().await;
            }
            go.add_permits(loads);
            assert_eq!(callers.join_all().await.len(), loads);
        });
    });
    cost.bytes_total
}

/// It measures what one thread allocates, and so brings its runtimes along.
mod c_forced_loads_of_one_key_cost_in_proportion {
    use super::cost_of_forced_loads;

    #[test]
    fn here() {
        let case = "c_forced_loads_of_one_key_cost_in_proportion";
        touchable_tests::judge(crate::known::FAILING, case, "here", || {
            let times = cost_of_forced_loads(1_200) / cost_of_forced_loads(300);
            assert!(
                times <= 5,
                "four times the forced loads cost {times} times the memory"
            );
        });
    }
}

here!(c_many_threads_keep_a_memory_within_its_bound);
