//! F: a connection that is of no use any more is the library's affair, not the user's.

use std::time::Duration;

use redis::cmd;
use sea_orm::TransactionTrait;
use tokio::time::sleep;
use touchable::feed::{Change, Stream};
use touchable_tests::{OwnRedis, World as Database, cases};

use crate::{
    proxy::{Line, Proxy},
    world::{Seen, World, ask, here},
};

async fn commit(database: &Database, users: &Stream) -> Result<(), sea_orm::DbErr> {
    let db = touchable::connect(database.db.clone());
    let tx = db.begin().await?;
    users.producer().announce(&tx, &Change::of(1)).unwrap();
    tx.commit().await
}

/// The server, or a firewall on the way, closes connections on which nothing happens.
async fn f_a_commit_after_an_idle_close(database: &Database) {
    let server = OwnRedis::start(&[]);
    let world = World::on(server.url()).await;
    let users = world.users().await;
    commit(database, &users).await.unwrap();
    let closed: usize = world
        .ask(cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal"))
        .await;
    assert!(closed > 0);
    let done = commit(database, &users).await;
    assert!(done.is_ok(), "a commit finds the dead connection: {done:?}");
}

async fn f_a_commit_after_a_restart_of_redis(database: &Database) {
    let mut server = OwnRedis::start(&[]);
    let world = World::on(server.url()).await;
    let users = world.users().await;
    commit(database, &users).await.unwrap();
    server.restart();
    let done = commit(database, &users).await;
    assert!(done.is_ok(), "a commit finds the dead connection: {done:?}");
}

cases!(Vec::new(), 1:
    f_a_commit_after_an_idle_close on sqlite,
    f_a_commit_after_a_restart_of_redis on sqlite,
);

/// A feed behind a name that has moved to a new primary, while the old one goes on as its replica. Connections that were
/// open stay open.
async fn failed_over() -> (OwnRedis, OwnRedis, Proxy, Stream) {
    let (old, new) = (OwnRedis::start(&[]), OwnRedis::start(&[]));
    let proxy = Proxy::start(old.port(), Line::default()).await;
    let users = World::on(proxy.url()).await.users().await;
    users.producer().queue(&Change::of(1)).await.unwrap();
    let mut follow = cmd("REPLICAOF");
    let () = ask(&old.url(), follow.arg("127.0.0.1").arg(new.port())).await;
    proxy.redirect(new.port());
    (old, new, proxy, users)
}

/// A few rounds are what a new connection may take.
async fn within_ten_rounds<T>(mut round: impl AsyncFnMut() -> touchable::Result<T>) {
    let mut failure = String::new();
    for _ in 0..10 {
        match round().await {
            Ok(_) => return,
            Err(error) => failure = error.to_string(),
        }
        // Connecting takes its time, and nothing tells when it is done.
        sleep(Duration::from_millis(50)).await;
    }
    panic!("ten rounds on a replica: {failure}");
}

async fn f_a_producer_finds_the_new_primary() {
    let (_old, _new, _proxy, users) = failed_over().await;
    within_ten_rounds(async || users.producer().delay(&Change::of(2)).await).await;
}

async fn f_a_consumer_finds_the_new_primary() {
    let (_old, _new, _proxy, users) = failed_over().await;
    let consumer = users.consumer("search");
    within_ten_rounds(async || consumer.run_once(Seen::default().handler()).await).await;
}

here!(
    f_a_producer_finds_the_new_primary,
    f_a_consumer_finds_the_new_primary
);
