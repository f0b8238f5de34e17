//! Connecting to what is no Redis, or not for us: an error that says so, in time, and never the password.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use touchable::cache::store::{Redis, Store};

use crate::{
    redis_server::{PATIENCE, RedisServer, free_port},
    subject::url,
};

async fn refused(url: &str) -> String {
    let began = Instant::now();
    let error = Redis::builder(url)
        .connect_timeout(Duration::from_secs(1))
        .response_timeout(Duration::from_secs(1))
        .connect()
        .await
        .unwrap_err();
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert!(error.is_store(), "{error:?}");
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains("hunter2"), "{shown}");
    error.to_string()
}

#[tokio::test]
async fn a_wrong_password_is_said() {
    let server = RedisServer::start(&["--requirepass", "secret"]).await;
    let address = server.address();
    for url in [
        format!("redis://:hunter2@{address}"),
        format!("redis://nobody:hunter2@{address}"),
        format!("redis://{address}"),
    ] {
        let message = refused(&url).await;
        assert!(
            message.contains("password") && message.contains(&address),
            "{message}"
        );
    }
    let url = format!("redis://:secret@{address}/3");
    let builder = Redis::builder(&url);
    assert!(!format!("{builder:?}").contains("secret"));
    let store = builder.connect().await.unwrap();
    assert!(!format!("{store:?}").contains("secret"));
    store.set("a", "1".into(), None).await.unwrap();
    assert_eq!(store.get("a").await.unwrap(), Some("1".into()));
}

#[tokio::test]
async fn a_url_that_is_none_is_said() {
    for url in [
        "",
        "here",
        "http://user:hunter2@localhost",
        "redis:/user:hunter2@localhost",
        "redis://user:hunter2@localhost:port",
        "redis://user:hunter2@localhost/base",
        "redis://localhost,redis://user:hunter2@:",
    ] {
        let message = refused(url).await;
        assert!(message.contains("URL"), "{url}: {message}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said() {
    let port = free_port();
    let message = refused(&format!("redis://:hunter2@127.0.0.1:{port}")).await;
    assert!(
        message.contains(&format!("127.0.0.1:{port} cannot be reached")),
        "{message}"
    );
    let nodes = format!("redis://127.0.0.1:{port},redis://127.0.0.1:{}", free_port());
    let message = refused(&nodes).await;
    assert!(message.contains("cannot be reached"), "{message}");
}

/// A server that answers everybody the same.
async fn stranger(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 1_024];
                while client.read(&mut asked).await.is_ok_and(|read| read > 0) {
                    if client.write_all(answer).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    format!("redis://:hunter2@{address}")
}

#[tokio::test]
async fn a_server_that_is_no_redis_is_said() {
    for answer in [
        &b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..],
        b"220 mail.example.com ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\xff\xfe\x00\x01nonsense\r\n",
    ] {
        let message = refused(&stranger(answer).await).await;
        let said =
            message.contains("does not speak as Redis does") || message.contains("did not answer in time");
        assert!(said, "{}: {message}", String::from_utf8_lossy(answer));
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for() {
    let url = stranger(b"").await;
    let message = refused(&url).await;
    assert!(message.contains("did not answer in time"), "{message}");
    let message = refused(&format!("{url},{url}")).await;
    assert!(message.contains("127.0.0.1"), "{message}");
}

/// One node's URL is enough to find the others.
#[tokio::test]
async fn a_cluster_is_known_by_one_of_its_nodes() {
    let nodes = url("TOUCHABLE_REDIS_CLUSTER_URL");
    let node = nodes.split(',').next().unwrap();
    let store = Redis::builder(node)
        .response_timeout(Duration::from_secs(20))
        .connect()
        .await
        .unwrap();
    let prefix = format!("one node of {}", std::process::id());
    for i in 0..50 {
        store
            .set(&format!("{prefix} {i}"), "1".into(), None)
            .await
            .unwrap();
    }
    assert_eq!(store.delete_prefix(&prefix).await.unwrap(), 50);
}
