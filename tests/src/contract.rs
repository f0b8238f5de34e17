//! One contract, three tests.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;

use crate::{Backend, Table, World};

/// Runs a contract in a database of its own, which is gone afterwards, also when the contract is broken.
pub fn run(backend: Backend, tables: Vec<Table>, connections: u32, contract: &impl AsyncFn(&World)) {
    run_in(World::create(backend, tables, connections), contract);
}

/// The same on `SQLite` with its other journal, which readers roll back after a crash.
pub fn run_with_rollback_journal(tables: Vec<Table>, connections: u32, contract: &impl AsyncFn(&World)) {
    run_in(World::with_rollback_journal(tables, connections), contract);
}

fn run_in(world: impl Future<Output = World>, contract: &impl AsyncFn(&World)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let world = world.await;
        let outcome = AssertUnwindSafe(contract(&world)).catch_unwind().await;
        world.destroy().await;
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    });
}

/// Makes a test per backend of every contract in the list.
///
/// The name before the colon is a module of [`entities`](crate::entities): its `tables()` are created. A number of
/// pooled connections may follow it (SQLite then works on a file instead of in memory).
#[macro_export]
macro_rules! on_every_backend {
    ($family:ident: $($contract:ident),+ $(,)?) => {
        $crate::on_every_backend!($family, 1: $($contract),+);
    };
    ($family:ident, $connections:literal: $($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use $crate::{Backend, entities::$family, run};

            #[test]
            fn sqlite() {
                run(Backend::Sqlite, $family::tables(), $connections, &super::$contract);
            }

            #[test]
            fn postgres() {
                run(Backend::Postgres, $family::tables(), $connections, &super::$contract);
            }

            #[test]
            fn mariadb() {
                run(Backend::MariaDb, $family::tables(), $connections, &super::$contract);
            }
        }
    )+};
}

/// The same of a contract that holds on all four levels of connections, one after the other.
#[macro_export]
macro_rules! on_every_level {
    ($family:ident: $($contract:ident),+ $(,)?) => {
        $crate::on_every_level!($family, 1: $($contract),+);
    };
    ($family:ident, $connections:literal: $($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use $crate::{Backend, Level, Stage, World, entities::$family, run};

            fn on(backend: Backend) {
                run(backend, $family::tables(), $connections, &async |world: &World| {
                    super::$contract(&Stage::plain(world)).await;
                    for level in [Level::Transaction, Level::TouchConnection, Level::TouchTransaction] {
                        // The last one that a broken contract prints is the one that breaks it.
                        println!("{level:?}");
                        world.clear().await;
                        super::$contract(&Stage::on(world, level)).await;
                    }
                });
            }

            #[test]
            fn sqlite() {
                on(Backend::Sqlite);
            }

            #[test]
            fn postgres() {
                on(Backend::Postgres);
            }

            #[test]
            fn mariadb() {
                on(Backend::MariaDb);
            }
        }
    )+};
}

/// The same on the servers only, for what a single writer cannot show.
#[macro_export]
macro_rules! on_every_server {
    ($family:ident, $connections:literal: $($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use $crate::{Backend, entities::$family, run};

            #[test]
            fn postgres() {
                run(Backend::Postgres, $family::tables(), $connections, &super::$contract);
            }

            #[test]
            fn mariadb() {
                run(Backend::MariaDb, $family::tables(), $connections, &super::$contract);
            }
        }
    )+};
}
