//! Wrong servers, wrong keys, wrong names: each is an error that says what to do.

use redis::cmd;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use touchable::feed::{Batch, Change, Feed};
use touchable_tests::redis_url;

use crate::world::{World, changes, done, on_both};

/// Answers as an old server does.
async fn old_redis() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = client.read(&mut buffer).await {
                    let text = String::from_utf8_lossy(&buffer[..read]).to_uppercase();
                    let info = "# Server\r\nredis_version:6.0.16\r\nredis_mode:standalone\r\n";
                    // One answer for each command of what came together.
                    for command in text.split('*').skip(1) {
                        let answer = if command.contains("INFO") && !command.contains("SETINFO") {
                            format!("${}\r\n{info}\r\n", info.len())
                        } else if command.contains("PING") {
                            "+PONG\r\n".to_owned()
                        } else {
                            "-ERR unknown subcommand\r\n".to_owned()
                        };
                        client.write_all(answer.as_bytes()).await.unwrap();
                    }
                }
            });
        }
    });
    format!("redis://127.0.0.1:{port}")
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused() {
    let error = Feed::connect(&old_redis().await).await.unwrap_err().to_string();
    assert!(error.contains("6.2") && error.contains("6.0.16"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said() {
    let error = Feed::connect("redis://:secret@127.0.0.1:1").await.unwrap_err();
    assert!(error.is_feed(), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("127.0.0.1:1 cannot be reached") && !text.contains("secret"),
        "{text}"
    );
    let error = Feed::connect("localhost").await.unwrap_err().to_string();
    assert!(
        error.contains("redis://user:password@host:port/database"),
        "{error}"
    );
}

#[tokio::test]
async fn names_that_cannot_be_are_refused() {
    let feed = Feed::connect(&redis_url()).await.unwrap();
    for (name, says) in [
        ("", "blank"),
        (" ", "blank"),
        ("a/b", "slash"),
        ("a\nb", "control"),
    ] {
        let error = feed.stream(name).open().await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        let error = Feed::builder(&redis_url())
            .namespace(name)
            .connect()
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{error}");
    }
    let long = "x".repeat(151);
    assert!(feed.stream(&long).open().await.is_err());
}

async fn settings_that_cannot_work_are_refused(world: World) {
    use std::time::Duration;
    let users = world.users().await;
    let consumer = || users.consumer("search");
    let second = Duration::from_secs(1);
    for (bad, says) in [
        (consumer().batch_size(0), "batches of 0"),
        (consumer().batch_size(1_000_000), "batches of 1000000"),
        (consumer().max_attempts(0), "0 times"),
        (consumer().handler_timeout(Duration::ZERO), "handler"),
        (consumer().pauses(second * 2, second), "pause"),
        (users.consumer(""), "blank"),
        (users.consumer("a/b"), "slash"),
    ] {
        let error = bad
            .run_once(|_: Batch<Change>| async { done() })
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(says) && error.contains("`users`"), "{error}");
        let error = bad
            .run(|_: Batch<Change>| async { done() })
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}

async fn a_key_of_another_type_is_said(world: World) {
    world.set("queue", "a string").await;
    let error = world.feed.stream("users").open().await.unwrap_err().to_string();
    assert!(
        error.contains(&world.key("queue")) && error.contains("holds a string"),
        "{error}"
    );
}

/// Somebody takes the key while the stream is in use: everything says so, and goes on when it is given back.
async fn a_key_taken_meanwhile_is_said_and_got_over(world: World) {
    let users = world.users().await;
    let consumer = users.consumer("search");
    let task = consumer.clone().run(|_: Batch<Change>| async { done() }).unwrap();
    let () = world.ask(cmd("DEL").arg(world.key("queue"))).await;
    world.set("queue", "a string").await;
    for error in [
        users.producer().queue(&Change::of(1)).await.unwrap_err(),
        users.producer().queue_all(&changes(1..3)).await.unwrap_err(),
        consumer.lag().await.unwrap_err(),
        users.trimmer(["search"]).trim().await.unwrap_err(),
    ] {
        assert!(error.is_feed(), "{error}");
        assert!(
            error.to_string().contains("another program keeps something else"),
            "{error}"
        );
    }
    let () = world.ask(cmd("DEL").arg(world.key("queue"))).await;
    users.producer().queue(&Change::of(1)).await.unwrap();
    crate::world::until("the consumer goes on", async || {
        world.get("offset:search").await.is_some() && consumer.lag().await.unwrap().messages == 0
    })
    .await;
    task.shutdown().await;
}

on_both!(
    a_key_of_another_type_is_said,
    a_key_taken_meanwhile_is_said_and_got_over,
    settings_that_cannot_work_are_refused,
);
