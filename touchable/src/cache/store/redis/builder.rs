//! How a connection to Redis comes about.

use std::{fmt, time::Duration};

use ::redis::{
    Client, ConnectionInfo, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
    cluster::ClusterClientBuilder,
    cmd,
};

use super::{NAME, Redis, address, advice, connection::Connection};
use crate::{Result, cache::store::failed};

/// The settings of a [`Redis`] store.
#[must_use = "nothing is connected before `connect`"]
#[derive(Clone)]
pub struct RedisBuilder {
    urls: String,
    connect_timeout: Duration,
    response_timeout: Duration,
}

/// The URL may hold a password.
impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .finish_non_exhaustive()
    }
}

impl RedisBuilder {
    pub(super) fn new(urls: &str) -> Self {
        Self {
            urls: urls.to_owned(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_millis(500),
        }
    }

    /// How long a connection may take to come about; a second by default.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a round trip may take, waiting for a new connection included; half a second by default.
    pub const fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// Connects, and asks the server whether it is there.
    ///
    /// # Errors
    /// See [`Redis::connect`].
    pub async fn connect(self) -> Result<Redis> {
        let failed = |what: &str, source| failed::failed(NAME, "connect to", what, source);
        let nodes = address::parse(&self.urls).map_err(|error| {
            failed(
                "its server",
                format!("the URL is none, it should be `redis://user:password@host:port/database` ({error})")
                    .into(),
            )
        })?;
        let address = address::display(&nodes);
        let connection = self
            .open(nodes)
            .await
            .map_err(|error| failed("its server", advice::explain(error, &address)))?;
        Ok(Redis {
            connection,
            address: address.into(),
        })
    }

    async fn open(&self, mut nodes: Vec<ConnectionInfo>) -> Result<Connection, RedisError> {
        for node in &mut nodes {
            *node = patient(node.clone());
        }
        if let [node] = nodes.as_slice() {
            let single = self.single(node.clone()).await?;
            if !is_cluster(&single).await {
                return Ok(single);
            }
        }
        self.cluster(nodes).await
    }

    async fn single(&self, node: ConnectionInfo) -> Result<Connection, RedisError> {
        // Without retries of the driver's: an operation fails at once when there is no connection, and the next one
        // tries again.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(self.response_timeout));
        let manager = ConnectionManager::new_with_config(Client::open(node)?, config).await?;
        let connection = Connection::single(manager, self.response_timeout);
        connection.query::<String>(&cmd("PING")).await?;
        Ok(connection)
    }

    async fn cluster(&self, nodes: Vec<ConnectionInfo>) -> Result<Connection, RedisError> {
        let client = ClusterClientBuilder::new(nodes)
            .connection_timeout(self.connect_timeout)
            .response_timeout(self.response_timeout)
            .build()?;
        let connection = Connection::cluster(client.get_async_connection().await?, self.response_timeout);
        connection.query::<String>(&cmd("PING")).await?;
        Ok(connection)
    }
}

/// One that refuses to say is taken for a server alone.
async fn is_cluster(connection: &Connection) -> bool {
    let said: Result<String, _> = connection.query(cmd("INFO").arg("cluster")).await;
    said.is_ok_and(|said| said.contains("cluster_enabled:1"))
}

/// How long the kernel waits for a peer that is gone without a word before it gives the connection up; its own patience
/// is a quarter of an hour.
#[cfg(any(target_os = "android", target_os = "linux"))]
const SILENCE: Duration = Duration::from_secs(10);

fn patient(node: ConnectionInfo) -> ConnectionInfo {
    #[cfg(any(target_os = "android", target_os = "linux"))]
    let node = {
        let settings = node.tcp_settings().clone().set_user_timeout(SILENCE);
        node.set_tcp_settings(settings)
    };
    node
}
