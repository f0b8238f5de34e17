//! A Redis that goes away and comes back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use touchable::cache::store::{Failsafe, Redis, Store};

use crate::{
    redis_server::{PATIENCE, RedisServer},
    subject::{block_on, ttl, until, url},
};

struct Load {
    store: Failsafe<Redis>,
    failures: Arc<AtomicU64>,
    hits: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<Duration>>,
}

impl Load {
    /// Eight tasks that read, and write what they do not find, as a cache does.
    async fn begin(server: &RedisServer) -> Self {
        let failures = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&failures);
        let redis = Redis::builder(&server.url())
            .response_timeout(Duration::from_millis(200))
            .connect()
            .await
            .unwrap();
        let store = Failsafe::new(redis).on_error(move |failure| {
            assert!(failure.error.is_store() && failure.store == "redis");
            told.fetch_add(1, SeqCst);
        });
        let mut load = Self {
            store,
            failures,
            hits: Arc::new(AtomicU64::new(0)),
            over: Arc::new(AtomicBool::new(false)),
            tasks: Vec::new(),
        };
        for task in 0..8 {
            load.tasks.push(tokio::spawn(requests(
                task,
                load.store.clone(),
                Arc::clone(&load.hits),
                Arc::clone(&load.over),
            )));
        }
        load
    }

    async fn hits_come(&self) {
        let before = self.hits.load(SeqCst);
        until(async || self.hits.load(SeqCst) > before + 100).await;
    }

    async fn failures_come(&self) {
        let before = self.failures.load(SeqCst);
        until(async || self.failures.load(SeqCst) > before + 20).await;
    }

    /// The longest time that one operation took.
    async fn end(self) -> Duration {
        self.over.store(true, SeqCst);
        let mut longest = Duration::ZERO;
        for task in self.tasks {
            longest = longest.max(task.await.unwrap());
        }
        longest
    }
}

async fn requests(
    task: u32,
    store: Failsafe<Redis>,
    hits: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
) -> Duration {
    let mut longest = Duration::ZERO;
    let mut round = 0_u32;
    while !over.load(SeqCst) {
        round += 1;
        let name = format!("{task} {}", round % 16);
        let began = Instant::now();
        match store.get(&name).await.unwrap() {
            // An answer to another question would hold another name.
            Some(value) => {
                assert_eq!(value, Bytes::from(name));
                hits.fetch_add(1, SeqCst);
            }
            None => store.set(&name, name.clone().into(), None).await.unwrap(),
        }
        longest = longest.max(began.elapsed());
        // The tasks leave the machine to the server now and then.
        tokio::task::yield_now().await;
    }
    longest
}

#[test]
fn no_request_fails_while_redis_is_killed_and_hits_come_back() {
    block_on(async {
        let mut server = RedisServer::start(&[]).await;
        let load = Load::begin(&server).await;
        for _ in 0..2 {
            load.hits_come().await;
            server.kill();
            load.failures_come().await;
            server.start_again().await;
        }
        load.hits_come().await;
        let longest = load.end().await;
        assert!(longest < PATIENCE, "{longest:?}");
    });
}

/// Its answers come late, after those who asked have gone; nobody else must get them.
#[test]
fn no_request_fails_while_redis_is_frozen_and_no_answer_goes_astray() {
    block_on(async {
        let server = RedisServer::start(&[]).await;
        let load = Load::begin(&server).await;
        for _ in 0..2 {
            load.hits_come().await;
            server.freeze();
            load.failures_come().await;
            server.thaw();
        }
        load.hits_come().await;
        let longest = load.end().await;
        assert!(longest < PATIENCE, "{longest:?}");
    });
}

#[tokio::test]
async fn a_frozen_server_is_an_error_in_time() {
    let server = RedisServer::start(&[]).await;
    let store = Redis::builder(&server.url())
        .response_timeout(Duration::from_millis(100))
        .connect()
        .await
        .unwrap();
    server.freeze();
    let began = Instant::now();
    let entries: [(&str, Bytes); 1] = [("a", "1".into())];
    let messages = [
        store.get("a").await.unwrap_err().to_string(),
        store.get_many(&["a"]).await.unwrap_err().to_string(),
        store.set("a", "1".into(), None).await.unwrap_err().to_string(),
        store.set_many(&entries, None).await.unwrap_err().to_string(),
        store.delete("a").await.unwrap_err().to_string(),
        store.delete_many(&["a"]).await.unwrap_err().to_string(),
        store.delete_prefix("a").await.unwrap_err().to_string(),
        store.increment("a", 1, None).await.unwrap_err().to_string(),
        store.add("a", "1".into(), None).await.unwrap_err().to_string(),
    ];
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    for message in messages {
        let told = format!("{} did not answer in time", server.address());
        assert!(message.contains(&told) && message.contains("`a`"), "{message}");
    }
}

