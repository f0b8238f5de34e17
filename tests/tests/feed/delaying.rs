//! What was announced is told, when it is old enough.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use touchable::feed::Change;

use crate::world::{World, changes, on_both, payloads, until};

async fn b10_not_before_its_time(world: World) {
    let users = world.users().await;
    users.producer().delay_all(&changes(0..3)).await.unwrap();
    assert_eq!(users.delayer(Duration::from_mins(5)).deliver().await.unwrap(), 0);
    assert_eq!(world.entries("delay").await.len(), 3);
    assert!(world.entries("queue").await.is_empty());
}

async fn b10_when_its_time_has_come_and_only_once(world: World) {
    let users = world.users().await;
    users.producer().delay_all(&changes(0..3)).await.unwrap();
    let delay = Duration::from_millis(300);
    let begun = Instant::now();
    let delayer = users.delayer(delay);
    let mut sent = 0;
    until("they are due", async || {
        sent += delayer.deliver().await.unwrap();
        sent == 3
    })
    .await;
    // The servers count in whole milliseconds.
    assert!(
        begun.elapsed() + Duration::from_millis(10) >= delay,
        "too soon: {:?}",
        begun.elapsed()
    );
    assert_eq!(delayer.deliver().await.unwrap(), 0);
    assert_eq!(world.payloads("queue").await, payloads(0..3), "in order");
    assert!(world.entries("delay").await.is_empty());
}

/// Also what no producer of ours has written.
async fn b10_fields_are_copied_as_they_are(world: World) {
    let users = world.users().await;
    world.add("delay", "1-1", &[("payload", "  {\"id\" : 1} ")]).await;
    world
        .add("delay", "1-2", &[("b", "2"), ("a", "\u{0}\n"), ("", "")])
        .await;
    assert_eq!(users.delayer(Duration::from_secs(1)).deliver().await.unwrap(), 2);
    let queue = world.entries("queue").await;
    assert_eq!(queue[0].1["payload"], "  {\"id\" : 1} ");
    assert_eq!(queue[1].1.len(), 3);
    assert_eq!(queue[1].1["a"], "\u{0}\n");
}

async fn b10_more_than_a_slice_and_several_delayers(world: World) {
    let users = world.users().await;
    for id in 0..20 {
        world
            .add(
                "delay",
                &format!("1-{}", id + 1),
                &[("payload", &format!("{{\"id\":{id}}}"))],
            )
            .await;
    }
    users.producer().delay_all(&changes(20..2_000)).await.unwrap();
    let delayer = users.delayer(Duration::from_millis(1));
    until("all are due", async || {
        let all = join_all((0..4).map(|_| delayer.deliver())).await;
        all.into_iter().map(Result::unwrap).sum::<usize>() == 0 && world.entries("delay").await.is_empty()
    })
    .await;
    assert_eq!(
        world.payloads("queue").await,
        payloads(0..2_000),
        "in order, and nothing twice"
    );
}

async fn b10_in_the_background(world: World) {
    let users = world.users().await;
    let delay = Duration::from_millis(200);
    let task = users.delayer(delay).run().unwrap();
    for id in 0..3 {
        let sent = Instant::now();
        users.producer().delay(&Change::of(id)).await.unwrap();
        until("it is told", async || {
            world.payloads("queue").await == payloads(0..=id)
        })
        .await;
        assert!(sent.elapsed() + Duration::from_millis(10) >= delay);
    }
    task.shutdown().await;
}

/// It cannot be put into a stream by a script, and must not hold up what comes after it.
async fn b10_an_entry_too_large_to_be_sent_is_put_aside(world: World) {
    let users = world.users().await;
    let many: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
    let fields: Vec<(&str, &str)> = many.iter().map(|n| (n.as_str(), "x")).collect();
    world.add("delay", "1-1", &fields).await;
    world.add("delay", "1-2", &[("payload", "{\"id\":1}")]).await;
    assert_eq!(
        users.delayer(Duration::from_millis(1)).deliver().await.unwrap(),
        2
    );
    assert_eq!(world.payloads("queue").await, payloads([1]));
    assert!(world.entries("dead").await[0].1.contains_key("packed"));
}

async fn b10_a_delay_of_nothing_is_refused(world: World) {
    let users = world.users().await;
    let error = users.delayer(Duration::ZERO).run().unwrap_err().to_string();
    assert!(error.contains("`users`") && error.contains("outlast"), "{error}");
}

on_both!(
    b10_not_before_its_time,
    b10_when_its_time_has_come_and_only_once,
    b10_fields_are_copied_as_they_are,
    b10_more_than_a_slice_and_several_delayers,
    b10_in_the_background,
    b10_an_entry_too_large_to_be_sent_is_put_aside,
    b10_a_delay_of_nothing_is_refused,
);
