//! A consumer that was replaced without noticing does no harm.

use std::{sync::Arc, time::Duration};

use redis::cmd;
use tokio::sync::Notify;
use touchable::feed::{Batch, Change};

use crate::world::{Seen, World, changes, done, on_both, until};

/// Somebody else has the lease while the handler of its former holder runs.
async fn b09_who_was_replaced_moves_nothing(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..10)).await.unwrap();
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, waits) = (Arc::clone(&begun), Arc::clone(&go));
    let stalled = {
        let users = users.clone();
        tokio::spawn(async move {
            let consumer = users
                .consumer("search")
                .batch_size(3)
                .lease_time(Duration::from_hours(1));
            consumer
                .run_once(|batch: Batch<Change>| {
                    let (told, waits, token) = (Arc::clone(&told), Arc::clone(&waits), batch.token());
                    async move {
                        assert_eq!(token, 1);
                        told.notify_one();
                        waits.notified().await;
                        done()
                    }
                })
                .await
        })
    };
    begun.notified().await;
    // Its lease is over, which it does not know yet.
    let () = world.ask(cmd("DEL").arg(world.key("lease:search"))).await;
    let seen = Seen::default();
    let handled = users
        .consumer("search")
        .run_once(|batch: Batch<Change>| {
            seen.note(&batch);
            let token = batch.token();
            async move {
                assert_eq!(token, 2, "the successor's token is higher");
                done()
            }
        })
        .await
        .unwrap();
    assert_eq!(handled, 10);
    let committed = world.get("offset:search").await;
    go.notify_one();
    let error = stalled.await.unwrap().unwrap_err();
    assert!(error.is_lease_lost(), "{error}");
    assert_eq!(world.get("offset:search").await, committed, "it was moved back");
}

/// The lease ended and nobody took it: what was handled is handled.
async fn b09_a_commit_counts_as_long_as_nobody_else_came(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..3)).await.unwrap();
    let handled = users
        .consumer("search")
        .run_once(|_: Batch<Change>| async {
            let () = world.ask(cmd("DEL").arg(world.key("lease:search"))).await;
            done()
        })
        .await;
    assert!(handled.unwrap_err().is_lease_lost(), "the release says so");
    assert_eq!(users.consumer("search").lag().await.unwrap().messages, 0);
}

/// A handler is dropped when its lease is lost, not when it would have ended.
async fn b09_a_lost_lease_ends_the_handler(world: World) {
    let users = world.users().await;
    users.producer().queue(&Change::of(1)).await.unwrap();
    let (begun, seen) = (Arc::new(Notify::new()), Seen::default());
    let (told, noting) = (Arc::clone(&begun), seen.clone());
    let task = users
        .consumer("search")
        .lease_time(Duration::from_millis(300))
        .run(move |batch: Batch<Change>| {
            let (told, noting) = (Arc::clone(&told), noting.clone());
            async move {
                if noting.all().is_empty() {
                    noting.note(&batch);
                    told.notify_one();
                    std::future::pending::<()>().await;
                }
                noting.note(&batch);
                done()
            }
        })
        .unwrap();
    begun.notified().await;
    let () = world.ask(cmd("DEL").arg(world.key("lease:search"))).await;
    until("it begins again", async || seen.all() == [1, 1]).await;
    task.shutdown().await;
}

/// A handler that never comes to an await keeps its lease for the time that it is given, and no longer.
async fn b09_a_handler_that_blocks_its_thread_loses_the_lease(world: World) {
    let users = world.users().await;
    users.producer().queue(&Change::of(1)).await.unwrap();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let (begun, told) = tokio::sync::oneshot::channel();
    let mut begun = Some(begun);
    let begun = move || begun.take();
    let begun = std::sync::Mutex::new(begun);
    let hanging = users
        .consumer("search")
        .handler_timeout(Duration::from_millis(200))
        .lease_time(Duration::from_millis(200))
        .run(move |_: Batch<Change>| {
            if let Some(begun) = (begun.lock().unwrap())() {
                begun.send(()).unwrap();
                let _ = blocked.lock().unwrap().recv();
            }
            async { done() }
        })
        .unwrap();
    told.await.unwrap();
    let seen = Seen::default();
    until("another gets the lease", async || {
        users
            .consumer("search")
            .run_once(|batch: Batch<Change>| {
                seen.note(&batch);
                async { done() }
            })
            .await
            .unwrap()
            == 1
    })
    .await;
    release.send(()).unwrap();
    hanging.shutdown().await;
    assert_eq!(seen.all(), [1]);
}

on_both!(
    b09_who_was_replaced_moves_nothing,
    b09_a_commit_counts_as_long_as_nobody_else_came,
    b09_a_lost_lease_ends_the_handler,
    b09_a_handler_that_blocks_its_thread_loses_the_lease,
);
