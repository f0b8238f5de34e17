//! What producers write, and when.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use touchable::{
    Error,
    feed::{Batch, Change, Record, StreamId},
};

use crate::world::{World, changes, done, on_both, payloads};

async fn b01_delay_and_queue_write_the_id(world: World) {
    let users = world.users().await;
    let producer = users.producer();
    let delayed = producer.delay(&Change::of(5)).await.unwrap();
    assert_eq!(world.payloads("delay").await, payloads([5]));
    assert!(world.entries("queue").await.is_empty());
    let queued = producer.queue(&Change::of(5)).await.unwrap();
    assert_eq!(world.payloads("queue").await, payloads([5]));
    assert_eq!(
        world.entries("delay").await[0].0,
        delayed.to_string(),
        "the id is returned"
    );
    assert_eq!(
        world.entries("queue").await[0].0,
        queued.to_string(),
        "the id is returned"
    );
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Renamed {
    user: u32,
    name: String,
}

impl Record for Renamed {
    fn key(&self) -> Cow<'_, str> {
        self.user.to_string().into()
    }
}

async fn b01_a_payload_of_the_applications_own(world: World) {
    let users = world.users().await;
    let renamed = Renamed {
        user: 5,
        name: "Æ \"quoted\" \u{0} \n".to_owned(),
    };
    users.producer().queue(&renamed).await.unwrap();
    let handled = users
        .consumer("search")
        .run_once(|batch: Batch<Renamed>| {
            let same = batch[0].record == renamed;
            async move {
                assert!(same);
                done()
            }
        })
        .await
        .unwrap();
    assert_eq!(handled, 1);
}

async fn b04_bulk_announces_works_and_tells(world: World) {
    let users = world.users().await;
    // More than three slices.
    let records = changes(0..1_000);
    let answer = users
        .producer()
        .bulk(&records, async || {
            assert_eq!(
                world.payloads("delay").await,
                payloads(0..1_000),
                "announced before"
            );
            assert!(
                world.entries("queue").await.is_empty(),
                "told before the work is done"
            );
            Ok::<_, Error>("committed")
        })
        .await
        .unwrap();
    assert_eq!(answer, "committed");
    assert_eq!(world.payloads("queue").await, payloads(0..1_000));
    assert_eq!(world.payloads("delay").await, payloads(0..1_000));
}

async fn b04_work_that_fails_is_announced_only(world: World) {
    let users = world.users().await;
    let failed = users
        .producer()
        .bulk(&changes([1, 2]), async || {
            Err::<(), Error>(sea_orm::DbErr::Custom("rolled back".to_owned()).into())
        })
        .await;
    assert_eq!(failed.unwrap_err().to_string(), "Custom Error: rolled back");
    assert_eq!(world.payloads("delay").await, payloads([1, 2]));
    assert!(world.entries("queue").await.is_empty());
}

async fn b04_nothing_to_announce(world: World) {
    let users = world.users().await;
    users
        .producer()
        .bulk::<Change, _, Error>(&[], async || Ok(()))
        .await
        .unwrap();
    assert!(world.entries("delay").await.is_empty());
}

async fn b04_ids_come_back_in_order(world: World) {
    let users = world.feed.stream("users").shards(3).open().await.unwrap();
    let ids = users.producer().queue_all(&changes(0..600)).await.unwrap();
    assert_eq!(ids.len(), 600);
    assert!(!ids.contains(&StreamId::START), "{ids:?}");
}

/// These servers have no replicas.
async fn b05_too_few_replicas_are_an_error_in_time(world: World) {
    let users = world.users().await;
    let producer = users.producer().wait(1, Duration::from_millis(200));
    let begun = Instant::now();
    let error = producer.delay(&Change::of(1)).await.unwrap_err();
    assert!(error.is_not_replicated(), "{error}");
    assert!(
        error.to_string().contains("0 of 1 replicas within 200ms"),
        "{error}"
    );
    let error = producer.delay_all(&changes(2..5)).await.unwrap_err();
    assert!(error.is_not_replicated(), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(
        world.payloads("delay").await,
        payloads(1..5),
        "they are there all the same"
    );
    producer
        .queue(&Change::of(1))
        .await
        .expect("a queue message waits for nobody");
}

async fn b05_bulk_does_not_work_without_its_replicas(world: World) {
    let users = world.users().await;
    let producer = users.producer().wait(2, Duration::from_millis(50));
    let refused = producer
        .bulk(&changes([1]), async || -> Result<(), Error> {
            panic!("it must not commit")
        })
        .await;
    assert!(refused.unwrap_err().is_not_replicated());
}

on_both!(
    b01_delay_and_queue_write_the_id,
    b01_a_payload_of_the_applications_own,
    b04_bulk_announces_works_and_tells,
    b04_work_that_fails_is_announced_only,
    b04_nothing_to_announce,
    b04_ids_come_back_in_order,
    b05_too_few_replicas_are_an_error_in_time,
    b05_bulk_does_not_work_without_its_replicas,
);
