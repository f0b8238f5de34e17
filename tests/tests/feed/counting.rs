//! What the feed counts: every message, retry, dead letter and takeover once.

use std::{sync::Arc, time::Duration};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tokio::sync::Semaphore;
use touchable::feed::{
    Batch, Change, News, Stream,
    observe::{DEAD_LETTERS, DELIVERED, HANDLED, LAG_MESSAGES, LAGGED, RETRIES, SENT, TAKEOVERS, TRIMMED},
};
use touchable_tests::redis_url;

use crate::world::{Seen, World, changes, done, failed, until};

/// What was counted since the last look: the metric, and the values of its labels but for the stream, before each figure.
fn counted(snapshotter: &Snapshotter) -> Vec<(String, u64)> {
    let mut counted: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter_map(|(key, _, _, value)| {
            let key = key.key();
            let labels: Vec<&str> = key
                .labels()
                .filter(|label| label.key() != "stream")
                .map(metrics::Label::value)
                .collect();
            let DebugValue::Counter(figure) = value else {
                return None;
            };
            (figure > 0).then(|| ([&[key.name()], labels.as_slice()].concat().join(" "), figure))
        })
        .collect();
    counted.sort();
    counted
}

fn of(name: &str, labels: &str, figure: u64) -> (String, u64) {
    (format!("{name} {labels}").trim_end().to_owned(), figure)
}

async fn handle(users: &Stream) -> usize {
    let consumer = users.consumer("search");
    consumer
        .run_once(|_: Batch<Change>| async { done() })
        .await
        .unwrap()
}

#[tokio::test]
async fn b15_messages_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _local = metrics::set_default_local_recorder(&recorder);
    let world = World::on(redis_url()).await;
    let users = world.users().await;

    users.producer().delay_all(&changes(0..3)).await.unwrap();
    users.producer().queue_all(&changes(0..10)).await.unwrap();
    users.producer().queue(&Change::of(10)).await.unwrap();
    assert_eq!(
        counted(&snapshotter),
        [of(SENT, "delay", 3), of(SENT, "queue", 11)]
    );

    let mut sent = 0;
    let delayer = users.delayer(Duration::from_millis(1));
    until("they are due", async || {
        sent += delayer.deliver().await.unwrap();
        sent == 3
    })
    .await;
    assert_eq!(counted(&snapshotter), [of(DELIVERED, "", 3)]);

    let failing = users
        .consumer("search")
        .run_once(|_: Batch<Change>| async { failed() })
        .await;
    assert!(failing.is_err());
    assert_eq!(counted(&snapshotter), [of(RETRIES, "search", 1)]);
    world.add("queue", "*", &[("payload", "nonsense")]).await;
    let mut handled = 0;
    until("they are handled", async || {
        handled += handle(&users).await;
        handled == 14
    })
    .await;
    assert_eq!(
        counted(&snapshotter),
        [of(DEAD_LETTERS, "search", 1), of(HANDLED, "search", 14)]
    );

    assert_eq!(users.trimmer(["search"]).trim().await.unwrap(), 15);
    assert_eq!(counted(&snapshotter), [of(TRIMMED, "", 15)]);
}

#[tokio::test]
async fn b15_gaps_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _local = metrics::set_default_local_recorder(&recorder);
    let world = World::on(redis_url()).await;
    let users = world.users().await;
    let mut reader = users.reader().start::<Change>().await.unwrap();
    let mut lose = redis::cmd("DEL");
    lose.arg(world.key("queue")).arg(world.key("born"));
    let () = world.ask(&lose).await;
    assert!(matches!(reader.next().await, Some(News::Lagged { .. })));
    assert_eq!(counted(&snapshotter), [of(LAGGED, "", 1)]);
}

#[tokio::test]
async fn b15_takeovers_and_lags_are_shown() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _local = metrics::set_default_local_recorder(&recorder);
    let world = World::on(redis_url()).await;
    let users = world.users().await;
    let seen = Seen::default();
    let start = || {
        let noting = seen.clone();
        let consumer = users.consumer("search").lease_time(Duration::from_mins(1));
        consumer
            .run(move |batch: Batch<Change>| {
                noting.note(&batch);
                async { done() }
            })
            .unwrap()
    };
    let first = start();
    until("the first does not work", async || {
        world.get("lease:search").await.is_some()
    })
    .await;
    let second = start();
    // All the while the second asks for the lease.
    for id in 0..50 {
        users.producer().queue(&Change::of(id)).await.unwrap();
        until("the first does not work", async || seen.all().last() == Some(&id)).await;
    }
    first.shutdown().await;
    users.producer().queue(&Change::of(50)).await.unwrap();
    until("the second does not work", async || {
        seen.all().last() == Some(&50)
    })
    .await;
    second.shutdown().await;
    let snapshot = snapshotter.snapshot().into_vec();
    let figure = |name: &str| {
        let found = snapshot.iter().find(|(key, ..)| key.key().name() == name);
        found
            .map(|(_, _, _, value)| format!("{value:?}"))
            .unwrap_or_default()
    };
    assert_eq!(figure(TAKEOVERS), "Counter(1)");
    assert_eq!(figure(LAG_MESSAGES), "Gauge(0.0)");
}

/// What a gauge shows now, which it forgets.
fn shown(snapshotter: &Snapshotter, name: &str) -> Option<f64> {
    let snapshot = snapshotter.snapshot().into_vec();
    let found = snapshot.into_iter().find(|(key, ..)| key.key().name() == name);
    match found?.3 {
        DebugValue::Gauge(value) => Some(value.into_inner()),
        _ => None,
    }
}

#[tokio::test]
async fn b15_a_backlog_is_shown_while_it_lasts() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _local = metrics::set_default_local_recorder(&recorder);
    let world = World::on(redis_url()).await;
    let users = world.users().await;
    users.producer().queue_all(&changes(0..2_000)).await.unwrap();
    let (seen, allowed) = (Seen::default(), Arc::new(Semaphore::new(0)));
    let (noting, asking) = (seen.clone(), Arc::clone(&allowed));
    let task = users
        .consumer("search")
        .batch_size(1)
        .run(move |batch: Batch<Change>| {
            let (noting, asking) = (noting.clone(), Arc::clone(&asking));
            async move {
                asking.acquire().await.unwrap().forget();
                noting.note(&batch);
                done()
            }
        })
        .unwrap();
    let mut lag = 0.0;
    until("no backlog is shown", async || {
        allowed.add_permits(1);
        lag = shown(&snapshotter, LAG_MESSAGES).unwrap_or_default();
        lag > 0.0
    })
    .await;
    let left = f64::from(i32::try_from(2_000 - seen.all().len()).unwrap());
    assert!((left..2_000.0).contains(&lag), "{lag} of {left}");
    allowed.add_permits(2_000);
    until("it does not go on", async || seen.all().len() == 2_000).await;
    task.shutdown().await;
}

#[tokio::test]
async fn b15_a_backlog_is_shown_while_its_handler_fails() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _local = metrics::set_default_local_recorder(&recorder);
    let world = World::on(redis_url()).await;
    let users = world.users().await;
    users.producer().queue_all(&changes(0..30)).await.unwrap();
    let task = users
        .consumer("search")
        .pauses(Duration::from_secs(30), Duration::from_secs(30))
        .run(|_: Batch<Change>| async { failed() })
        .unwrap();
    until("no backlog is shown", async || {
        shown(&snapshotter, LAG_MESSAGES) == Some(30.0)
    })
    .await;
    task.shutdown().await;
}
