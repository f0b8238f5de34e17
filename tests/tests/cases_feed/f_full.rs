//! F: what makes room works when there is none.

use std::{collections::BTreeSet, sync::Arc};

use redis::cmd;
use tokio::sync::Semaphore;
use touchable::feed::{Batch, Change, Stream};
use touchable_tests::OwnRedis;

use crate::world::{Done, Seen, World, changes, comes, here};

/// A server that evicts nothing, with a stream of ten messages.
async fn prepare() -> (OwnRedis, World, Stream) {
    let server = OwnRedis::start(&["--maxmemory-policy", "noeviction"]);
    let world = World::on(server.url()).await;
    let users = world.users().await;
    users.producer().queue_all(&changes(0..10)).await.unwrap();
    (server, world, users)
}

/// From now on the server refuses every command that could take memory.
async fn fill(world: &World) {
    let () = world.ask(cmd("CONFIG").arg("SET").arg("maxmemory").arg(1)).await;
}

async fn f_a_queue_is_trimmed_on_a_full_server() {
    let (_server, world, users) = prepare().await;
    users
        .consumer("search")
        .run_once(Seen::default().handler())
        .await
        .unwrap();
    fill(&world).await;
    let trimmed = users.trimmer(["search"]).trim().await;
    assert!(
        matches!(trimmed, Ok(10)),
        "a full queue is not trimmed: {trimmed:?}"
    );
}

async fn f_a_consumer_begins_on_a_full_server() {
    let (_server, world, users) = prepare().await;
    fill(&world).await;
    let consumer = users.consumer("search");
    let handled = consumer.run_once(Seen::default().handler()).await;
    assert!(matches!(handled, Ok(10)), "no consumer begins: {handled:?}");
    assert!(consumer.max_committed_id(0).await.unwrap().is_some());
}

/// It is at work while the server fills up.
async fn f_a_consumer_goes_on_when_the_server_fills_up() {
    let (_server, world, users) = prepare().await;
    let (seen, arrived, go) = (
        Seen::default(),
        Arc::new(Semaphore::new(0)),
        Arc::new(Semaphore::new(0)),
    );
    let handler = {
        let (seen, arrived, go) = (seen.clone(), Arc::clone(&arrived), Arc::clone(&go));
        move |batch: Batch<Change>| {
            seen.note(batch);
            arrived.add_permits(1);
            let go = Arc::clone(&go);
            async move {
                let _ = go.acquire().await;
                Done::Ok(())
            }
        }
    };
    let _task = users.consumer("search").batch_size(5).run(handler).unwrap();
    arrived.acquire().await.unwrap().forget();
    fill(&world).await;
    go.close();
    comes(async || seen.all().len() >= 10).await;
    let seen = BTreeSet::from_iter(seen.all());
    assert_eq!(seen, (0..10).collect(), "the consumer goes on");
}

/// Handled and trimmed, a queue makes room for what comes next.
async fn f_a_full_server_gets_free() {
    let (_server, world, users) = prepare().await;
    // As much as its queue takes, and more than clients do.
    for n in 0..100 {
        let padded = Padded {
            id: n,
            text: "x".repeat(50_000),
        };
        users.producer().queue(&padded).await.unwrap();
    }
    let facts: String = world.ask(cmd("INFO").arg("memory")).await;
    let mut used = facts.lines().filter_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.next().unwrap().trim().parse().unwrap();
    // A client's own memory comes and goes.
    let bound = used - (1 << 20);
    let () = world
        .ask(cmd("CONFIG").arg("SET").arg("maxmemory").arg(bound))
        .await;
    let message = Change::of(1);
    assert!(users.producer().queue(&message).await.is_err(), "it is full");
    let handled = users.consumer("search").run_once(Seen::default().handler()).await;
    let trimmed = users.trimmer(["search"]).trim().await;
    let told = users.producer().queue(&message).await;
    assert!(
        told.is_ok(),
        "it stays full: handled {handled:?}, trimmed {trimmed:?}"
    );
}

#[derive(serde::Serialize)]
struct Padded {
    id: i64,
    text: String,
}

impl touchable::feed::Record for Padded {
    fn key(&self) -> std::borrow::Cow<'_, str> {
        self.id.to_string().into()
    }
}

here!(
    f_a_queue_is_trimmed_on_a_full_server,
    f_a_consumer_begins_on_a_full_server,
    f_a_consumer_goes_on_when_the_server_fills_up,
    f_a_full_server_gets_free,
);
