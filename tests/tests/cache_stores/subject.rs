//! Every store there is, ready for a contract.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_migration::SchemaManager;
use touchable::{
    Clock, Stamp,
    cache::store::{AnyStore, Database, Failsafe, Memory, Redis, Store, Tiered, Ttl},
};
use touchable_migrations::TouchSchema;
use touchable_tests::{Backend, World, run};

/// A store, the time that its entries live in, and names that nobody else uses.
pub struct Subject<S> {
    pub store: S,
    time: Time,
    prefix: String,
    /// How much longer than its time to live an entry may be seen.
    late: Duration,
}

enum Time {
    Manual(Clock),
    /// The server's own.
    Real,
}

impl<S: Store> Subject<S> {
    fn manual(store: S, clock: Clock) -> Self {
        Self {
            store,
            time: Time::Manual(clock),
            prefix: unique(),
            late: Duration::ZERO,
        }
    }

    fn real(store: S) -> Self {
        Self {
            store,
            time: Time::Real,
            prefix: unique(),
            late: Duration::ZERO,
        }
    }

    fn late(self, late: Duration) -> Self {
        Self { late, ..self }
    }

    /// A key of this test's own.
    pub fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Passes a time to live, and asserts that it ends in time: not before where the clock can be set, and soon after
    /// where it cannot.
    pub async fn expect_end(&self, ttl: Ttl, mut is_over: impl AsyncFnMut() -> bool) {
        match &self.time {
            Time::Manual(clock) => {
                clock.advance(ttl.duration().saturating_sub(Duration::from_micros(1)));
                assert!(!is_over().await, "over before its time");
                clock.advance(Duration::from_micros(1) + self.late);
                assert!(is_over().await, "not over in time");
            }
            Time::Real => until(is_over).await,
        }
    }

    /// Long enough for a few round trips, short enough to be waited for.
    pub fn short(&self) -> Ttl {
        match &self.time {
            Time::Manual(_) => ttl(Duration::from_mins(1)),
            Time::Real => ttl(Duration::from_millis(400)),
        }
    }
}

pub fn ttl(duration: Duration) -> Ttl {
    duration.try_into().expect("a time to live")
}

