//! Values and due times in Redis or Redis Cluster, with workers on any node.

mod answers;
mod claiming;
mod jobs;
mod keys;
mod news;
mod scripts;
mod time;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use self::jobs::RedisJobs;
use super::jobs::{Jobs, Schedule, Terms, sealed};
use crate::{
    error::{Error, Result, reactive::Failure},
    redis::{Connection, Server},
};

/// Values and due times in Redis 6.2 or newer, on one server or on a cluster: every node reads, and every node that has a
/// worker computes.
///
/// What one [`Compute::NAME`](super::Compute::NAME) needs lies under `touchable:{reactive/NAME/…}`, and everything has an end
/// after which it expires by itself. Times are those of the Redis server. A server that loses what it has acknowledged (a
/// failover to a replica that lags) can have a key computed twice at once, and show an older value until the next computation.
/// A clone is the same schedule.
#[derive(Clone)]
pub struct RedisSchedule {
    server: Server,
    connection: Connection,
    namespace: Arc<str>,
    /// The names that this process computes.
    names: Arc<Mutex<Vec<&'static str>>>,
}

impl RedisSchedule {
    /// Connects to the server of a URL, `redis://user:password@host:port/database`, or to the cluster of one or several
    /// nodes, with commas between their URLs.
    ///
    /// # Errors
    /// When the URL is invalid, nobody answers there in time, or it refuses the password.
    pub async fn connect(url: &str) -> Result<Self> {
        let failed = |source| {
            Error::from(Failure::Schedule {
                operation: "connect to",
                what: "*".to_owned(),
                source,
            })
        };
        let server = Server::parse(url).map_err(|problem| failed(problem.into()))?;
        let connection = server
            .open()
            .await
            .map_err(|error| failed(server.explain(error)))?;
        Ok(Self {
            server,
            connection,
            namespace: "touchable".into(),
            names: Arc::default(),
        })
    }

    /// The same with other keys; `touchable` by default. Schedules of different namespaces share nothing.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = namespace.into();
        self.names = Arc::default();
        self
    }
}

impl fmt::Debug for RedisSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSchedule")
            .field("server", &self.server)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Schedule for RedisSchedule {}

impl sealed::Open for RedisSchedule {
    fn open(&self, terms: Terms) -> Result<Arc<dyn Jobs>> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if terms.works && !names.contains(&terms.name) {
            names.push(terms.name);
        }
        drop(names);
        Ok(Arc::new(RedisJobs::new(self.clone(), terms)))
    }
}
