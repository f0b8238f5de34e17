//! A feed of a test's own, and eyes on what it keeps in Redis.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use redis::{Client, Cmd, FromRedisValue, cluster::ClusterClient, cluster_async::ClusterConnection, cmd};
use tokio::time::{Instant, sleep};
use touchable::feed::{Batch, Change, Feed, Id, Stream, StreamId};
use touchable_tests::namespace;

/// A namespace on a server or a cluster.
pub struct World {
    pub url: String,
    pub feed: Feed,
    pub namespace: String,
    /// `None` on one server.
    pub cluster: Option<ClusterConnection>,
}

/// An entry as it is stored.
pub type Raw = (String, BTreeMap<String, String>);

impl World {
    pub async fn on(url: String) -> Self {
        let namespace = namespace();
        let feed = Feed::builder(&url)
            .namespace(&namespace)
            .connect()
            .await
            .expect("run scripts/test");
        let cluster = if url.contains(',') {
            let client = ClusterClient::new(url.split(',')).unwrap();
            Some(client.get_async_connection().await.unwrap())
        } else {
            None
        };
        Self {
            url,
            feed,
            namespace,
            cluster,
        }
    }

    pub async fn users(&self) -> Stream {
        self.feed.stream("users").open().await.unwrap()
    }

    /// A key of the stream `users`.
    pub fn key(&self, kind: &str) -> String {
        format!("{}:{{users}}:{kind}", self.namespace)
    }

    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> T {
        if let Some(mut to) = self.cluster.clone() {
            return command.query_async(&mut to).await.unwrap();
        }
        let client = Client::open(self.url.as_str()).unwrap();
        let mut to = client.get_multiplexed_async_connection().await.unwrap();
        command.query_async(&mut to).await.unwrap()
    }

    pub async fn set(&self, kind: &str, value: &str) {
        let () = self.ask(cmd("SET").arg(self.key(kind)).arg(value)).await;
    }

    pub async fn get(&self, kind: &str) -> Option<String> {
        self.ask(cmd("GET").arg(self.key(kind))).await
    }

    /// Writes an entry as anybody can.
    pub async fn add(&self, kind: &str, id: &str, fields: &[(&str, &str)]) -> StreamId {
        let mut add = cmd("XADD");
        add.arg(self.key(kind)).arg(id);
        for (name, value) in fields {
            add.arg(*name).arg(*value);
        }
        self.ask::<String>(&add).await.parse().unwrap()
    }

    pub async fn entries(&self, kind: &str) -> Vec<Raw> {
        let entries: Vec<(String, Vec<Vec<u8>>)> = self
            .ask(cmd("XRANGE").arg(self.key(kind)).arg("-").arg("+"))
            .await;
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let fields = |fields: Vec<Vec<u8>>| {
            fields
                .chunks(2)
                .map(|pair| (text(&pair[0]), text(&pair[1])))
                .collect()
        };
        entries.into_iter().map(|(id, all)| (id, fields(all))).collect()
    }

    /// The payloads of a stream.
    pub async fn payloads(&self, kind: &str) -> Vec<String> {
        let entries = self.entries(kind).await.into_iter();
        entries.map(|(_, fields)| fields["payload"].clone()).collect()
    }
}

/// `{"id":…}` of these.
pub fn payloads(ids: impl IntoIterator<Item = i64>) -> Vec<String> {
    ids.into_iter().map(|id| format!("{{\"id\":{id}}}")).collect()
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

/// What handlers have seen.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Vec<Vec<i64>>>>);

impl Seen {
    pub fn note(&self, batch: &Batch<Change>) {
        self.0.lock().unwrap().push(ids(batch));
    }

    pub fn batches(&self) -> Vec<Vec<i64>> {
        self.0.lock().unwrap().clone()
    }

    pub fn all(&self) -> Vec<i64> {
        self.batches().concat()
    }
}

pub type Done = Result<(), std::io::Error>;

// The kind of error has to be said somewhere.
#[expect(clippy::unnecessary_wraps)]
pub const fn done() -> Done {
    Ok(())
}

pub fn failed() -> Done {
    Err(std::io::Error::other("the index is closed"))
}

/// Asks until it is so. Nothing tells when a background task has done something; `why` says what did not come about.
pub async fn until(why: &str, mut so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(15) {
        if so().await {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("{why}");
}

/// Makes two tests of every contract in the list: on one server and on a cluster.
macro_rules! on_both {
    ($($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use crate::world::World;
            use touchable_tests::{cluster_url, redis_url};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn server() {
                super::$contract(World::on(redis_url()).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn cluster() {
                super::$contract(World::on(cluster_url()).await).await;
            }
        }
    )+};
}
pub(crate) use on_both;
