//! Only what everybody listed is done with is removed.

use std::time::Duration;

use redis::cmd;
use touchable::feed::{Batch, Change, Stream, StreamId};

use crate::world::{World, changes, done, on_both, payloads, until};

async fn handle(users: &Stream, name: &str, count: usize) {
    let consumer = users.consumer(name).batch_size(count);
    assert_eq!(
        consumer
            .run_once(|_: Batch<Change>| async { done() })
            .await
            .unwrap(),
        count
    );
}

async fn b11_what_all_have_done_is_removed(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..10)).await.unwrap();
    handle(&users, "search", 7).await;
    handle(&users, "mail", 4).await;
    let trimmer = users.trimmer(["search", "mail"]);
    assert_eq!(trimmer.trim().await.unwrap(), 4);
    assert_eq!(world.payloads("queue").await, payloads(4..10));
    assert_eq!(trimmer.trim().await.unwrap(), 0);
    handle(&users, "mail", 6).await;
    assert_eq!(trimmer.trim().await.unwrap(), 3);
    handle(&users, "search", 3).await;
    assert_eq!(trimmer.trim().await.unwrap(), 3);
    assert!(world.entries("queue").await.is_empty());
    // The stream goes on.
    users.producer().queue(&Change::of(10)).await.unwrap();
    handle(&users, "search", 1).await;
    assert_eq!(trimmer.trim().await.unwrap(), 0, "mail has still to read it");
}

async fn b11_who_has_never_run_has_everything_to_read(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..10)).await.unwrap();
    handle(&users, "search", 10).await;
    let trimmer = users.trimmer(["search", "mail"]);
    assert_eq!(trimmer.trim().await.unwrap(), 0);
    assert_eq!(world.entries("queue").await.len(), 10);
}

async fn b11_ids_are_numbers(world: World) {
    for seq in [8, 9, 10, 11] {
        world
            .add(
                "queue",
                &format!("7-{seq}"),
                &[("payload", &format!("{{\"id\":{seq}}}"))],
            )
            .await;
    }
    let users = world.users().await;
    // As text, 7-10 is before 7-9.
    users
        .consumer("search")
        .commit(0, StreamId { ms: 7, seq: 10 })
        .await
        .unwrap();
    users
        .consumer("mail")
        .commit(0, StreamId { ms: 7, seq: 9 })
        .await
        .unwrap();
    assert_eq!(users.trimmer(["search", "mail"]).trim().await.unwrap(), 2);
    assert_eq!(world.payloads("queue").await, payloads([10, 11]));
}

async fn b11_nobody_listed_is_refused(world: World) {
    let users = world.users().await;
    users.producer().queue(&Change::of(1)).await.unwrap();
    let nobody: [&str; 0] = [];
    let error = users.trimmer(nobody).trim().await.unwrap_err().to_string();
    assert!(
        error.contains("`users`") && error.contains("remove everything"),
        "{error}"
    );
    assert!(users.trimmer(nobody).run().is_err());
    assert!(users.trimmer([" "]).run().is_err());
    assert_eq!(world.entries("queue").await.len(), 1);
}

async fn b11_by_age(world: World) {
    let users = world.users().await;
    let nobody: [&str; 0] = [];
    world.add("queue", "1-1", &[("payload", "{\"id\":1}")]).await;
    world.add("queue", "1-2", &[("payload", "{\"id\":2}")]).await;
    users.producer().queue(&Change::of(3)).await.unwrap();
    assert_eq!(
        users
            .trimmer(nobody)
            .keep(Duration::from_hours(1))
            .trim()
            .await
            .unwrap(),
        2
    );
    assert_eq!(world.payloads("queue").await, payloads([3]));
    // Both have to agree.
    handle(&users, "search", 1).await;
    assert_eq!(
        users
            .trimmer(["search"])
            .keep(Duration::from_hours(1))
            .trim()
            .await
            .unwrap(),
        0
    );
    assert_eq!(users.trimmer(["search"]).trim().await.unwrap(), 1);
}

async fn b11_in_the_background_and_in_steps(world: World) {
    let users = world.users().await;
    let task = users
        .trimmer(["search"])
        .interval(Duration::from_millis(10))
        .run()
        .unwrap();
    users.producer().queue_all(&changes(0..25_000)).await.unwrap();
    handle(&users, "search", 24_950).await;
    let left = async || world.ask::<u64>(cmd("XLEN").arg(world.key("queue"))).await;
    until("it is trimmed", async || left().await == 50).await;
    handle(&users, "search", 50).await;
    until("it is trimmed", async || left().await == 0).await;
    task.shutdown().await;
}

/// Who is not listed may miss something, and learns it.
async fn b13_a_consumer_that_is_not_listed_learns_what_it_missed(world: World) {
    let users = world.users().await;
    let ids = users.producer().queue_all(&changes(0..10)).await.unwrap();
    handle(&users, "search", 8).await;
    handle(&users, "mail", 2).await;
    assert_eq!(users.trimmer(["search"]).trim().await.unwrap(), 8);
    let mail = users.consumer("mail");
    let lagged = |expected: Option<StreamId>| {
        move |batch: Batch<Change>| {
            let lagged = batch.lagged();
            async move {
                assert_eq!(lagged, expected);
                done()
            }
        }
    };
    assert_eq!(mail.run_once(lagged(Some(ids[7]))).await.unwrap(), 2);
    users.producer().queue(&Change::of(10)).await.unwrap();
    assert_eq!(mail.run_once(lagged(None)).await.unwrap(), 1, "it is told once");
    // A new one begins at what is there, and has missed nothing.
    assert_eq!(users.consumer("new").run_once(lagged(None)).await.unwrap(), 3);
}

on_both!(
    b11_what_all_have_done_is_removed,
    b11_who_has_never_run_has_everything_to_read,
    b11_ids_are_numbers,
    b11_nobody_listed_is_refused,
    b11_by_age,
    b11_in_the_background_and_in_steps,
    b13_a_consumer_that_is_not_listed_learns_what_it_missed,
);