/// Asks again and again, because a server tells nobody when something ends.
pub async fn until(mut is_over: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_over().await {
        assert!(Instant::now() < deadline, "not over after a long time");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!("t{}-{nanos}-{}", process::id(), NEXT.fetch_add(1, Relaxed))
}

pub fn clock() -> Clock {
    Clock::manual(Stamp::from_micros(1_700_000_000_000_000))
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

pub fn url(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test, it brings up the servers"))
}

pub fn memory(contract: &impl AsyncFn(&Subject<Memory>)) {
    let clock = clock();
    let store = Memory::builder().clock(clock.clone()).build();
    block_on(contract(&Subject::manual(store, clock)));
}

async fn connect(variable: &str) -> Redis {
    // Not the default half second: the servers share a small machine with everything else.
    Redis::builder(&url(variable))
        .response_timeout(Duration::from_secs(20))
        .connect()
        .await
        .expect("Redis")
}

async fn on_redis<S: Store>(
    variable: &str,
    wrap: impl FnOnce(Redis) -> S,
    contract: &impl AsyncFn(&Subject<S>),
) {
    let redis = connect(variable).await;
    let subject = Subject::real(wrap(redis.clone()));
    contract(&subject).await;
    redis
        .delete_prefix(&subject.prefix)
        .await
        .expect("what the test has left");
}

pub fn redis(contract: &impl AsyncFn(&Subject<Redis>)) {
    block_on(on_redis("TOUCHABLE_REDIS_URL", |redis| redis, contract));
}

pub fn redis_cluster(contract: &impl AsyncFn(&Subject<Redis>)) {
    block_on(on_redis("TOUCHABLE_REDIS_CLUSTER_URL", |redis| redis, contract));
}

/// The table of a store, and a store in it.
pub async fn table(world: &World) -> touchable::cache::store::DatabaseBuilder<DatabaseConnection> {
    SchemaManager::new(&world.db)
        .cache_entries()
        .up()
        .await
        .expect("the table");
    Database::builder(world.db.clone())
}

fn on_database(backend: Backend, contract: &impl AsyncFn(&Subject<Database<DatabaseConnection>>)) {
    run(backend, Vec::new(), 8, &async |world: &World| {
        let clock = clock();
        let store = table(world).await.clock(clock.clone()).build();
        contract(&Subject::manual(store, clock)).await;
    });
}

pub fn sqlite(contract: &impl AsyncFn(&Subject<Database<DatabaseConnection>>)) {
    on_database(Backend::Sqlite, contract);
}

pub fn postgres(contract: &impl AsyncFn(&Subject<Database<DatabaseConnection>>)) {
    on_database(Backend::Postgres, contract);
}

pub fn mariadb(contract: &impl AsyncFn(&Subject<Database<DatabaseConnection>>)) {
    on_database(Backend::MariaDb, contract);
}

/// The default.
const NEAR_TTL: Duration = Duration::from_secs(10);

pub fn tiered_memory(contract: &impl AsyncFn(&Subject<Tiered<Memory, Memory>>)) {
    let clock = clock();
    let memory = || Memory::builder().clock(clock.clone()).build();
    let store = Tiered::new(memory(), memory());
    block_on(contract(&Subject::manual(store, clock.clone()).late(NEAR_TTL)));
}

pub fn tiered_redis(contract: &impl AsyncFn(&Subject<Tiered<Memory, Redis>>)) {
    let over = |redis| Tiered::new(Memory::new(), redis).near_ttl(ttl(Duration::from_millis(50)));
    block_on(on_redis("TOUCHABLE_REDIS_URL", over, contract));
}

pub fn tiered_redis_cluster(contract: &impl AsyncFn(&Subject<Tiered<Memory, Redis>>)) {
    let over = |redis| Tiered::new(Memory::new(), redis).near_ttl(ttl(Duration::from_millis(50)));
    block_on(on_redis("TOUCHABLE_REDIS_CLUSTER_URL", over, contract));
}

pub fn tiered_postgres(contract: &impl AsyncFn(&Subject<Tiered<Memory, Database<DatabaseConnection>>>)) {
    run(Backend::Postgres, Vec::new(), 8, &async |world: &World| {
        let clock = clock();
        let near = Memory::builder().clock(clock.clone()).build();
        let far = table(world).await.clock(clock.clone()).build();
        let store = Tiered::new(near, far);
        contract(&Subject::manual(store, clock).late(NEAR_TTL)).await;
    });
}

pub fn failsafe_memory(contract: &impl AsyncFn(&Subject<Failsafe<Memory>>)) {
    memory(&async |subject: &Subject<Memory>| {
        let Time::Manual(clock) = &subject.time else {
            unreachable!("a clock that can be set")
        };
        let store = Failsafe::new(subject.store.clone());
        contract(&Subject::manual(store, clock.clone())).await;
    });
}

pub fn failsafe_redis(contract: &impl AsyncFn(&Subject<Failsafe<Redis>>)) {
    block_on(on_redis("TOUCHABLE_REDIS_URL", Failsafe::new, contract));
}

pub fn failsafe_mariadb(contract: &impl AsyncFn(&Subject<Failsafe<Database<DatabaseConnection>>>)) {
    run(Backend::MariaDb, Vec::new(), 8, &async |world: &World| {
        let clock = clock();
        let store = table(world).await.clock(clock.clone()).build();
        contract(&Subject::manual(Failsafe::new(store), clock)).await;
    });
}

pub fn any_memory(contract: &impl AsyncFn(&Subject<AnyStore>)) {
    let clock = clock();
    let store = AnyStore::new(Memory::builder().clock(clock.clone()).build());
    block_on(contract(&Subject::manual(store, clock)));
}

pub fn any_redis(contract: &impl AsyncFn(&Subject<AnyStore>)) {
    block_on(on_redis("TOUCHABLE_REDIS_URL", AnyStore::new, contract));
}

/// How many bytes a table says that it holds.
pub async fn size(db: &DatabaseConnection) -> u64 {
    let integer = match db.get_database_backend() {
        sea_orm::DbBackend::MySql => "signed",
        _ => "bigint",
    };
    let sql = format!("SELECT CAST(COALESCE(SUM(byte_size), 0) AS {integer}) FROM touchable_cache_entries");
    let sum = sea_orm::Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(sum).await.expect("a sum").expect("one row");
    row.try_get_by_index::<i64>(0)
        .expect("an integer")
        .cast_unsigned()
}

/// Makes a test per store of every contract in the list.
#[macro_export]
macro_rules! on_every_store {
    ($($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use $crate::subject as on;
            #[test] fn memory() { on::memory(&super::$contract); }
            #[test] fn redis() { on::redis(&super::$contract); }
            #[test] fn redis_cluster() { on::redis_cluster(&super::$contract); }
            #[test] fn sqlite() { on::sqlite(&super::$contract); }
            #[test] fn postgres() { on::postgres(&super::$contract); }
            #[test] fn mariadb() { on::mariadb(&super::$contract); }
            #[test] fn tiered_memory() { on::tiered_memory(&super::$contract); }
            #[test] fn tiered_redis() { on::tiered_redis(&super::$contract); }
            #[test] fn tiered_redis_cluster() { on::tiered_redis_cluster(&super::$contract); }
            #[test] fn tiered_postgres() { on::tiered_postgres(&super::$contract); }
            #[test] fn failsafe_memory() { on::failsafe_memory(&super::$contract); }
            #[test] fn failsafe_redis() { on::failsafe_redis(&super::$contract); }
            #[test] fn failsafe_mariadb() { on::failsafe_mariadb(&super::$contract); }
            #[test] fn any_memory() { on::any_memory(&super::$contract); }
            #[test] fn any_redis() { on::any_redis(&super::$contract); }
        }
    )+};
}

/// The same without those whose errors are misses.
#[macro_export]
macro_rules! on_every_store_that_fails {
    ($($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use $crate::subject as on;
            #[test] fn memory() { on::memory(&super::$contract); }
            #[test] fn redis() { on::redis(&super::$contract); }
            #[test] fn redis_cluster() { on::redis_cluster(&super::$contract); }
            #[test] fn sqlite() { on::sqlite(&super::$contract); }
            #[test] fn postgres() { on::postgres(&super::$contract); }
            #[test] fn mariadb() { on::mariadb(&super::$contract); }
            #[test] fn tiered_memory() { on::tiered_memory(&super::$contract); }
            #[test] fn tiered_redis() { on::tiered_redis(&super::$contract); }
            #[test] fn any_memory() { on::any_memory(&super::$contract); }
            #[test] fn any_redis() { on::any_redis(&super::$contract); }
        }
    )+};
}
