//! A feed of a case's own, and a look at what it keeps in Redis.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, cmd};
use tokio::{
    runtime::{Builder, Runtime},
    time::{Instant, sleep},
};
use touchable::feed::{Batch, Change, Feed, Id, Stream};
use touchable_tests::{namespace, redis_url};

/// Makes a test of every case in the list, without a database.
macro_rules! here {
    ($($case:ident),+ $(,)?) => {$(
        mod $case {
            #[test]
            fn here() {
                touchable_tests::judge(crate::known::FAILING, stringify!($case), "here", || {
                    crate::world::threads().block_on(super::$case());
                });
            }
        }
    )+};
}
pub(crate) use here;

pub fn threads() -> Runtime {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().expect("a runtime")
}

/// What a busy machine may need for an answer.
const LONG: Duration = Duration::from_secs(20);

/// A namespace on a server.
pub struct World {
    pub url: String,
    pub feed: Feed,
    pub namespace: String,
}

impl World {
    /// On the server that all tests share.
    pub async fn shared() -> Self {
        Self::on(redis_url()).await
    }

    pub async fn on(url: String) -> Self {
        let namespace = namespace();
        let feed = Feed::builder(&url).namespace(&namespace);
        let feed = feed.connect_timeout(LONG).response_timeout(LONG).connect().await;
        let feed = feed.unwrap();
        Self { url, feed, namespace }
    }

    pub async fn users(&self) -> Stream {
        self.feed.stream("users").open().await.unwrap()
    }

    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> T {
        ask(&self.url, command).await
    }

    /// The key of this namespace that holds all these words. Where exactly it lies is the library's affair.
    pub async fn key(&self, words: &[&str]) -> Option<String> {
        let pattern = format!("*{}*", self.namespace);
        let keys: Vec<String> = self.ask(cmd("KEYS").arg(pattern)).await;
        let mut keys = keys
            .into_iter()
            .filter(|key| words.iter().all(|word| key.contains(word)));
        let key = keys.next();
        assert!(keys.next().is_none(), "several keys of {words:?}");
        key
    }

    /// How many entries a stream has.
    pub async fn length(&self, words: &[&str]) -> usize {
        match self.key(words).await {
            Some(key) => self.ask(cmd("XLEN").arg(key)).await,
            None => 0,
        }
    }

    /// Has a key hold text instead.
    pub async fn overwrite(&self, words: &[&str], text: &str) {
        let key = self.key(words).await.expect("such a key");
        let () = self.ask(cmd("SET").arg(key).arg(text)).await;
    }
}

/// Asks a server itself.
pub async fn ask<T: FromRedisValue>(url: &str, command: &Cmd) -> T {
    let client = Client::open(url).unwrap();
    let patient = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(LONG))
        .set_response_timeout(Some(LONG));
    let to = client
        .get_multiplexed_async_connection_with_config(&patient)
        .await;
    let mut to = to.unwrap();
    command.query_async(&mut to).await.unwrap()
}

pub fn changes(ids: impl IntoIterator<Item = i64>) -> Vec<Change> {
    ids.into_iter().map(Change::of).collect()
}

/// The ids of a batch, which are all numbers.
pub fn ids(batch: &Batch<Change>) -> Vec<i64> {
    let number = |id: &Id| match id {
        Id::Int(number) => *number,
        other => panic!("{other} is no number"),
    };
    batch.iter().map(|message| number(&message.record.id)).collect()
}

/// What a stream says, to one who has never read it.
pub async fn queued(stream: &Stream) -> Vec<i64> {
    let seen = Seen::default();
    let consumer = stream.consumer(&namespace());
    consumer.run_once(seen.handler()).await.unwrap();
    seen.all()
}

/// What handlers have seen.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Vec<Batch<Change>>>>);

pub type Done = Result<(), Infallible>;

impl Seen {
    pub fn note(&self, batch: Batch<Change>) {
        self.0.lock().unwrap().push(batch);
    }

    /// A handler that notes what it sees.
    pub fn handler(&self) -> impl Fn(Batch<Change>) -> std::future::Ready<Done> + Send + Sync + 'static {
        let seen = self.clone();
        move |batch| {
            seen.note(batch);
            std::future::ready(Ok(()))
        }
    }

    pub fn all(&self) -> Vec<i64> {
        self.0.lock().unwrap().iter().flat_map(ids).collect()
    }

    /// Whether a handler was told that messages are missing.
    pub fn told_of_a_gap(&self) -> bool {
        self.0
            .lock()
            .unwrap()
            .iter()
            .any(|batch| batch.lagged().is_some())
    }
}

/// How long a case waits for what the library does by itself: several times as long as that takes.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Asks until it is so; whether it came about. Nothing tells when a background task has done something.
pub async fn comes(mut so: impl AsyncFnMut() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if so().await {
            return true;
        }
        sleep(Duration::from_millis(5)).await;
    }
    so().await
}
