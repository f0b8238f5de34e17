//! A feed: streams on one Redis, under one namespace.

use std::{fmt, sync::Arc, time::Duration};

use ::redis::{ParsingError, RedisError, Value, cmd, from_redis_value};

use super::{StreamBuilder, keys};
use crate::{
    error::{Error, Result, feed::Failure},
    redis::{Connection, Server},
};

/// A connection to the Redis, or Redis Cluster, that carries the streams. A clone shares it.
#[derive(Clone)]
pub struct Feed {
    pub(super) server: Server,
    pub(super) connection: Connection,
    pub(super) namespace: Arc<str>,
}

/// The settings of a [`Feed`].
#[must_use = "nothing is connected before `connect`"]
#[derive(Clone, Debug)]
pub struct FeedBuilder {
    server: Result<Server, String>,
    namespace: String,
}

impl Feed {
    /// Connects to the server of a URL, `redis://user:password@host:port/database`, or to the cluster of one or several
    /// nodes, with commas between their URLs.
    ///
    /// # Errors
    /// When the URL is none, nobody answers there in time, it refuses the password, or it is older than 6.2.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::builder(url).connect().await
    }

    /// The same with other settings.
    pub fn builder(url: &str) -> FeedBuilder {
        FeedBuilder {
            server: Server::parse(url),
            namespace: "touchable".to_owned(),
        }
    }

    /// A stream of changes by its name, such as the table's.
    pub fn stream(&self, name: &str) -> StreamBuilder {
        StreamBuilder::new(self.clone(), name)
    }

    pub(super) fn failed(&self, operation: &'static str, what: &str, error: RedisError) -> Error {
        Failure::Redis {
            operation,
            what: what.to_owned(),
            source: self.server.explain(error),
        }
        .into()
    }
}

impl FeedBuilder {
    /// What all keys begin with; `touchable` by default. Feeds of different namespaces share nothing.
    pub fn namespace(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.namespace);
        self
    }

    /// How long a connection may take to come about; a second by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        if let Ok(server) = &mut self.server {
            server.set_connect_timeout(timeout);
        }
        self
    }

    /// How long a round trip may take; half a second by default. Waiting for messages or replicas comes on top.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        if let Ok(server) = &mut self.server {
            server.set_response_timeout(timeout);
        }
        self
    }

    /// Connects, and looks how old the server is.
    ///
    /// # Errors
    /// See [`Feed::connect`].
    pub async fn connect(self) -> Result<Feed> {
        let server = self.server.map_err(Failure::Settings)?;
        if let Some(problem) = keys::problem(&self.namespace) {
            return Err(Failure::Settings(format!("the namespace `{}` {problem}", self.namespace)).into());
        }
        let failed = |error| {
            Error::from(Failure::Redis {
                operation: "connect to",
                what: format!("{server:?}"),
                source: server.explain(error),
            })
        };
        let connection = server.open().await.map_err(failed)?;
        let said: Value = connection
            .query(cmd("INFO").arg("server"))
            .await
            .map_err(failed)?;
        for node in of_each_node(said).map_err(|error| failed(error.into()))? {
            check_version(&node)?;
        }
        Ok(Feed {
            server,
            connection,
            namespace: self.namespace.into(),
        })
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("server", &self.server)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// A cluster answers for each of its nodes.
fn of_each_node(said: Value) -> Result<Vec<String>, ParsingError> {
    if matches!(said, Value::Map(_)) {
        let nodes: Vec<(String, String)> = from_redis_value(said)?;
        return Ok(nodes.into_iter().map(|(_, said)| said).collect());
    }
    Ok(vec![from_redis_value(said)?])
}

/// Refuses a server without `XTRIM MINID` and exclusive ranges. One that does not say its version is trusted.
fn check_version(info: &str) -> Result<()> {
    let Some(version) = info
        .lines()
        .find_map(|line| line.trim().strip_prefix("redis_version:"))
    else {
        return Ok(());
    };
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < (6, 2) {
        return Err(Failure::TooOld {
            found: version.to_owned(),
        }
        .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_version;

    #[test]
    fn versions() {
        for good in ["6.2.0", "6.10.0", "7.0.15", "8.0", "255.255.255"] {
            check_version(&format!("# Server\r\nredis_version:{good}\r\n")).unwrap();
        }
        for old in ["6.0.20", "5.0.7", "4"] {
            let error = check_version(&format!("redis_version:{old}\n"))
                .unwrap_err()
                .to_string();
            assert!(error.contains("6.2") && error.contains(old), "{error}");
        }
        check_version("").unwrap();
    }
}
