//! What consumers hand out, and when they are done with it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::time::Instant;
use touchable::feed::{Batch, Change};

use crate::world::{Seen, World, changes, done, failed, on_both, until};

async fn b06_from_the_beginning_in_order_and_in_batches(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..25)).await.unwrap();
    let (seen, consumer) = (Seen::default(), users.consumer("search").batch_size(10));
    for expected in [10, 10, 5, 0, 0] {
        let handled = consumer
            .run_once(|batch: Batch<Change>| {
                seen.note(&batch);
                async { done() }
            })
            .await
            .unwrap();
        assert_eq!(handled, expected);
    }
    assert_eq!(
        seen.batches().iter().map(Vec::len).collect::<Vec<_>>(),
        [10, 10, 5],
        "an empty stream calls nobody"
    );
    assert_eq!(seen.all(), (0..25).collect::<Vec<_>>());
}

async fn b06_an_empty_stream_calls_nobody(world: World) {
    let users = world.users().await;
    let handled = users
        .consumer("search")
        .run_once(|_: Batch<Change>| async { nobody() })
        .await;
    assert_eq!(handled.unwrap(), 0);
}

async fn b06_ids_are_numbers(world: World) {
    for seq in [8, 9, 10, 11, 99, 100, 101] {
        world
            .add(
                "queue",
                &format!("7-{seq}"),
                &[("payload", &format!("{{\"id\":{seq}}}"))],
            )
            .await;
    }
    let users = world.users().await;
    let (seen, consumer) = (Seen::default(), users.consumer("search").batch_size(2));
    for _ in 0..4 {
        consumer
            .run_once(|batch: Batch<Change>| {
                seen.note(&batch);
                async { done() }
            })
            .await
            .unwrap();
    }
    assert_eq!(seen.all(), [8, 9, 10, 11, 99, 100, 101]);
    assert_eq!(
        consumer.max_committed_id(0).await.unwrap().unwrap().to_string(),
        "7-101"
    );
}

async fn b07_the_offset_moves_after_the_handler(world: World) {
    let users = world.users().await;
    let first = users.producer().queue(&Change::of(1)).await.unwrap();
    let consumer = users.consumer("search");
    assert_eq!(consumer.max_committed_id(0).await.unwrap(), None);
    let observer = consumer.clone();
    consumer
        .run_once(|_: Batch<Change>| {
            let observer = observer.clone();
            async move {
                assert_eq!(observer.max_committed_id(0).await.unwrap(), None);
                done()
            }
        })
        .await
        .unwrap();
    assert_eq!(consumer.max_committed_id(0).await.unwrap(), Some(first));
}

async fn b07_a_failing_handler_sees_the_batch_again_after_growing_pauses(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..3)).await.unwrap();
    let (seen, times) = (Seen::default(), Arc::new(AtomicUsize::new(0)));
    let consumer = users
        .consumer("search")
        .pauses(Duration::from_millis(80), Duration::from_millis(320));
    let mut pauses = Vec::new();
    for turn in 0..5 {
        let begun = Instant::now();
        let outcome = consumer
            .run_once(|batch: Batch<Change>| {
                seen.note(&batch);
                times.fetch_add(1, SeqCst);
                async move { if turn < 4 { failed() } else { done() } }
            })
            .await;
        pauses.push(begun.elapsed());
        if turn < 4 {
            let error = outcome.unwrap_err();
            assert!(error.is_handler(), "{error}");
            assert!(error.to_string().contains("the index is closed"), "{error}");
        } else {
            assert_eq!(outcome.unwrap(), 3);
        }
    }
    assert_eq!(seen.batches(), vec![vec![0, 1, 2]; 5]);
    // Half of each pause is random: 40 to 80, 80 to 160, 160 to 320, and 160 to 320 ms again.
    for (pause, least) in pauses[1..].iter().zip([40, 80, 160, 160]) {
        assert!(*pause >= Duration::from_millis(least), "{pauses:?}");
    }
}

