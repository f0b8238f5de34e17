//! One consumer of a name is at work; the others take over.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, timeout},
};
use touchable::{
    Task,
    feed::{Batch, Change, Stream},
};

use crate::world::{Seen, World, changes, done, failed, ids, on_both, until};

/// A consumer that tells what it has handled, and when.
fn telling(
    users: &Stream,
    who: &'static str,
    tell: &mpsc::UnboundedSender<(&'static str, i64, Instant)>,
) -> Task {
    let tell = tell.clone();
    users
        .consumer("search")
        .lease_time(Duration::from_mins(1))
        .run(move |batch: Batch<Change>| {
            for id in ids(&batch) {
                tell.send((who, id, Instant::now())).unwrap();
            }
            async { done() }
        })
        .unwrap()
}

async fn b08_one_at_a_time_is_at_work(world: World) {
    let users = world.users().await;
    let (inside, seen) = (Arc::new(AtomicUsize::new(0)), Seen::default());
    let tasks: Vec<Task> = (0..4)
        .map(|_| {
            let (inside, seen) = (Arc::clone(&inside), seen.clone());
            users
                .consumer("search")
                .batch_size(10)
                .run(move |batch: Batch<Change>| {
                    let (inside, seen) = (Arc::clone(&inside), seen.clone());
                    async move {
                        assert_eq!(inside.fetch_add(1, SeqCst), 0, "two at work");
                        tokio::task::yield_now().await;
                        seen.note(&batch);
                        inside.fetch_sub(1, SeqCst);
                        done()
                    }
                })
                .unwrap()
        })
        .collect();
    for slice in 0..10 {
        users
            .producer()
            .queue_all(&changes(slice * 20..(slice + 1) * 20))
            .await
            .unwrap();
    }
    until("all is handled", async || seen.all().len() >= 200).await;
    for task in tasks {
        task.shutdown().await;
    }
    assert_eq!(
        seen.all(),
        (0..200).collect::<Vec<_>>(),
        "in order, and nothing twice"
    );
}

/// The median of several, and once more on a machine that did other things meanwhile.
async fn take_over(world: World, end: impl AsyncFn(Task)) {
    let users = world.users().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut at_work = telling(&users, "first", &tell);
    let mut all = Vec::new();
    for round in 0..10 {
        let mut waits = Vec::new();
        for turn in 0..5 {
            let id = (round * 5 + turn) * 2;
            users.producer().queue(&Change::of(id)).await.unwrap();
            told.recv().await.unwrap();
            let standby = telling(&users, "standby", &tell);
            // Into its waiting.
            tokio::time::sleep(Duration::from_millis(80)).await;
            end(at_work).await;
            let released = Instant::now();
            users.producer().queue(&Change::of(id + 1)).await.unwrap();
            let (who, handled, at) = timeout(Duration::from_secs(10), told.recv())
                .await
                .unwrap()
                .unwrap();
            assert_eq!((who, handled), ("standby", id + 1));
            waits.push(at - released);
            at_work = standby;
        }
        waits.sort();
        eprintln!("handled by the stand-by after {waits:?}");
        if waits[2] <= Duration::from_millis(100) {
            return;
        }
        all.push(waits);
    }
    panic!("{all:?}");
}

async fn b08_after_a_shutdown_the_next_works_within_a_tenth_of_a_second(world: World) {
    take_over(world, Task::shutdown).await;
}

async fn b08_after_a_drop_the_next_works_within_a_tenth_of_a_second(world: World) {
    take_over(world, async |task| drop(task)).await;
}

async fn b08_after_a_failure_another_takes_over(world: World) {
    let users = world.users().await;
    users.producer().queue(&Change::of(1)).await.unwrap();
    let tried = Arc::new(Notify::new());
    let telling = Arc::clone(&tried);
    let bad = users
        .consumer("search")
        .lease_time(Duration::from_mins(1))
        .pauses(Duration::from_millis(1), Duration::from_millis(1))
        .max_attempts(u32::MAX)
        .run(move |_: Batch<Change>| {
            telling.notify_one();
            async { failed() }
        })
        .unwrap();
    tried.notified().await;
    let seen = Seen::default();
    let noting = seen.clone();
    let good = users
        .consumer("search")
        .run(move |batch: Batch<Change>| {
            noting.note(&batch);
            async { done() }
        })
        .unwrap();
    until("the good one gets its turn", async || seen.all() == [1]).await;
    bad.shutdown().await;
    good.shutdown().await;
}

async fn b08_run_once_releases_whatever_happens(world: World) {
    let users = world.users().await;
    let long = || users.consumer("search").lease_time(Duration::from_mins(1));
    // An empty read, a failure, and a success: after each of them the next has the lease at once.
    assert_eq!(
        long()
            .run_once(|_: Batch<Change>| async { done() })
            .await
            .unwrap(),
        0
    );
    users.producer().queue(&Change::of(1)).await.unwrap();
    let refused = long().run_once(|_: Batch<Change>| async { failed() }).await;
    assert!(refused.unwrap_err().is_handler());
    assert_eq!(
        long()
            .run_once(|_: Batch<Change>| async { done() })
            .await
            .unwrap(),
        1
    );
    users.producer().queue(&Change::of(2)).await.unwrap();
    assert_eq!(
        long()
            .run_once(|_: Batch<Change>| async { done() })
            .await
            .unwrap(),
        1
    );
}

async fn b08_run_once_stands_by(world: World) {
    let users = world.users().await;
    users.producer().queue(&Change::of(1)).await.unwrap();
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
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
    let handled = users
        .consumer("search")
        .run_once(|_: Batch<Change>| async { done() })
        .await;
    assert_eq!(handled.unwrap(), 0, "another is at work");
    go.notify_one();
    task.shutdown().await;
}

on_both!(
    b08_one_at_a_time_is_at_work,
    b08_after_a_shutdown_the_next_works_within_a_tenth_of_a_second,
    b08_after_a_drop_the_next_works_within_a_tenth_of_a_second,
    b08_after_a_failure_another_takes_over,
    b08_run_once_releases_whatever_happens,
    b08_run_once_stands_by,
);
