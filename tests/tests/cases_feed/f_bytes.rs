//! F: batches have a bound in bytes, so that a slow line and large messages come to an end.

use std::time::Duration;

use redis::cmd;
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::SchemaManager;
use touchable::feed::{Change, Feed, Stream};
use touchable_migrations::TouchSchema;
use touchable_tests::{OwnRedis, World as Database, cases};

use crate::{
    proxy::{Line, Proxy},
    world::{Seen, World, here},
};

/// 100 Mbit/s.
const LINE: Line = Line {
    latency: Duration::ZERO,
    width: Some(12_500_000),
};

/// A server that writes nothing to a disk: what is measured here is the line.
fn server() -> OwnRedis {
    OwnRedis::start(&["--appendonly", "no"])
}

/// Has the server write so many messages of a mebibyte of its own.
async fn large(world: &World, users: &Stream, messages: usize) {
    // The library says where.
    users.producer().queue(&Change::of(0)).await.unwrap();
    let queue = world.key(&[":queue"]).await.unwrap();
    let script = "local text = string.rep('x', 1048576)
                  for id = 1, ARGV[1] do
                    redis.call('XADD', KEYS[1], '*', 'payload', '{\"id\":' .. id .. ',\"text\":\"' .. text .. '\"}')
                  end";
    // In steps that the client is patient enough for.
    for step in vec![20; messages / 20] {
        let () = world
            .ask(cmd("EVAL").arg(script).arg(1).arg(&queue).arg(step))
            .await;
    }
}

/// 15 MB take 1.2 s, and an answer may take half a second.
async fn f_an_outbox_of_large_rows_drains_over_a_slow_line(database: &Database) {
    const ROWS: usize = 250;
    SchemaManager::new(&database.db).feed_outbox().up().await.unwrap();
    let server = server();
    let world = World::on(server.url()).await;
    let proxy = Proxy::start(server.port(), LINE).await;
    let far = Feed::builder(&proxy.url())
        .namespace(&world.namespace)
        .connect()
        .await
        .unwrap();
    let users = far.stream("users").open().await.unwrap();
    let backend = database.db.get_database_backend();
    let payload = format!("{{\"id\":1,\"text\":\"{}\"}}", "x".repeat(60_000));
    for _ in 0..ROWS {
        let sql = "INSERT INTO touchable_outbox (stream, record_key, payload) VALUES (?, '1', ?)";
        let values = [
            format!("{}/users", world.namespace).into(),
            payload.as_str().into(),
        ];
        let row = Statement::from_sql_and_values(backend, sql, values);
        database.db.execute_raw(row).await.unwrap();
    }
    let drainer = users.drainer(database.db.clone());
    assert_eq!(drainer.waiting().await.unwrap(), ROWS as u64);
    for _ in 0..2 {
        let _ = drainer.drain().await;
    }
    let (waiting, sent) = (drainer.waiting().await.unwrap(), world.length(&[":queue"]).await);
    assert!(
        waiting == 0 && sent == ROWS,
        "of {ROWS} rows {waiting} wait after two rounds, and {sent} messages were sent"
    );
}

cases!(Vec::new(), 1: f_an_outbox_of_large_rows_drains_over_a_slow_line on sqlite);

/// 40 MiB take more than 3 s, and an answer may take half a second, and a second to wait for it.
async fn f_large_messages_are_handled_over_a_slow_line() {
    let server = server();
    let world = World::on(server.url()).await;
    large(&world, &world.users().await, 40).await;
    let proxy = Proxy::start(server.port(), LINE).await;
    let far = Feed::builder(&proxy.url())
        .namespace(&world.namespace)
        .connect()
        .await
        .unwrap();
    let consumer = far.stream("users").open().await.unwrap().consumer("search");
    let (seen, mut failure) = (Seen::default(), None);
    for _ in 0..2 {
        failure = consumer.run_once(seen.handler()).await.err().or(failure);
    }
    assert!(
        !seen.all().is_empty(),
        "nothing is handled after two rounds: {failure:?}"
    );
}

/// Everybody waits while the server counts: it does so in small steps, which its memory shows whatever its speed.
async fn f_counting_a_lag_of_large_messages_holds_nobody_up() {
    const MEBIBYTES: usize = 60;
    let server = server();
    let world = World::on(server.url()).await;
    let users = world.users().await;
    large(&world, &users, MEBIBYTES).await;
    let before = peak(&world).await;
    let lag = users.consumer("search").lag().await.unwrap();
    assert_eq!(lag.messages, MEBIBYTES as u64 + 1);
    let step = (peak(&world).await - before) >> 20;
    assert!(step < 20, "one step looks at {step} MiB of {MEBIBYTES}");
}

/// The most memory that the server ever had.
async fn peak(world: &World) -> u64 {
    let facts: String = world.ask(cmd("INFO").arg("memory")).await;
    let mut peak = facts
        .lines()
        .filter_map(|line| line.strip_prefix("used_memory_peak:"));
    peak.next().unwrap().trim().parse().unwrap()
}

here!(
    f_large_messages_are_handled_over_a_slow_line,
    f_counting_a_lag_of_large_messages_holds_nobody_up,
);