async fn b07_the_background_tries_again(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..3)).await.unwrap();
    let (seen, tries) = (Seen::default(), Arc::new(AtomicUsize::new(0)));
    let (noting, counting) = (seen.clone(), Arc::clone(&tries));
    let task = users
        .consumer("search")
        .pauses(Duration::from_millis(1), Duration::from_millis(5))
        .run(move |batch: Batch<Change>| {
            let good = counting.fetch_add(1, SeqCst) >= 2;
            if good {
                noting.note(&batch);
            }
            async move { if good { done() } else { failed() } }
        })
        .unwrap();
    until("it is tried again", async || seen.all() == [0, 1, 2]).await;
    users.producer().queue_all(&changes(3..6)).await.unwrap();
    until("it goes on", async || seen.all() == [0, 1, 2, 3, 4, 5]).await;
    task.shutdown().await;
}

async fn b08_names_each_read_everything(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..5)).await.unwrap();
    for name in ["search", "mail", "se:arch", "se{arch}"] {
        let seen = Seen::default();
        users
            .consumer(name)
            .run_once(|batch: Batch<Change>| {
                seen.note(&batch);
                async { done() }
            })
            .await
            .unwrap();
        assert_eq!(seen.all(), [0, 1, 2, 3, 4], "{name}");
    }
}

/// More batches than one, so that reading runs ahead of handling.
async fn b06_the_background_keeps_the_order(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..2_000)).await.unwrap();
    let seen = Seen::default();
    let noting = seen.clone();
    let task = users
        .consumer("search")
        .batch_size(100)
        .run(move |batch: Batch<Change>| {
            noting.note(&batch);
            async { done() }
        })
        .unwrap();
    until("all is handled", async || seen.all().len() >= 2_000).await;
    for slice in 0..20 {
        users
            .producer()
            .queue_all(&changes(2_000 + slice * 10..2_010 + slice * 10))
            .await
            .unwrap();
    }
    until("the rest is handled", async || seen.all().len() >= 2_200).await;
    task.shutdown().await;
    assert_eq!(seen.all(), (0..2_200).collect::<Vec<_>>());
    assert_eq!(users.consumer("search").lag().await.unwrap().messages, 0);
}

async fn b08_shutdown_lets_the_handler_finish(world: World) {
    let users = world.users().await;
    let last = users.producer().queue(&Change::of(1)).await.unwrap();
    let (begun, go) = (
        Arc::new(tokio::sync::Notify::new()),
        Arc::new(tokio::sync::Notify::new()),
    );
    let (told, waits) = (Arc::clone(&begun), Arc::clone(&go));
    let task = users
        .consumer("search")
        .run(move |_: Batch<Change>| {
            let (told, waits) = (Arc::clone(&told), Arc::clone(&waits));
            async move {
                told.notify_one();
                waits.notified().await;
                done()
            }
        })
        .unwrap();
    begun.notified().await;
    let ending = tokio::spawn(task.shutdown());
    tokio::task::yield_now().await;
    assert!(!ending.is_finished());
    go.notify_one();
    ending.await.unwrap();
    assert_eq!(
        users.consumer("search").max_committed_id(0).await.unwrap(),
        Some(last)
    );
}

async fn b15_lag_is_counted(world: World) {
    let users = world.users().await;
    let consumer = users.consumer("search").batch_size(500);
    assert_eq!(consumer.lag().await.unwrap().messages, 0);
    users.producer().queue_all(&changes(0..2_500)).await.unwrap();
    let lag = consumer.lag().await.unwrap();
    assert_eq!(lag.messages, 2_500);
    assert!(lag.age < Duration::from_mins(1), "{lag:?}");
    consumer
        .run_once(|_: Batch<Change>| async { done() })
        .await
        .unwrap();
    assert_eq!(consumer.lag().await.unwrap().messages, 2_000);
}

on_both!(
    b06_from_the_beginning_in_order_and_in_batches,
    b06_an_empty_stream_calls_nobody,
    b06_ids_are_numbers,
    b06_the_background_keeps_the_order,
    b07_the_offset_moves_after_the_handler,
    b07_a_failing_handler_sees_the_batch_again_after_growing_pauses,
    b07_the_background_tries_again,
    b08_names_each_read_everything,
    b08_shutdown_lets_the_handler_finish,
    b15_lag_is_counted,
);

fn nobody() -> crate::world::Done {
    panic!("nothing is there")
}
