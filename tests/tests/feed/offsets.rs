//! Offsets only rise, except by an operator's hand, and what a hand has spoilt is said.

use redis::cmd;
use touchable::feed::{Batch, Change, StreamId};

use crate::world::{Seen, World, changes, done, on_both, until};

async fn b09_a_commit_by_hand_only_rises(world: World) {
    for seq in [1, 2, 9, 10, 11] {
        world
            .add(
                "queue",
                &format!("5-{seq}"),
                &[("payload", &format!("{{\"id\":{seq}}}"))],
            )
            .await;
    }
    let users = world.users().await;
    let consumer = users.consumer("search");
    let id = |seq| StreamId { ms: 5, seq };
    assert!(consumer.commit(0, id(9)).await.unwrap());
    assert!(!consumer.commit(0, id(9)).await.unwrap());
    assert!(!consumer.commit(0, id(2)).await.unwrap());
    assert_eq!(consumer.max_committed_id(0).await.unwrap(), Some(id(9)));
    assert!(consumer.commit(0, id(10)).await.unwrap(), "10 is after 9");
    assert!(!consumer.commit(0, id(9)).await.unwrap(), "9 is before 10");
    let seen = Seen::default();
    consumer
        .run_once(|batch: Batch<Change>| {
            seen.note(&batch);
            async { done() }
        })
        .await
        .unwrap();
    assert_eq!(seen.all(), [11]);
}

async fn b09_numbers_beyond_those_of_lua(world: World) {
    // Adjacent, and the same for a float.
    for ms in ["9007199254740992-0", "9007199254740993-0"] {
        world.add("queue", ms, &[("payload", "{\"id\":1}")]).await;
    }
    let users = world.users().await;
    let consumer = users.consumer("search");
    assert!(
        consumer
            .commit(0, "9007199254740993-0".parse().unwrap())
            .await
            .unwrap()
    );
    assert!(
        !consumer
            .commit(0, "9007199254740992-0".parse().unwrap())
            .await
            .unwrap()
    );
}

async fn b09_beyond_the_end_is_refused(world: World) {
    let users = world.users().await;
    let last = users.producer().queue(&Change::of(1)).await.unwrap();
    let beyond = StreamId {
        ms: last.ms + 1,
        seq: 0,
    };
    let error = users.consumer("search").commit(0, beyond).await.unwrap_err();
    assert!(error.is_offset(), "{error}");
    assert!(error.to_string().contains("after the last message"), "{error}");
    let error = users
        .consumer("search")
        .commit(1, last)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("no shard 1"), "{error}");
}

async fn an_offset_that_is_none_is_said_and_left_alone(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..3)).await.unwrap();
    let consumer = users.consumer("search");
    for spoilt in ["abc", "5", "5-", "-5", "5-x", "5-1-1", "0x5-1", " 5-1"] {
        world.set("offset:search", spoilt).await;
        let error = consumer
            .run_once(|_: Batch<Change>| async { done() })
            .await
            .unwrap_err();
        assert!(error.is_offset(), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(&world.key("offset:search")) && text.contains(&format!("`{spoilt}`")),
            "{text}"
        );
        assert!(consumer.max_committed_id(0).await.unwrap_err().is_offset());
        assert!(consumer.commit(0, StreamId::START).await.unwrap_err().is_offset());
        assert!(users.trimmer(["search"]).trim().await.unwrap_err().is_offset());
        assert_eq!(world.get("offset:search").await.unwrap(), spoilt);
    }
    assert_eq!(world.entries("queue").await.len(), 3);
}

/// It would wait for ever, and the trimmer would throw everything away.
async fn an_offset_after_the_end_is_said(world: World) {
    let users = world.users().await;
    users.producer().queue_all(&changes(0..3)).await.unwrap();
    world.set("offset:search", "99999999999999-0").await;
    let error = users
        .consumer("search")
        .run_once(|_: Batch<Change>| async { done() })
        .await
        .unwrap_err();
    assert!(
        error.is_offset() && error.to_string().contains("after the last message"),
        "{error}"
    );
    let error = users.trimmer(["search"]).trim().await.unwrap_err();
    assert!(
        error.is_offset() && error.to_string().contains("after the last message"),
        "{error}"
    );
    assert_eq!(world.entries("queue").await.len(), 3);
}

/// Who sets the offset back wants the messages again, also from the consumer that is at work.
async fn an_offset_set_back_by_hand_is_obeyed(world: World) {
    let users = world.users().await;
    let ids = users.producer().queue_all(&changes(0..5)).await.unwrap();
    let seen = Seen::default();
    let noting = seen.clone();
    let task = users
        .consumer("search")
        .run(move |batch: Batch<Change>| {
            noting.note(&batch);
            async { done() }
        })
        .unwrap();
    until("the first are handled", async || seen.all().len() == 5).await;
    until("they are committed", async || {
        world.get("offset:search").await == Some(ids[4].to_string())
    })
    .await;
    world.set("offset:search", &ids[1].to_string()).await;
    users.producer().queue(&Change::of(5)).await.unwrap();
    until("they come again", async || seen.all().ends_with(&[2, 3, 4, 5])).await;
    let () = world.ask(cmd("DEL").arg(world.key("offset:search"))).await;
    users.producer().queue(&Change::of(6)).await.unwrap();
    until("all come again", async || {
        seen.all().ends_with(&[0, 1, 2, 3, 4, 5, 6])
    })
    .await;
    task.shutdown().await;
}

on_both!(
    b09_a_commit_by_hand_only_rises,
    b09_numbers_beyond_those_of_lua,
    b09_beyond_the_end_is_refused,
    an_offset_that_is_none_is_said_and_left_alone,
    an_offset_after_the_end_is_said,
    an_offset_set_back_by_hand_is_obeyed,
);
