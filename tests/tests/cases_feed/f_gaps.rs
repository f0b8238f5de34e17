//! F: whoever misses messages learns it.

use redis::cmd;
use tokio::time::timeout;
use touchable::feed::{Change, News, Reader};

use crate::world::{PATIENCE, Seen, World, changes, here, ids};

const SILENCE: &str = "nobody is told of the gap";

/// Handles one message after the other, until there are none.
async fn consume(world: &World, name: &str) -> Seen {
    let (seen, consumer) = (Seen::default(), world.users().await.consumer(name).batch_size(1));
    // One more than there are, since foreign entries count for nothing.
    for _ in 0..10 {
        consumer.run_once(seen.handler()).await.unwrap();
    }
    seen
}

async fn f_a_consumer_whose_stream_was_deleted() {
    let world = World::shared().await;
    let users = world.users().await;
    users.producer().queue_all(&changes(1..4)).await.unwrap();
    let (seen, consumer) = (Seen::default(), users.consumer("search").batch_size(1));
    consumer.run_once(seen.handler()).await.unwrap();
    let queue = world.key(&[":queue"]).await.unwrap();
    let () = world.ask(cmd("DEL").arg(queue)).await;
    users.producer().queue(&Change::of(4)).await.unwrap();
    let later = consume(&world, "search").await;
    assert_eq!((seen.all(), later.all()), (vec![1], vec![4]));
    assert!(later.told_of_a_gap(), "{SILENCE}");
}

async fn f_a_consumer_that_was_never_listed_and_never_ran() {
    let world = World::shared().await;
    let users = world.users().await;
    users.producer().queue_all(&changes(1..4)).await.unwrap();
    users
        .consumer("search")
        .run_once(Seen::default().handler())
        .await
        .unwrap();
    assert_eq!(users.trimmer(["search"]).trim().await.unwrap(), 3);
    users.producer().queue(&Change::of(4)).await.unwrap();
    let seen = consume(&world, "mails").await;
    assert_eq!(seen.all(), [4]);
    assert!(seen.told_of_a_gap(), "{SILENCE}");
}

async fn f_a_gap_before_what_others_have_written() {
    let world = World::shared().await;
    let users = world.users().await;
    users.producer().queue_all(&changes(1..4)).await.unwrap();
    let (seen, late) = (Seen::default(), users.consumer("mails").batch_size(1));
    late.run_once(seen.handler()).await.unwrap();
    users
        .consumer("search")
        .run_once(Seen::default().handler())
        .await
        .unwrap();
    assert_eq!(users.trimmer(["search"]).trim().await.unwrap(), 3);
    let queue = world.key(&[":queue"]).await.unwrap();
    let mut foreign = cmd("XADD");
    let _: String = world
        .ask(foreign.arg(queue).arg("*").arg("what").arg("ever"))
        .await;
    users.producer().queue(&Change::of(4)).await.unwrap();
    let seen = consume(&world, "mails").await;
    assert_eq!(seen.all(), [4]);
    assert!(seen.told_of_a_gap(), "{SILENCE}");
}

/// The news up to a message, or up to the first that speaks of a gap; whether that came.
async fn told_of_a_gap(reader: &mut Reader<Change>, last: Option<i64>) -> bool {
    let until = async {
        loop {
            match reader.next().await.expect("news") {
                News::Lagged { .. } => return true,
                News::Batch(batch) if last.is_some_and(|last| ids(&batch).contains(&last)) => return false,
                News::Batch(_) => {}
            }
        }
    };
    timeout(PATIENCE, until).await.unwrap_or(false)
}

/// It is behind: what it has not read yet is deleted.
async fn f_a_reader_whose_stream_was_deleted() {
    let world = World::shared().await;
    let users = world.users().await;
    users.producer().queue_all(&changes(0..20)).await.unwrap();
    let reader = users.reader().batch_size(1).from_beginning();
    let mut reader = reader.start::<Change>().await.unwrap();
    // A few batches wait for who reads them; the reader is stuck behind them then.
    assert!(matches!(reader.next().await, Some(News::Batch(_))));
    let queue = world.key(&[":queue"]).await.unwrap();
    let () = world.ask(cmd("DEL").arg(queue)).await;
    users.producer().queue(&Change::of(20)).await.unwrap();
    assert!(told_of_a_gap(&mut reader, Some(20)).await, "{SILENCE}");
}

/// The server has started again from what it had saved a while ago.
async fn f_a_reader_beyond_the_end_of_an_older_snapshot() {
    let world = World::shared().await;
    let users = world.users().await;
    let mut reader = users.reader().start::<Change>().await.unwrap();
    users.producer().queue(&Change::of(1)).await.unwrap();
    let queue = world.key(&[":queue"]).await.unwrap();
    let saved: Vec<u8> = world.ask(cmd("DUMP").arg(&queue)).await;
    users.producer().queue(&Change::of(2)).await.unwrap();
    assert!(!told_of_a_gap(&mut reader, Some(2)).await);
    let mut restore = cmd("RESTORE");
    let () = world
        .ask(restore.arg(&queue).arg(0).arg(saved).arg("REPLACE"))
        .await;
    assert!(told_of_a_gap(&mut reader, None).await, "{SILENCE}");
}

here!(
    f_a_consumer_whose_stream_was_deleted,
    f_a_consumer_that_was_never_listed_and_never_ran,
    f_a_gap_before_what_others_have_written,
    f_a_reader_whose_stream_was_deleted,
    f_a_reader_beyond_the_end_of_an_older_snapshot,
);
