//! What cannot be handled ends in the dead letters, and nothing else does.

use std::time::Duration;

use touchable::feed::{Batch, Change, Consumer};

use crate::world::{Done, Seen, World, changes, done, ids, on_both, until};

fn quick(consumer: Consumer) -> Consumer {
    consumer
        .pauses(Duration::from_millis(1), Duration::from_millis(2))
        .max_attempts(3)
}

/// Runs a consumer whose handler does this with batches that hold the number 13, until all others are seen.
async fn survive(world: &World, with_13: fn() -> Bad) -> Seen {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..30)).await.unwrap();
    let seen = Seen::default();
    let noting = seen.clone();
    let task = quick(users.consumer("search"))
        .batch_size(20)
        .handler_timeout(Duration::from_millis(60))
        .run(move |batch: Batch<Change>| {
            let bad = ids(&batch).contains(&13);
            if !bad {
                noting.note(&batch);
            }
            async move {
                match bad.then(with_13) {
                    None => done(),
                    Some(Bad::Fails) => Err(std::io::Error::other("13 is not indexed")),
                    Some(Bad::Panics) => panic!("13 is not expected"),
                    Some(Bad::Hangs) => std::future::pending::<Done>().await,
                }
            }
        })
        .unwrap();
    let others: Vec<i64> = (0..30).filter(|id| *id != 13).collect();
    until("the others are handled", async || seen.all() == others).await;
    task.shutdown().await;
    assert_eq!(users.consumer("search").lag().await.unwrap().messages, 0);
    seen
}

enum Bad {
    Fails,
    Panics,
    Hangs,
}

async fn only_13_is_dead(world: &World, reason: &str) {
    let dead = world.entries("dead").await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    let letter = &dead[0].1;
    assert_eq!(letter["payload"], "{\"id\":13}");
    assert_eq!(letter["consumer"], "search");
    assert!(letter["reason"].contains("tried 3 times"), "{letter:?}");
    assert!(letter["reason"].contains(reason), "{letter:?}");
    let original = &world.entries("queue").await[13].0;
    assert_eq!(&letter["id"], original);
}

async fn b07_a_message_that_fails_is_put_aside(world: World) {
    survive(&world, || Bad::Fails).await;
    only_13_is_dead(&world, "13 is not indexed").await;
}

async fn b07_a_message_that_panics_is_put_aside(world: World) {
    survive(&world, || Bad::Panics).await;
    only_13_is_dead(&world, "13 is not expected").await;
}

async fn b07_a_message_that_hangs_is_put_aside(world: World) {
    survive(&world, || Bad::Hangs).await;
    only_13_is_dead(&world, "60ms").await;
}

/// A handler that fails for a while has no poison in front of it.
async fn b07_an_outage_that_ends_in_time_loses_nothing(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..20)).await.unwrap();
    let seen = Seen::default();
    let consumer = quick(users.consumer("search"));
    // Twice as a batch, of three times.
    for _ in 0..2 {
        let refused = consumer
            .run_once(|_: Batch<Change>| async { crate::world::failed() })
            .await;
        assert!(refused.unwrap_err().is_handler());
    }
    while consumer.lag().await.unwrap().messages > 0 {
        consumer
            .run_once(|batch: Batch<Change>| {
                seen.note(&batch);
                async { done() }
            })
            .await
            .unwrap();
    }
    assert_eq!(seen.all(), (0..20).collect::<Vec<_>>());
    assert!(world.entries("dead").await.is_empty());
}

async fn what_others_have_written_is_put_aside(world: World) {
    let users = world.users().await;
    let producer = users.producer();
    producer.queue(&Change::of(1)).await.unwrap();
    world
        .add("queue", "*", &[("colour", "blue"), ("size", "7")])
        .await;
    world.add("queue", "*", &[("payload", "{\"id\":")]).await;
    producer.queue(&Change::of(2)).await.unwrap();
    world
        .add("queue", "*", &[("payload", "{\"name\":\"no id\"}")])
        .await;
    world
        .add("queue", "*", &[("payload", "{\"id\":1}"), ("more", "1")])
        .await;
    world.add("queue", "*", &[("payload", "{\"id\":1.5}")]).await;
    producer.queue(&Change::of(3)).await.unwrap();
    let seen = Seen::default();
    let handled = users
        .consumer("search")
        .run_once(|batch: Batch<Change>| {
            seen.note(&batch);
            let malformed = batch.malformed().len();
            async move {
                assert_eq!(malformed, 5);
                done()
            }
        })
        .await
        .unwrap();
    assert_eq!((handled, seen.all()), (3, vec![1, 2, 3]));
    let dead = world.entries("dead").await;
    assert_eq!(dead.len(), 5, "{dead:?}");
    assert_eq!(
        (dead[0].1["colour"].as_str(), dead[0].1["size"].as_str()),
        ("blue", "7")
    );
    assert!(dead[0].1["reason"].contains("`payload`"), "{:?}", dead[0]);
    assert_eq!(dead[1].1["payload"], "{\"id\":");
    assert!(dead[1].1["reason"].contains("EOF"), "{:?}", dead[1]);
    assert!(
        dead[2].1["reason"].contains("missing field `id`"),
        "{:?}",
        dead[2]
    );
}

/// While the handler fails nothing is put aside: what cannot be read may be readable for the next version.
async fn what_cannot_be_read_waits_for_the_rest(world: World) {
    let users = world.users().await;
    world.add("queue", "*", &[("payload", "nonsense")]).await;
    users.producer().queue(&Change::of(2)).await.unwrap();
    let consumer = quick(users.consumer("search"));
    let refused = consumer
        .run_once(|_: Batch<Change>| async { crate::world::failed() })
        .await;
    assert!(refused.unwrap_err().is_handler());
    assert!(world.entries("dead").await.is_empty());
}

async fn nothing_but_nonsense_calls_nobody(world: World) {
    let users = world.users().await;
    let many: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
    let fields: Vec<(&str, &str)> = many.iter().map(|n| (n.as_str(), "x")).collect();
    world.add("queue", "*", &fields).await;
    let last = world.add("queue", "*", &[("payload", "\u{0}\u{1}")]).await;
    let consumer = users.consumer("search");
    let handled = consumer.run_once(|_: Batch<Change>| async { nobody() }).await;
    assert_eq!(handled.unwrap(), 0);
    assert_eq!(consumer.max_committed_id(0).await.unwrap(), Some(last));
    let dead = world.entries("dead").await;
    assert!(
        dead[0].1.contains_key("packed"),
        "too many fields for a script, kept as they were"
    );
    assert_eq!(dead.len(), 2);
}

on_both!(
    b07_a_message_that_fails_is_put_aside,
    b07_a_message_that_panics_is_put_aside,
    b07_a_message_that_hangs_is_put_aside,
    b07_an_outage_that_ends_in_time_loses_nothing,
    what_others_have_written_is_put_aside,
    what_cannot_be_read_waits_for_the_rest,
    nothing_but_nonsense_calls_nobody,
);

fn nobody() -> Done {
    panic!("nothing is there to be handled")
}