/// Nor is a connection waited for that does not come about: what has taken the server's place never answers.
#[tokio::test]
async fn a_connection_that_never_comes_is_an_error_in_time() {
    let mut server = RedisServer::start(&[]).await;
    let store = Redis::builder(&server.url())
        .connect_timeout(Duration::from_mins(10))
        .response_timeout(Duration::from_millis(100))
        .connect()
        .await
        .unwrap();
    server.kill();
    let silent = tokio::net::TcpListener::bind(server.address()).await.unwrap();
    let clients = tokio::spawn(async move {
        let mut clients = Vec::new();
        while let Ok((client, _)) = silent.accept().await {
            clients.push(client);
        }
    });
    let began = Instant::now();
    for _ in 0..5 {
        assert!(store.get("a").await.unwrap_err().is_store());
    }
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    clients.abort();
}

#[tokio::test]
async fn a_full_server_is_said() {
    let server = RedisServer::start(&["--maxmemory", "1500000", "--maxmemory-policy", "noeviction"]).await;
    let store = Redis::connect(&server.url()).await.unwrap();
    let mut refused = None;
    for i in 0..100 {
        let value = Bytes::from(vec![7; 100_000]);
        if let Err(error) = store.set(&format!("k{i}"), value, None).await {
            refused = Some(error.to_string());
            break;
        }
    }
    let message = refused.expect("a server that is full");
    assert!(
        message.contains("maxmemory") && message.contains("`k"),
        "{message}"
    );
}

#[tokio::test]
async fn an_empty_prefix_is_everything() {
    let server = RedisServer::start(&[]).await;
    let store = Redis::connect(&server.url()).await.unwrap();
    let keys: Vec<String> = (0..2_500).map(|i| i.to_string()).collect();
    let entries: Vec<(&str, Bytes)> = keys.iter().map(|key| (key.as_str(), "1".into())).collect();
    store.set_many(&entries, None).await.unwrap();
    assert_eq!(store.delete_prefix("").await.unwrap(), 2_500);
    assert_eq!(store.get("7").await.unwrap(), None);
}

/// Asks the server itself.
async fn raw<T: redis::FromRedisValue>(url: &str, command: &redis::Cmd) -> T {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    command.query_async(&mut connection).await.unwrap()
}

#[tokio::test]
async fn redis_keeps_the_time_to_live() {
    let url = url("TOUCHABLE_REDIS_URL");
    let store = Redis::connect(&url).await.unwrap();
    let prefix = format!("ttl of {}", std::process::id());
    let key = |name: &str| format!("{prefix} {name}");
    let minute = Some(ttl(Duration::from_mins(1)));
    store.set(&key("set"), "1".into(), minute).await.unwrap();
    let many = key("many");
    store.set_many(&[(&many, "1".into())], minute).await.unwrap();
    store.add(&key("add"), "1".into(), minute).await.unwrap();
    store.increment(&key("increment"), 1, minute).await.unwrap();
    store
        .increment(&key("increment"), 1, Some(ttl(Duration::from_hours(5))))
        .await
        .unwrap();
    for name in ["set", "many", "add", "increment"] {
        let left: i64 = raw(&url, redis::cmd("PTTL").arg(key(name))).await;
        assert!((1..=60_000).contains(&left), "{name}: {left}");
    }
    store.set(&key("set"), "1".into(), None).await.unwrap();
    assert_eq!(raw::<i64>(&url, redis::cmd("PTTL").arg(key("set"))).await, -1);
    store.delete_prefix(&prefix).await.unwrap();
}

/// Counted by the server: reading, writing and deleting many is one command or one pipeline, and never `KEYS`.
#[tokio::test]
async fn many_entries_are_few_commands() {
    let server = RedisServer::start(&[]).await;
    let store = Redis::connect(&server.url()).await.unwrap();
    let keys: Vec<String> = (0..100).map(|i| format!("k{i}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let entries: Vec<(&str, Bytes)> = keys.iter().map(|key| (*key, "1".into())).collect();
    raw::<String>(&server.url(), redis::cmd("CONFIG").arg("RESETSTAT")).await;
    store.set_many(&entries, None).await.unwrap();
    store.get_many(&keys).await.unwrap();
    store.delete_many(&keys[..50]).await.unwrap();
    store.delete_prefix("k").await.unwrap();
    store
        .increment("n", 1, Some(ttl(Duration::from_hours(1))))
        .await
        .unwrap();
    let stats: String = raw(&server.url(), redis::cmd("INFO").arg("commandstats")).await;
    let calls = |command: &str| {
        let line = stats
            .lines()
            .find(|line| line.starts_with(&format!("cmdstat_{command}:")));
        line.and_then(|line| {
            line.split("calls=")
                .nth(1)?
                .split(',')
                .next()?
                .parse::<u32>()
                .ok()
        })
    };
    assert_eq!(calls("mget"), Some(1), "{stats}");
    assert_eq!(calls("unlink"), Some(2), "{stats}");
    assert_eq!(calls("scan"), Some(1), "{stats}");
    assert_eq!((calls("multi"), calls("exec")), (Some(1), Some(1)), "{stats}");
    assert_eq!(calls("keys"), None, "{stats}");
}
