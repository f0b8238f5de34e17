//! Uses that once broke a promise, by the number of that.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::FutureExt;
use tokio::time::{Instant, sleep};
use touchable::{
    cache::Version,
    reactive::{BoxError, Compute, Computed, Pool, Reactive, RedisSchedule},
    schedule::Backoff,
};
use touchable_servers::OwnRedis;

use crate::{
    on_every_schedule, on_every_shared_schedule,
    places::{Place, UNIT, eventually},
    reading::fresh,
    script::{Answer, Service, key},
};

async fn b06_who_waits_for_what_is_gone_does_not_ask_for_it_again(place: &Place) {
    let service = Service::default();
    service.answer("a", Answer::Gone);
    let node = place.node(service.clone()).await;
    let reading = node.read_or_wait(&key("a"), UNIT * 50).await.unwrap();
    assert!(reading.is_pending());
    assert_eq!(service.asked("a"), 1);
    assert!(node.compute_now(&key("b")).await.unwrap().is_fresh());
    service.answer("b", Answer::Gone);
    assert!(node.compute_now(&key("b")).await.unwrap().is_pending());
    sleep(UNIT * 3).await;
    assert_eq!(service.asked("b"), 2);
    node.shutdown().await;
}

/// Panics where one does not look for it.
struct Trap(&'static str, AtomicUsize);

#[derive(Debug)]
struct Untold;

impl fmt::Display for Untold {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("the text of an error panics")
    }
}

impl std::error::Error for Untold {}

struct Unwritten(bool);

impl serde::Serialize for Unwritten {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        assert!(!self.0, "the encoding panics");
        to.serialize_bool(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Unwritten {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        bool::deserialize(from).map(Self)
    }
}

impl Compute for Trap {
    const NAME: &'static str = "trap";
    type Key = u8;
    type Value = Unwritten;

    fn compute(
        &self,
        _: &u8,
        _: Option<&Unwritten>,
    ) -> impl Future<Output = Result<Computed<Unwritten>, BoxError>> + Send {
        let is_first = self.1.fetch_add(1, SeqCst) == 0;
        assert!(!(is_first && self.0 == "call"), "the call itself panics");
        let what = self.0;
        async move {
            match (is_first, what) {
                (true, "error") => Err(Untold.into()),
                (true, "encoding") => Ok(Computed::Value(Unwritten(true))),
                _ => Ok(Computed::Value(Unwritten(false))),
            }
        }
    }
}

async fn b07_a_panic_anywhere_is_an_error(place: &Place) {
    for what in ["call", "error", "encoding"] {
        let own = Place::of(place);
        let node = own.node(Trap(what, AtomicUsize::new(0))).await;
        let reading = node.read_or_wait(&1, UNIT * 1_000).await.unwrap();
        assert!(
            reading.error().unwrap().is_panic(),
            "{what}: {:?}",
            reading.error()
        );
        eventually("a value", async || {
            node.read(&1).await.unwrap().is_fresh().then_some(())
        })
        .await;
        node.shutdown().await;
    }
}

struct Named<const N: usize>(Arc<AtomicUsize>, Duration);

impl<const N: usize> Compute for Named<N> {
    const NAME: &'static str = ["first", "second", "third"][N];
    type Key = u32;
    type Value = u32;

