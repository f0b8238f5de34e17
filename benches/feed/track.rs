//! The stream on which a race takes place, and the bare connection beside it.

use std::process;

use redis::{Client, Cmd, aio::MultiplexedConnection, cmd};
use touchable::feed::{Change, Feed, Stream};

pub struct Track {
    pub users: Stream,
    pub bare: MultiplexedConnection,
    namespace: String,
}

impl Track {
    pub async fn prepare() -> Self {
        let url = std::env::var("TOUCHABLE_REDIS_URL")
            .expect("TOUCHABLE_REDIS_URL is not set: run scripts/bench, it brings up the server");
        let namespace = format!("bench{}", process::id());
        let feed = Feed::builder(&url)
            .namespace(&namespace)
            .connect()
            .await
            .expect("a server");
        Self {
            users: feed.stream("users").open().await.expect("a stream"),
            bare: Client::open(url)
                .expect("a URL")
                .get_multiplexed_async_connection()
                .await
                .expect("a server"),
            namespace,
        }
    }

    /// A key of the stream, or of the baseline's.
    pub fn key(&self, kind: &str) -> String {
        format!("{}:{{users}}:{kind}", self.namespace)
    }

    pub async fn delete(&self, kind: &str) {
        let unlink: Cmd = cmd("UNLINK").arg(self.key(kind)).to_owned();
        let () = unlink
            .query_async(&mut self.bare.clone())
            .await
            .expect("a command that is right");
    }

    pub async fn clear(&self) {
        for kind in ["queue", "bare", "born", "trimmed", "shards"] {
            self.delete(kind).await;
        }
    }
}

pub fn changes(count: i64) -> Vec<Change> {
    (0..count).map(Change::of).collect()
}
