//! F: a stream is more than its name, and a name is more than a collation makes of it.

use sea_orm::TransactionTrait;
use sea_orm_migration::SchemaManager;
use touchable::feed::{Change, Feed, Stream};
use touchable_migrations::TouchSchema;
use touchable_tests::{OwnRedis, World as Database, cases, namespace, redis_url};

use crate::world::{comes, queued};

async fn stream(url: &str, namespace: &str, name: &str) -> Stream {
    let feed = Feed::builder(url).namespace(namespace).connect().await.unwrap();
    feed.stream(name).open().await.unwrap()
}

async fn f_one_stream_name_on_two_servers(database: &Database) {
    let (other, space) = (OwnRedis::start(&[]), namespace());
    let first = stream(&redis_url(), &space, "users").await;
    let second = stream(&other.url(), &space, "users").await;
    let db = touchable::connect(database.db.clone());
    let tx = db.begin().await.unwrap();
    first.producer().announce(&tx, &Change::of(1)).unwrap();
    second.producer().announce(&tx, &Change::of(2)).unwrap();
    tx.commit().await.unwrap();
    let told = (queued(&first).await, queued(&second).await);
    assert_eq!(told, (vec![1], vec![2]), "each server gets its own");
}

/// One producer of a stream lets its messages wait in the outbox, another does not.
async fn f_the_order_does_not_decide_about_the_outbox(database: &Database) {
    SchemaManager::new(&database.db).feed_outbox().up().await.unwrap();
    let mut server = OwnRedis::start(&[]);
    let users = stream(&server.url(), &namespace(), "users").await;
    server.kill();
    let db = touchable::connect(database.db.clone());
    let mut committed = Vec::new();
    for patient_first in [true, false] {
        let mut producers = [users.producer(), users.producer().outbox()];
        if patient_first {
            producers.reverse();
        }
        let tx = db.begin().await.unwrap();
        for (producer, id) in producers.iter().zip([1, 2]) {
            producer.announce(&tx, &Change::of(id)).unwrap();
        }
        committed.push(tx.commit().await.is_ok());
    }
    assert!(
        committed[0] == committed[1],
        "the order decides whether it commits: {committed:?}"
    );
}

/// Two streams that a collation takes for one.
async fn f_a_drainer_takes_the_rows_of_its_stream(database: &Database) {
    SchemaManager::new(&database.db).feed_outbox().up().await.unwrap();
    let (mut server, space) = (OwnRedis::start(&[]), namespace());
    let lower = stream(&server.url(), &space, "users").await;
    let upper = stream(&server.url(), &space, "Users").await;
    server.kill();
    let db = touchable::connect(database.db.clone());
    let tx = db.begin().await.unwrap();
    lower.producer().outbox().announce(&tx, &Change::of(1)).unwrap();
    upper.producer().outbox().announce(&tx, &Change::of(2)).unwrap();
    tx.commit().await.unwrap();
    server.restart();
    let drainer = lower.drainer(database.db.clone());
    let waiting = drainer.waiting().await.unwrap();
    // The connection has to come about again.
    assert!(comes(async || drainer.drain().await.is_ok() && drainer.waiting().await.unwrap() == 0).await);
    assert_eq!(
        (waiting, queued(&lower).await),
        (1, vec![1]),
        "the rows of one stream"
    );
    assert_eq!(upper.drainer(database.db.clone()).waiting().await.unwrap(), 1);
}

cases!(Vec::new(), 2:
    f_one_stream_name_on_two_servers on sqlite postgres mariadb,
    f_the_order_does_not_decide_about_the_outbox on sqlite postgres mariadb,
    f_a_drainer_takes_the_rows_of_its_stream on sqlite postgres mariadb,
);