    async fn compute(&self, key: &u32, _: Option<&u32>) -> Result<Computed<u32>, BoxError> {
        self.0.fetch_add(1, SeqCst);
        sleep(self.1).await;
        Ok(Computed::Value(*key))
    }
}

/// Caches that share a pool all get on, however much there is to do for each.
async fn b08_nobody_starves_in_a_shared_pool(place: &Place) {
    let pool = Pool::named("shared").concurrency(1);
    let counts: [Arc<AtomicUsize>; 3] = std::array::from_fn(|_| Arc::default());
    let time = UNIT / 5;
    let start = |builder: touchable::reactive::ReactiveBuilder<_>| builder.pool(pool.clone());
    let one = place
        .start(start(place.builder(Named::<0>(Arc::clone(&counts[0]), time))))
        .await
        .unwrap();
    let builder = place
        .builder(Named::<1>(Arc::clone(&counts[1]), time))
        .pool(pool.clone());
    let two = place.start(builder).await.unwrap();
    let builder = place
        .builder(Named::<2>(Arc::clone(&counts[2]), time))
        .pool(pool.clone());
    let three = place.start(builder).await.unwrap();
    for key in 0..200 {
        let _ = one.read(&key).await.unwrap();
        let _ = two.read(&key).await.unwrap();
    }
    let begun = Instant::now();
    let mut key = 0;
    while begun.elapsed() < UNIT * 20 {
        // A wake with every new key.
        let _ = three.read(&key).await.unwrap();
        key += 1;
        sleep(UNIT / 50).await;
    }
    let counts = counts.map(|count| count.load(SeqCst));
    assert!(counts.iter().all(|count| *count >= 5), "{counts:?}");
    one.shutdown().await;
    two.shutdown().await;
    three.shutdown().await;
}

async fn b11_computing_it_now_for_longer_than_a_claim(place: &Place) {
    let service = Service::default();
    let builder = place
        .builder(service.clone())
        .claim_time(UNIT * 5)
        .compute_timeout(UNIT * 100);
    let node = place.start(builder).await.unwrap();
    service.answer("a", Answer::Slow(7, UNIT * 15));
    let reading = node.compute_now(&key("a")).await.unwrap();
    assert_eq!(reading.into_value().unwrap().0, 7);
    assert_eq!((service.asked("a"), service.overlaps()), (1, 0));
    // One that is dropped gives its key back.
    service.hold();
    let _ = tokio::time::timeout(UNIT, node.compute_now(&key("b"))).await;
    eventually("another claim", async || (service.began() >= 3).then_some(())).await;
    service.open();
    node.shutdown().await;
}

struct Hooked(Arc<AtomicUsize>, Duration);

impl Compute for Hooked {
    const NAME: &'static str = "hooked";
    type Key = u8;
    type Value = u8;

    async fn compute(&self, key: &u8, _: Option<&u8>) -> Result<Computed<u8>, BoxError> {
        sleep(self.1).await;
        Ok(Computed::Value(*key))
    }

    async fn on_updated(&self, _: &u8, _: Option<&u8>, _: &u8) {
        sleep(UNIT * 15).await;
        self.0.fetch_add(1, SeqCst);
    }
}

async fn b12_a_hook_has_as_long_as_a_computation(place: &Place) {
    let count = Arc::new(AtomicUsize::new(0));
    let builder = place.builder(Hooked(Arc::clone(&count), Duration::ZERO));
    let builder = builder
        .claim_time(UNIT * 5)
        .compute_timeout(UNIT * 50)
        .refresh_interval(UNIT * 1_000);
    let node = place.start(builder).await.unwrap();
    let _ = node.read_or_wait(&1, UNIT * 100).await.unwrap();
    eventually("its end", async || (count.load(SeqCst) == 1).then_some(())).await;
    node.shutdown().await;
}

async fn b12_the_hook_is_not_told_of_what_was_not_stored(place: &Place) {
    let count = Arc::new(AtomicUsize::new(0));
    let builder = place.builder(Hooked(Arc::clone(&count), UNIT * 8));
    let node = place.start(builder.lifetime(UNIT * 3)).await.unwrap();
    let _ = node.read(&1).await.unwrap();
    eventually("its end", async || {
        node.inspect(&1).await.unwrap().is_none().then_some(())
    })
    .await;
    sleep(UNIT * 18).await;
    assert_eq!(count.load(SeqCst), 0);
    node.shutdown().await;
}

/// Looks into the cache that it was in when it ends.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Ending(u64, u64);

static NODES: Mutex<BTreeMap<u64, Reactive<Endings>>> = Mutex::new(BTreeMap::new());
static ENDED: AtomicUsize = AtomicUsize::new(0);

impl Drop for Ending {
    fn drop(&mut self) {
        let node = NODES.lock().unwrap().get(&self.0).cloned();
        if let Some(node) = node {
            let _ = node.peek(&1).now_or_never();
            let _ = node.keys_read();
            ENDED.fetch_add(1, SeqCst);
        }
    }
}

/// Its number, and how often it was asked.
struct Endings(u64, AtomicU64);

impl Compute for Endings {
    const NAME: &'static str = "endings";
    type Key = u8;
    type Value = Ending;

