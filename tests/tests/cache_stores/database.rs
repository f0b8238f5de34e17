//! The store in a table: its bound, its sweeps, and the connections it runs on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use sea_orm::{ConnectOptions, ConnectionTrait, Database as SeaOrm, DatabaseConnection, Statement};
use sea_orm_migration::SchemaManager;
use touchable::cache::store::{Database, Store};
use touchable_migrations::TouchSchema;
use touchable_tests::{Backend, World, run};

use crate::subject::{clock, size, table, ttl, until};

const VALUE: usize = 1_000;
const WRITERS: u64 = 8;

fn value() -> Bytes {
    vec![7; VALUE].into()
}

async fn rows(db: &DatabaseConnection) -> i64 {
    let count = Statement::from_string(
        db.get_database_backend(),
        "SELECT count(*) FROM touchable_cache_entries",
    );
    let row = db.query_one_raw(count).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// Ten times the bound is written, and at no moment does the table hold more than the bound and what is under way.
async fn eviction_outruns_growth(world: &World) {
    let max = 512 * 1_024;
    let store = table(world).await.max_bytes(max).build();
    let entry = VALUE as u64 + 160;
    let most = Arc::new(AtomicU64::new(0));
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let (store, db, most) = (store.clone(), world.db.clone(), Arc::clone(&most));
        writers.push(tokio::spawn(async move {
            for i in 0..10 * max / entry / WRITERS {
                store.set(&format!("{writer} {i}"), value(), None).await.unwrap();
                if i % 16 == 0 {
                    most.fetch_max(size(&db).await, SeqCst);
                }
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let most = most.load(SeqCst);
    assert!(most <= max + entry * WRITERS, "{most} of {max}");
    assert!(most > max / 2, "{most} of {max}: nothing was kept");
}

/// The same for those who write many at once, and overwrite.
async fn eviction_outruns_batches(world: &World) {
    let max = 512 * 1_024;
    let store = table(world).await.max_bytes(max).build();
    let keys: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    let batch = 100 * (VALUE as u64 + 160);
    for round in 0..40 {
        let keys: Vec<String> = keys.iter().map(|key| format!("{} {key}", round % 20)).collect();
        let entries: Vec<(&str, Bytes)> = keys.iter().map(|key| (key.as_str(), value())).collect();
        store.set_many(&entries, None).await.unwrap();
        let size = size(&world.db).await;
        assert!(size <= max + batch, "{size} of {max}");
    }
}

async fn the_oldest_go_first(world: &World) {
    let clock = clock();
    let store = table(world).await.max_bytes(100_000).clock(clock.clone()).build();
    for i in 0..70 {
        store.set(&format!("k{i:02}"), value(), None).await.unwrap();
        clock.advance(Duration::from_secs(1));
    }
    // Written again, it is young again.
    store.set("k00", value(), None).await.unwrap();
    for i in 70..100 {
        store.set(&format!("k{i:02}"), value(), None).await.unwrap();
        clock.advance(Duration::from_secs(1));
    }
    store.sweep().await.unwrap();
    let keys: Vec<String> = (0..100).map(|i| format!("k{i:02}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let kept = store.get_many(&keys).await.unwrap();
    assert!(kept[0].is_some(), "written again");
    let first = kept.iter().skip(1).position(Option::is_some).unwrap() + 1;
    assert!((20..60).contains(&first), "{first}");
    assert!(kept[first..].iter().all(Option::is_some));
}

async fn a_sweep_deletes_the_expired_and_the_old(world: &World) {
    let clock = clock();
    let age = Duration::from_hours(24);
    let store = table(world).await.max_age(age).clock(clock.clone()).build();
    let keys: Vec<String> = (0..600).map(|i| i.to_string()).collect();
    let entries: Vec<(&str, Bytes)> = keys.iter().map(|key| (key.as_str(), "1".into())).collect();
    store
        .set_many(&entries, Some(ttl(Duration::from_mins(1))))
        .await
        .unwrap();
    store.set("old", "1".into(), None).await.unwrap();
    clock.advance(Duration::from_mins(1));
    assert_eq!(store.sweep().await.unwrap(), 600);
    assert_eq!(store.get("old").await.unwrap(), Some("1".into()));
    clock.advance(age);
    store.set("young", "1".into(), None).await.unwrap();
    assert_eq!(store.sweep().await.unwrap(), 1);
    assert_eq!(
        store.get_many(&["old", "young"]).await.unwrap(),
        [None, Some("1".into())]
    );
    assert_eq!(rows(&world.db).await, 1);
}

/// Without anybody asking, and without many writes.
async fn the_task_sweeps_now_and_then_and_ends_with_the_store(world: &World) {
    let clock = clock();
    let builder = table(world)
        .await
        .clock(clock.clone())
        .sweep_every(Duration::from_millis(20));
    let runtime = tokio::runtime::Handle::current();
    let store = builder.build();
    store
        .set("a", "1".into(), Some(ttl(Duration::from_mins(1))))
        .await
        .unwrap();
    clock.advance(Duration::from_mins(1));
    until(async || rows(&world.db).await == 0).await;
    let with_it = runtime.metrics().num_alive_tasks();
    drop(store);
    until(async || runtime.metrics().num_alive_tasks() < with_it).await;
}

/// Writes alone set a sweep off.
async fn a_share_of_the_bound_sets_a_sweep_off(world: &World) {
    let clock = clock();
    let store = table(world).await.max_bytes(160_000).clock(clock.clone()).build();
    store
        .set("expired", "1".into(), Some(ttl(Duration::from_mins(1))))
        .await
        .unwrap();
    clock.advance(Duration::from_mins(1));
    store.set("a", vec![7; 9_900].into(), None).await.unwrap();
    until(async || rows(&world.db).await == 1).await;
}

async fn what_is_larger_than_the_bound_is_not_stored(world: &World) {
    let store = table(world).await.max_bytes(10_000).build();
    store.set("a", "old".into(), None).await.unwrap();
    let large = Bytes::from(vec![7; 10_000]);
    store.set("a", large.clone(), None).await.unwrap();
    store
        .set_many(&[("b", large), ("c", "1".into())], None)
        .await
        .unwrap();
    let kept = store.get_many(&["a", "b", "c"]).await.unwrap();
    assert_eq!(kept, [None, None, Some("1".into())]);
}

async fn an_empty_prefix_is_everything(world: &World) {
    let store = table(world).await.build();
    let keys: Vec<String> = (0..2_500).map(|i| i.to_string()).collect();
    let entries: Vec<(&str, Bytes)> = keys.iter().map(|key| (key.as_str(), "1".into())).collect();
    store.set_many(&entries, None).await.unwrap();
    assert_eq!(store.delete_prefix("").await.unwrap(), 2_500);
    assert_eq!(rows(&world.db).await, 0);
}

async fn it_runs_on_a_strict_touch_connection(world: &World) {
    let _ = table(world).await;
    let db = touchable::connect(world.db.clone()).strict();
    let store = Database::new(db);
    store.set("a", "1".into(), None).await.unwrap();
    assert_eq!(store.increment("a", 1, None).await.unwrap(), 2);
    assert_eq!(store.increment("a", -5, None).await.unwrap(), -3);
    assert!(!store.add("a", "1".into(), None).await.unwrap());
    assert_eq!(store.get("a").await.unwrap(), Some("-3".into()));
    assert_eq!(store.delete_prefix("a").await.unwrap(), 1);
}

async fn the_table_has_any_name_and_goes_again(world: &World) {
    let manager = SchemaManager::new(&world.db);
    for name in ["pages", "Order by 1"] {
        manager.cache_entries().table(name).up().await.unwrap();
        let store = Database::builder(world.db.clone()).table(name).build();
        store.set("a", "1".into(), None).await.unwrap();
        assert_eq!(store.get("a").await.unwrap(), Some("1".into()));
        store.sweep().await.unwrap();
        manager.cache_entries().table(name).down().await.unwrap();
        assert!(store.get("a").await.is_err());
    }
}

async fn a_table_that_is_missing_is_said(world: &World) {
    let store = Database::new(world.db.clone());
    for message in [
        store.get("a").await.unwrap_err().to_string(),
        store.set("a", "1".into(), None).await.unwrap_err().to_string(),
        store.increment("a", 1, None).await.unwrap_err().to_string(),
        store.delete_prefix("a").await.unwrap_err().to_string(),
        store.sweep().await.unwrap_err().to_string(),
    ] {
        assert!(
            message.contains("`touchable_cache_entries` is not there"),
            "{message}"
        );
        assert!(message.contains("cache_entries().up()"), "{message}");
    }
}

async fn two_sweeps_do_not_run_at_once(world: &World) {
    let store = table(world).await.max_bytes(200_000).build();
    for i in 0..120 {
        store.set(&i.to_string(), value(), None).await.unwrap();
    }
    let sent = world
        .sent(async {
            let (one, two, three) = tokio::join!(store.sweep(), store.sweep(), store.sweep());
            assert!(one.is_ok() && two.is_ok() && three.is_ok());
        })
        .await;
    // A sweep asks for what has expired, and then for the sum. One that the writes began may be under way still.
    let asks = sent.iter().filter_map(|statement| {
        let expired = statement.starts_with("SELECT") && statement.contains("expires_at");
        let sum = statement.contains("SUM(");
        (expired || sum).then_some(sum)
    });
    let asks: Vec<bool> = asks.collect();
    let sums = asks.iter().filter(|sum| **sum).count();
    assert!(sums >= 3, "{sent:#?}");
    let in_turns = asks.windows(2).all(|pair| pair[0] != pair[1]);
    assert!(in_turns, "one begins when the other has ended: {sent:#?}");
}

/// A connection that may only read.
async fn read_only(world: &World) -> DatabaseConnection {
    let url = match world.backend {
        Backend::Sqlite => world.url().replace("mode=rwc", "mode=ro"),
        Backend::Postgres => format!("{}?options[default_transaction_read_only]=on", world.url()),
        Backend::MariaDb => world.url(),
    };
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let db = SeaOrm::connect(options).await.unwrap();
    if world.backend == Backend::MariaDb {
        db.execute_unprepared("SET SESSION TRANSACTION READ ONLY")
            .await
            .unwrap();
    }
    db
}

async fn a_database_that_can_only_be_read_is_said(world: &World) {
    table(world)
        .await
        .build()
        .set("a", "1".into(), None)
        .await
        .unwrap();
    let store = Database::new(read_only(world).await);
    assert_eq!(store.get("a").await.unwrap(), Some("1".into()));
    for message in [
        store.set("a", "2".into(), None).await.unwrap_err().to_string(),
        store.add("b", "2".into(), None).await.unwrap_err().to_string(),
        store.increment("a", 1, None).await.unwrap_err().to_string(),
        store.delete("a").await.unwrap_err().to_string(),
        store.delete_prefix("a").await.unwrap_err().to_string(),
    ] {
        assert!(message.contains("can only be read"), "{message}");
        assert!(message.contains("`a`") || message.contains("`b`"), "{message}");
    }
    assert_eq!(store.get("a").await.unwrap(), Some("1".into()));
}

macro_rules! on_every_database {
    ($($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use super::{Backend, run};
            #[test] fn sqlite() { run(Backend::Sqlite, Vec::new(), 10, &super::$contract); }
            #[test] fn postgres() { run(Backend::Postgres, Vec::new(), 10, &super::$contract); }
            #[test] fn mariadb() { run(Backend::MariaDb, Vec::new(), 10, &super::$contract); }
        }
    )+};
}

on_every_database!(
    eviction_outruns_growth,
    eviction_outruns_batches,
    the_oldest_go_first,
    a_sweep_deletes_the_expired_and_the_old,
    the_task_sweeps_now_and_then_and_ends_with_the_store,
    a_share_of_the_bound_sets_a_sweep_off,
    what_is_larger_than_the_bound_is_not_stored,
    an_empty_prefix_is_everything,
    it_runs_on_a_strict_touch_connection,
    the_table_has_any_name_and_goes_again,
    a_table_that_is_missing_is_said,
    two_sweeps_do_not_run_at_once,
    a_database_that_can_only_be_read_is_said,
);
