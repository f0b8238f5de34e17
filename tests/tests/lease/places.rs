//! The places, each of a test's own.

use std::time::Duration;

use sea_orm_migration::SchemaManager;
use tokio::time::{Instant, sleep};
use touchable::lease::{DatabaseLeases, RedisLeases};
use touchable_migrations::TouchSchema;
use touchable_tests::{World, namespace};

/// Long enough not to end while a test on a busy machine looks elsewhere.
pub const LONG: Duration = Duration::from_mins(1);

pub async fn redis(url: &str) -> RedisLeases {
    let leases = RedisLeases::connect(url).await.expect("run scripts/test");
    leases.namespace(&namespace())
}

pub async fn database(world: &World) -> DatabaseLeases<sea_orm::DatabaseConnection> {
    SchemaManager::new(&world.db).leases().up().await.unwrap();
    DatabaseLeases::new(world.db.clone())
}

/// Asks until it is so. Nobody tells when a lease ends; `why` says what did not come about.
pub async fn until<T>(why: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        if let Some(answer) = ask().await {
            return answer;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("{why}");
}

/// Makes a test per place of every contract in the list: an `async fn(P)` for any place `P`.
macro_rules! on_every_place {
    ($($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use touchable::lease::MemoryLeases;
            use touchable_tests::{Backend, cluster_url, redis_url, run};
            use crate::places::{database, redis};

            #[tokio::test(start_paused = true)]
            async fn memory() {
                super::$contract(MemoryLeases::new()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis_server() {
                super::$contract(redis(&redis_url()).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis_cluster() {
                super::$contract(redis(&cluster_url()).await).await;
            }

            #[test]
            fn sqlite() {
                run(Backend::Sqlite, Vec::new(), 4, &async |world: &_| {
                    super::$contract(database(world).await).await;
                });
            }

            #[test]
            fn postgres() {
                run(Backend::Postgres, Vec::new(), 4, &async |world: &_| {
                    super::$contract(database(world).await).await;
                });
            }

            #[test]
            fn mariadb() {
                run(Backend::MariaDb, Vec::new(), 4, &async |world: &_| {
                    super::$contract(database(world).await).await;
                });
            }
        }
    )+};
}
pub(crate) use on_every_place;