    async fn compute(&self, _: &u8, _: Option<&Ending>) -> Result<Computed<Ending>, BoxError> {
        Ok(Computed::Value(Ending(self.0, self.1.fetch_add(1, SeqCst))))
    }
}

/// Nothing is locked while a value of the application's ends.
async fn b16_a_value_that_reads_when_it_ends(place: &Place) {
    let number = fastrand::u64(..);
    let builder = place.builder(Endings(number, AtomicU64::new(0)));
    let builder = builder.refresh_interval(UNIT).lifetime(UNIT * 5);
    let node = place.start(builder).await.unwrap();
    NODES.lock().unwrap().insert(number, node.clone());
    let filled = async || {
        eventually("a value", async || {
            node.read(&1).await.unwrap().is_fresh().then_some(())
        })
        .await;
    };
    let ended = ENDED.load(SeqCst);
    for _ in 0..5 {
        filled().await;
        assert!(node.expire(&1).await.unwrap());
        filled().await;
        node.clear(&1).await.unwrap();
        filled().await;
        node.clear_under(&1).await.unwrap();
    }
    filled().await;
    eventually("nothing left", async || (node.keys_read() == 0).then_some(())).await;
    assert!(ENDED.load(SeqCst) >= ended + 16);
    NODES.lock().unwrap().remove(&number);
    node.shutdown().await;
}

struct Long;

impl Compute for Long {
    const NAME: &'static str = "long";
    type Key = (String, String);
    type Value = u8;

    async fn compute(&self, _: &(String, String), _: Option<&u8>) -> Result<Computed<u8>, BoxError> {
        Ok(Computed::Value(1))
    }
}

async fn b09_every_key_below_a_long_one(place: &Place) {
    let node = place.node(Long).await;
    let key = ("p".repeat(200), "k".repeat(3_000));
    assert!(node.read_or_wait(&key, UNIT * 100).await.unwrap().is_fresh());
    assert_eq!(node.clear_under(&key.0).await.unwrap(), 1);
    node.shutdown().await;
}

async fn b06_again_in_any_time(place: &Place) {
    for again_in in [Duration::MAX, Duration::ZERO] {
        let service = Service::default();
        service.answer("a", Answer::AgainIn(1, again_in));
        let own = Place::of(place);
        let node = own
            .start(
                own.builder(service.clone())
                    .backoff(Backoff::up_to(Duration::MAX)),
            )
            .await
            .unwrap();
        assert_eq!(fresh(&node, "a").await, 1);
        sleep(UNIT).await;
        assert!(service.asked("a") <= 15, "{}", service.asked("a"));
        assert!(node.read(&key("a")).await.unwrap().is_fresh());
        node.shutdown().await;
    }
}

/// Readers that see different states of a collection, or a stream of expiries, do not storm a dead service.
async fn b07_a_dead_service_whatever_readers_say(place: &Place) {
    let service = Service::default();
    service.answer("a", Answer::Fails("down"));
    let node = place
        .start(place.builder(service.clone()).refresh_interval(UNIT * 3))
        .await
        .unwrap();
    let versions = ["one", "two"].map(|text| Version::from(touchable::Stamp::from_micros(1)).of(text));
    let begun = Instant::now();
    let mut turn = 0;
    while begun.elapsed() < UNIT * 20 {
        turn += 1;
        let _ = node.read_at(&key("a"), &[versions[turn % 2]][..]).await.unwrap();
        node.expire(&key("a")).await.unwrap();
        sleep(UNIT / 10).await;
    }
    // After 3, 6 and 12 units.
    assert!((1..=5).contains(&service.asked("a")), "{}", service.asked("a"));
    node.shutdown().await;
}

async fn b07_long_texts_of_errors_are_cut(place: &Place) {
    let service = Service::default();
    service.answer(
        "a",
        Answer::Fails(Box::leak("é".repeat(1_000_000).into_boxed_str())),
    );
    let node = place.node(service.clone()).await;
    let reading = node.read_or_wait(&key("a"), UNIT * 1_000).await.unwrap();
    assert!((500..=1_000).contains(&reading.error().unwrap().to_string().len()));
    node.shutdown().await;
}

async fn b02_a_shorter_lifetime_elsewhere_takes_nothing_away(place: &Place) {
    let service = Service::default();
    let one = place.node(service.clone()).await;
    let two = place
        .start(place.builder(service.clone()).lifetime(UNIT * 5))
        .await
        .unwrap();
    fresh(&one, "a").await;
    fresh(&two, "a").await;
    let wanted = one.inspect(&key("a")).await.unwrap().unwrap().wanted_for;
    assert!(wanted > UNIT * 80, "{wanted:?}");
    one.shutdown().await;
    two.shutdown().await;
}

async fn b09_cleared_elsewhere_after_a_shutdown_here(place: &Place) {
    let service = Service::default();
    let one = place
        .start(place.builder(service.clone()).lifetime(UNIT * 10_000))
        .await
        .unwrap();
    let other = place
        .start(place.builder(service.clone()).without_worker())
        .await
        .unwrap();
    fresh(&one, "a").await;
    one.shutdown().await;
    other.clear(&key("a")).await.unwrap();
    assert!(one.read(&key("a")).await.unwrap().is_pending());
}

struct Blocks;

impl Compute for Blocks {
    const NAME: &'static str = "blocks";
    type Key = u8;
    type Value = u8;

