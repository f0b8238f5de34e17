//! Messages of a transaction: each once, announced before its commit, told after it.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, TransactionTrait};
use sea_orm_migration::SchemaManager;
use std::time::Duration;

use touchable::{TouchConnection, connect, feed::Change};
use touchable_migrations::TouchSchema;
use touchable_tests::{Backend, OwnRedis, World as Database, redis_url, run};

use crate::world::{World, payloads, until};

/// Makes a test per backend of every contract in the list.
macro_rules! on_every_database {
    ($($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use super::{Backend, run};

            #[test]
            fn sqlite() {
                run(Backend::Sqlite, Vec::new(), 2, &super::$contract);
            }

            #[test]
            fn postgres() {
                run(Backend::Postgres, Vec::new(), 2, &super::$contract);
            }

            #[test]
            fn mariadb() {
                run(Backend::MariaDb, Vec::new(), 2, &super::$contract);
            }
        }
    )+};
}

/// A database with a table to write to, and its outbox.
async fn prepare(database: &Database) -> TouchConnection {
    database
        .db
        .execute_unprepared("CREATE TABLE written (n INT NOT NULL)")
        .await
        .unwrap();
    SchemaManager::new(&database.db).feed_outbox().up().await.unwrap();
    connect(database.db.clone())
}

async fn write(db: &impl ConnectionTrait) {
    db.execute_unprepared("INSERT INTO written (n) VALUES (1)")
        .await
        .unwrap();
}

async fn written(db: &DatabaseConnection) -> i64 {
    let count = Statement::from_string(db.get_database_backend(), "SELECT COUNT(*) FROM written");
    let row = db.query_one_raw(count).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn b03_each_once_before_and_after_the_commit(database: &Database) {
    let (db, world) = (prepare(database).await, World::on(redis_url()).await);
    let producer = world.users().await.producer();
    let tx = db.begin().await.unwrap();
    for id in [5, 6, 5, 7, 6] {
        producer.announce(&tx, &Change::of(id)).unwrap();
    }
    assert!(
        world.entries("delay").await.is_empty(),
        "nothing before the commit"
    );
    tx.commit().await.unwrap();
    assert_eq!(world.payloads("delay").await, payloads([5, 6, 7]));
    assert_eq!(world.payloads("queue").await, payloads([5, 6, 7]));
}

async fn b03_what_is_rolled_back_is_not_told(database: &Database) {
    let (db, world) = (prepare(database).await, World::on(redis_url()).await);
    let producer = world.users().await.producer();
    let tx = db.begin().await.unwrap();
    producer.announce(&tx, &Change::of(1)).unwrap();
    tx.rollback().await.unwrap();
    drop({
        let tx = db.begin().await.unwrap();
        producer.announce(&tx, &Change::of(2)).unwrap();
        tx
    });
    let tx = db.begin().await.unwrap();
    let released = tx.begin().await.unwrap();
    producer.announce(&released, &Change::of(3)).unwrap();
    released.commit().await.unwrap();
    let undone = tx.begin().await.unwrap();
    producer.announce(&undone, &Change::of(4)).unwrap();
    undone.rollback().await.unwrap();
    assert!(
        world.entries("delay").await.is_empty(),
        "a savepoint is no commit"
    );
    tx.commit().await.unwrap();
    assert_eq!(world.payloads("delay").await, payloads([3]));
    assert_eq!(world.payloads("queue").await, payloads([3]));
}

async fn b03_there_has_to_be_a_commit(database: &Database) {
    let (db, world) = (prepare(database).await, World::on(redis_url()).await);
    let producer = world.users().await.producer();
    let error = producer.announce(&db, &Change::of(1)).unwrap_err().to_string();
    assert!(error.contains("`users`") && error.contains("bulk"), "{error}");
    let error = producer
        .announce(&database.db, &Change::of(1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("touchable::connect"), "{error}");
}

async fn without_redis_nothing_is_committed(database: &Database) {
    let db = prepare(database).await;
    let mut server = OwnRedis::start(&[]);
    let world = World::on(server.url()).await;
    let producer = world.users().await.producer();
    server.kill();
    let tx = db.begin().await.unwrap();
    write(&tx).await;
    producer.announce(&tx, &Change::of(1)).unwrap();
    let error: DbErr = tx.commit().await.unwrap_err();
    assert!(error.to_string().contains("users"), "{error}");
    assert_eq!(written(&database.db).await, 0);
}

async fn without_redis_the_outbox_keeps_what_is_committed(database: &Database) {
    let db = prepare(database).await;
    let mut server = OwnRedis::start(&[]);
    let world = World::on(server.url()).await;
    let users = world.users().await;
    let producer = users.producer().outbox();
    let drainer = users.drainer(database.db.clone());
    assert_eq!(drainer.drain().await.unwrap(), 0);
    server.kill();
    let tx = db.begin().await.unwrap();
    write(&tx).await;
    for id in 0..600 {
        producer.announce(&tx, &Change::of(id)).unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(written(&database.db).await, 1);
    let rolled_back = db.begin().await.unwrap();
    producer.announce(&rolled_back, &Change::of(600)).unwrap();
    rolled_back.rollback().await.unwrap();
    assert_eq!(drainer.waiting().await.unwrap(), 600);
    assert!(drainer.drain().await.unwrap_err().is_feed());
    assert_eq!(drainer.waiting().await.unwrap(), 600, "what is not sent waits");
    server.restart();
    let task = drainer.clone().interval(Duration::from_millis(10)).run().unwrap();
    until("the outbox is sent", async || {
        drainer.waiting().await.unwrap() == 0
    })
    .await;
    task.shutdown().await;
    assert_eq!(world.payloads("queue").await, payloads(0..600));
    assert!(world.entries("delay").await.is_empty());
    let tx = db.begin().await.unwrap();
    producer.announce(&tx, &Change::of(601)).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        drainer.waiting().await.unwrap(),
        0,
        "with Redis the outbox is not used"
    );
}

async fn an_outbox_holds_several_streams(database: &Database) {
    let db = prepare(database).await;
    let mut server = OwnRedis::start(&[]);
    let world = World::on(server.url()).await;
    let (users, events) = (
        world.users().await,
        world.feed.stream("events").open().await.unwrap(),
    );
    server.kill();
    let tx = db.begin().await.unwrap();
    users
        .producer()
        .outbox()
        .announce(&tx, &Change::of("Æ\u{1F600}'\"?$1\\"))
        .unwrap();
    events.producer().outbox().announce(&tx, &Change::of(2)).unwrap();
    tx.commit().await.unwrap();
    server.restart();
    let drain = users.drainer(database.db.clone());
    until("the server is back", async || drain.drain().await.is_ok()).await;
    assert_eq!(world.payloads("queue").await, [r#"{"id":"Æ😀'\"?$1\\"}"#]);
    assert_eq!(events.drainer(database.db.clone()).waiting().await.unwrap(), 1);
}

on_every_database!(
    an_outbox_holds_several_streams,
    b03_each_once_before_and_after_the_commit,
    b03_there_has_to_be_a_commit,
    b03_what_is_rolled_back_is_not_told,
    without_redis_nothing_is_committed,
    without_redis_the_outbox_keeps_what_is_committed,
);
