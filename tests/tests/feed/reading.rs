//! Readers: every node reads everything from some point on, or learns that it did not.

use std::time::Duration;

use redis::cmd;
use tokio::time::timeout;
use touchable::feed::{Change, News, Reader};

use crate::world::{World, changes, ids, on_both};

/// The next so many messages; `None` in the place of a gap.
async fn read(reader: &mut Reader<Change>, count: usize) -> Vec<Option<i64>> {
    let mut all = Vec::new();
    while all.len() < count {
        let news = timeout(Duration::from_secs(10), reader.next())
            .await
            .unwrap_or_else(|_| panic!("only {all:?} came"));
        match news.expect("a reader that goes on") {
            News::Batch(batch) => all.extend(ids(&batch).into_iter().map(Some)),
            News::Lagged { .. } => all.push(None),
        }
    }
    all
}

fn some(ids: impl IntoIterator<Item = i64>) -> Vec<Option<i64>> {
    ids.into_iter().map(Some).collect()
}

async fn b14_every_reader_reads_everything_from_now_on(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..10)).await.unwrap();
    let mut readers = Vec::new();
    for _ in 0..3 {
        readers.push(users.reader().batch_size(7).start::<Change>().await.unwrap());
    }
    users.producer().queue_all(&changes(10..40)).await.unwrap();
    for reader in &mut readers {
        assert_eq!(read(reader, 30).await, some(10..40));
    }
    users.producer().queue(&Change::of(40)).await.unwrap();
    for reader in &mut readers {
        assert_eq!(read(reader, 1).await, some([40]), "out of its waiting");
    }
    assert!(readers[0].silent_for() < Duration::from_secs(5));
}

async fn b14_from_the_beginning(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..10)).await.unwrap();
    let mut reader = users.reader().from_beginning().start::<Change>().await.unwrap();
    assert_eq!(read(&mut reader, 10).await, some(0..10));
}

async fn b14_before_the_first_message(world: World) {
    let users = world.users().await;
    let mut reader = users.reader().start::<Change>().await.unwrap();
    users.producer().queue(&Change::of(1)).await.unwrap();
    assert_eq!(read(&mut reader, 1).await, some([1]));
}

async fn b13_a_reader_whose_position_is_trimmed_learns_it(world: World) {
    let users = world.users().await;
    // As many as wait for a slow reader, each alone, and more that then are gone before they are read.
    let mut reader = users.reader().batch_size(1).start::<Change>().await.unwrap();
    users.producer().queue_all(&changes(0..50)).await.unwrap();
    let first = read(&mut reader, 1).await;
    assert_eq!(first, some([0]));
    let last = world.entries("queue").await[44].0.parse().unwrap();
    users.consumer("search").commit(0, last).await.unwrap();
    assert_eq!(users.trimmer(["search"]).trim().await.unwrap(), 45);
    let mut all = Vec::new();
    while all.last() != Some(&Some(49)) {
        all.extend(read(&mut reader, 1).await);
    }
    let gaps: Vec<usize> = (0..all.len()).filter(|at| all[*at].is_none()).collect();
    let [gap] = gaps[..] else {
        panic!("one gap: {all:?}")
    };
    let before = some(1..50);
    assert_eq!(all[..gap], before[..gap], "in order up to the gap");
    assert_eq!(all[gap + 1..], some(45..50), "complete after it");
}

/// What others read and had trimmed before this reader began is no gap.
async fn b13_what_was_trimmed_before_is_no_gap(world: World) {
    let users = world.users().await;
    let ids = users.producer().queue_all(&changes(0..10)).await.unwrap();
    users.consumer("search").commit(0, ids[4]).await.unwrap();
    users.trimmer(["search"]).trim().await.unwrap();
    let mut reader = users.reader().start::<Change>().await.unwrap();
    let mut all = users.reader().from_beginning().start::<Change>().await.unwrap();
    users.producer().queue(&Change::of(10)).await.unwrap();
    assert_eq!(read(&mut reader, 1).await, some([10]));
    assert_eq!(read(&mut all, 6).await, some(5..11));
}

async fn b13_lost_data_is_a_gap(world: World) {
    let users = world.users().await;
    let mut reader = users.reader().start::<Change>().await.unwrap();
    users.producer().queue(&Change::of(1)).await.unwrap();
    assert_eq!(read(&mut reader, 1).await, some([1]));
    let mut flush = cmd("DEL");
    flush.arg(
        ["queue", "born", "trimmed"]
            .map(|kind| world.key(kind))
            .as_slice(),
    );
    let () = world.ask(&flush).await;
    assert_eq!(read(&mut reader, 1).await, [None]);
    users.producer().queue(&Change::of(2)).await.unwrap();
    assert_eq!(read(&mut reader, 1).await, some([2]));
}

async fn what_cannot_be_read_is_named(world: World) {
    let users = world.users().await;
    let mut reader = users.reader().start::<Change>().await.unwrap();
    let bad = world.add("queue", "*", &[("payload", "nonsense")]).await;
    let news = timeout(Duration::from_secs(10), reader.next())
        .await
        .unwrap()
        .unwrap();
    let News::Batch(batch) = news else {
        panic!("{news:?}")
    };
    assert!(batch.is_empty());
    assert_eq!(batch.malformed()[0].id, bad);
}

on_both!(
    b13_a_reader_whose_position_is_trimmed_learns_it,
    b13_lost_data_is_a_gap,
    b13_what_was_trimmed_before_is_no_gap,
    b14_before_the_first_message,
    b14_every_reader_reads_everything_from_now_on,
    b14_from_the_beginning,
    what_cannot_be_read_is_named,
);