    async fn compute(&self, _: &u8, before: Option<&u8>) -> Result<Computed<u8>, BoxError> {
        static FIRST: AtomicUsize = AtomicUsize::new(0);
        if before.is_none() && FIRST.fetch_add(1, SeqCst).is_multiple_of(2) {
            // What is tested: it cannot be ended.
            std::thread::sleep(UNIT * 60);
        }
        Ok(Computed::Value(1))
    }
}

/// The thread cannot be taken from it; the key can.
async fn b05_a_computation_that_blocks_its_thread_loses_its_key(place: &Place) {
    let settings = || {
        place
            .builder(Blocks)
            .claim_time(UNIT * 3)
            .compute_timeout(UNIT * 3)
            .refresh_interval(UNIT * 1_000)
    };
    // Each on threads of its own: what else waits for the blocked one is not the other's.
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (builder, url, namespace) = (settings(), place.url(), place.namespace.clone());
        let node = runtime.spawn(async move {
            let schedule = RedisSchedule::connect(&url).await.unwrap();
            builder.schedule(schedule.namespace(&namespace)).start().unwrap()
        });
        nodes.push((node.await.unwrap(), runtime));
    }
    let reader = place.start(settings().without_worker()).await.unwrap();
    let begun = Instant::now();
    eventually("the other's value", async || {
        let reading = reader.read(&1).await.unwrap();
        reading.is_fresh().then_some(())
    })
    .await;
    assert!(begun.elapsed() < UNIT * 50, "{:?}", begun.elapsed());
    for (node, runtime) in nodes {
        drop(node);
        runtime.shutdown_background();
    }
}

/// Nobody wants it, and no worker has looked at it yet.
async fn b11_a_key_that_nobody_wants_is_unknown(place: &Place) {
    let builder = place.builder(Service::default()).lifetime(UNIT * 2);
    let node = place.start(builder.without_worker()).await.unwrap();
    let _ = node.read(&key("a")).await.unwrap();
    assert!(node.inspect(&key("a")).await.unwrap().is_some());
    sleep(UNIT * 3).await;
    assert!(node.inspect(&key("a")).await.unwrap().is_none());
    assert!(node.peek(&key("a")).await.unwrap().is_none());
    assert!(!node.expire(&key("a")).await.unwrap() && !node.clear(&key("a")).await.unwrap());
}

