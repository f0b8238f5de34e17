//! Behaviour 8 under load: readers, writers of the source, deletes, callers that go away and loaders that fail, on several
//! threads. A source has a number that only rises; whoever raises it deletes the entry, and from then on no fetch may return a
//! smaller number than the source had when the last delete that had returned began.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::task::{JoinSet, yield_now};
use touchable::cache::{Cache, Options};

use crate::{secs, shelf::Shelf};

const KEYS: usize = 3;
const STEPS: usize = 400;

#[derive(Default)]
struct Source {
    now: AtomicU64,
    /// What the source had when the latest delete began that has returned.
    deleted: AtomicU64,
}

struct World {
    cache: Cache<Shelf>,
    sources: [Source; KEYS],
    loads: AtomicUsize,
}

impl World {
    /// The source's number, after a while.
    async fn load(self: Arc<Self>, key: usize, pauses: u8, fails: bool) -> Result<u64, &'static str> {
        self.loads.fetch_add(1, SeqCst);
        let number = self.sources[key].now.load(SeqCst);
        for _ in 0..pauses {
            yield_now().await;
        }
        if fails { Err("down") } else { Ok(number) }
    }

    async fn read(self: &Arc<Self>, key: usize, random: &mut fastrand::Rng) {
        let at_least = self.sources[key].deleted.load(SeqCst);
        let name = key.to_string();
        let (pauses, fails) = (random.u8(..20), random.u8(..10) == 0);
        let world = Arc::clone(self);
        let options = Options::new().force(random.u8(..20) == 0);
        let read = match random.u8(..4) {
            0 => {
                let load = async || Arc::clone(&world).load(key, pauses, fails).await;
                self.cache.fetch_scoped(&name, &options, load).await
            }
            1 => {
                let load = move |keys: Vec<String>| {
                    let world = Arc::clone(&world);
                    async move {
                        let mut loaded = Vec::new();
                        for name in keys {
                            let key = name.parse().expect("a number");
                            loaded.push((name, Arc::clone(&world).load(key, pauses, fails).await?));
                        }
                        Ok::<_, &'static str>(loaded)
                    }
                };
                let keys = [name, ((key + 1) % KEYS).to_string()];
                let both = self.cache.fetch_many(&keys, &options, load).await;
                both.map(|both| both[0].expect("the loader has them all"))
            }
            _ => {
                self.cache
                    .fetch(&name, &options, move || world.load(key, pauses, fails))
                    .await
            }
        };
        match read {
            Ok(number) => assert!(number >= at_least, "{number} was deleted when {at_least} was"),
            Err(failure) => assert!(failure.is_loader(), "{failure}"),
        }
    }

    async fn change(&self, key: usize, random: &mut fastrand::Rng) {
        let source = &self.sources[key];
        source.now.fetch_add(1, SeqCst);
        let seen = source.now.load(SeqCst);
        let name = key.to_string();
        match random.u8(..4) {
            0 => drop(self.cache.delete_many(&[&name]).await.unwrap()),
            1 => drop(self.cache.delete_prefix(&name).await.unwrap()),
            _ => drop(self.cache.delete(&name).await.unwrap()),
        }
        source.deleted.fetch_max(seen, SeqCst);
    }
}

async fn run(seed: u64) {
    let world = Arc::new(World {
        cache: Cache::new(Shelf::new()).unwrap(),
        sources: Default::default(),
        loads: AtomicUsize::new(0),
    });
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let world = Arc::clone(&world);
        let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(31).wrapping_add(task));
        tasks.spawn(async move {
            for _ in 0..STEPS {
                let key = random.usize(..KEYS);
                match random.u8(..8) {
                    0 => world.change(key, &mut random).await,
                    // Gone after a few steps, wherever it is then. Zero is the shortest timeout, not a wait.
                    1 => {
                        let read = world.read(key, &mut random);
                        drop(tokio::time::timeout(Duration::ZERO, read).await);
                    }
                    _ => world.read(key, &mut random).await,
                }
            }
        });
    }
    let all = tokio::time::timeout(secs(60), async {
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
    });
    all.await.expect("nobody hangs");
    crate::until("abandoned writes are over", || world.cache.loads_in_flight() == 0).await;
    // What is stored at rest is not older than the last delete either.
    for (key, source) in world.sources.iter().enumerate() {
        if let Some(number) = world.cache.get::<u64, _>(&key.to_string()).await.unwrap() {
            assert!(number >= source.deleted.load(SeqCst), "{key} is stale at rest");
        }
    }
    assert!(world.loads.load(SeqCst) > 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b08_nothing_old_is_left_by_any_interleaving_of_threads() {
    for seed in 0..25 {
        println!("seed {seed}");
        run(seed).await;
    }
}

#[tokio::test]
async fn b08_nothing_old_is_left_on_one_thread() {
    for seed in 100..125 {
        println!("seed {seed}");
        run(seed).await;
    }
}