on_every_schedule!(
    b11_a_key_that_nobody_wants_is_unknown,
    b06_who_waits_for_what_is_gone_does_not_ask_for_it_again,
    b07_a_panic_anywhere_is_an_error,
    b08_nobody_starves_in_a_shared_pool,
    b11_computing_it_now_for_longer_than_a_claim,
    b12_a_hook_has_as_long_as_a_computation,
    b12_the_hook_is_not_told_of_what_was_not_stored,
    b09_every_key_below_a_long_one,
    b06_again_in_any_time,
    b07_a_dead_service_whatever_readers_say,
    b07_long_texts_of_errors_are_cut,
    b16_a_value_that_reads_when_it_ends,
);
on_every_shared_schedule!(
    b02_a_shorter_lifetime_elsewhere_takes_nothing_away,
    b09_cleared_elsewhere_after_a_shutdown_here,
    b05_a_computation_that_blocks_its_thread_loses_its_key,
);

async fn on(server: &OwnRedis, service: &Service) -> Reactive<Service> {
    let schedule = RedisSchedule::connect(&server.url()).await.unwrap();
    Reactive::builder(service.clone())
        .refresh_interval(UNIT * 5)
        .claim_time(Duration::from_mins(5))
        .lifetime(Duration::from_mins(10))
        .pool(Pool::named("many").concurrency(50))
        .schedule(schedule)
        .start()
        .unwrap()
}

/// What was claimed by a look whose answer never came is given back, long before its claim ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b05_a_claim_whose_answer_was_lost() {
    let server = OwnRedis::start(&[]);
    let service = Service::default();
    let node = on(&server, &service).await;
    let keys: Vec<String> = (0..50).map(|number| format!("k{number}")).collect();
    for key in &keys {
        let _ = node.read(key).await.unwrap();
    }
    eventually("all values", async || (service.began() >= 50).then_some(())).await;
    for _ in 0..5 {
        server.suspend();
        sleep(UNIT * 12).await;
        server.resume();
        let before: Vec<usize> = keys.iter().map(|key| service.asked(key)).collect();
        for (key, before) in keys.iter().zip(before) {
            eventually("its next computation", async || {
                (service.asked(key) > before).then_some(())
            })
            .await;
        }
    }
    node.shutdown().await;
}

/// Another program's key in the place of one of ours is that key's trouble alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_strangers_key_in_the_place_of_one() {
    let server = OwnRedis::start(&[]);
    let service = Service::default();
    let node = on(&server, &service).await;
    for name in ["a", "b"] {
        fresh(&node, name).await;
    }
    let mut asking = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*:value:a").query(&mut asking).unwrap();
    redis::cmd("SET")
        .arg(&keys[0])
        .arg("x")
        .exec(&mut asking)
        .unwrap();
    let before = service.asked("b");
    eventually("its next computation", async || {
        (service.asked("b") > before + 2).then_some(())
    })
    .await;
    fresh(&node, "c").await;
    node.shutdown().await;
}

/// A server without memory takes no wishes, and still tells what it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b02_a_server_that_takes_no_writes() {
    let server = OwnRedis::start(&[]);
    let service = Service::default();
    let node = on(&server, &service).await;
    fresh(&node, "a").await;
    let other = on(&server, &service).await;
    let mut asking = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    redis::cmd("CONFIG")
        .arg("SET")
        .arg("maxmemory")
        .arg(1)
        .exec(&mut asking)
        .unwrap();
    let reading = other.read(&key("a")).await.unwrap();
    assert!(reading.value().is_some(), "{reading:?}");
    node.shutdown().await;
    other.shutdown().await;
}

/// A look that is cut off by a shutdown, between its claims and their answer, gives them back as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b16_a_shutdown_in_the_middle_of_a_look() {
    let server = OwnRedis::start(&[]);
    let service = Service::default();
    let reader = {
        let schedule = RedisSchedule::connect(&server.url()).await.unwrap();
        Reactive::builder(service.clone())
            .lifetime(Duration::from_mins(10))
            .schedule(schedule)
            .without_worker()
            .start()
            .unwrap()
    };
    for round in 0..20 {
        let key = format!("k{round}");
        let _ = reader.read(&key).await.unwrap();
        // Stopped at any moment of its first look.
        let node = on(&server, &service).await;
        sleep(Duration::from_micros(fastrand::u64(..3_000))).await;
        node.shutdown().await;
        let found = reader.inspect(&key).await.unwrap().unwrap();
        assert!(found.claimed_for.is_none(), "round {round}: {found:?}");
    }
}
