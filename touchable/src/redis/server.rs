//! Where Redis is, and how a connection to it comes about.

#[cfg(feature = "reactive")]
use std::io;
use std::{error, fmt, sync::Arc, time::Duration};

#[cfg(feature = "reactive")]
use ::redis::aio::PubSub;
use ::redis::{
    Client, ConnectionInfo, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
    cluster::ClusterClientBuilder,
    cmd,
};
#[cfg(feature = "reactive")]
use tokio::time::timeout;

use super::{Connection, address, advice};

/// One server, or nodes of a cluster. A clone is cheap.
#[derive(Clone)]
pub(crate) struct Server {
    nodes: Arc<[ConnectionInfo]>,
    address: Arc<str>,
    connect_timeout: Duration,
    response_timeout: Duration,
}

impl Server {
    /// Of a URL, or of several with commas between them.
    pub(crate) fn parse(urls: &str) -> Result<Self, String> {
        let nodes = address::parse(urls).map_err(|error| {
            format!("the URL is none, it should be `redis://user:password@host:port/database` ({error})")
        })?;
        Ok(Self {
            address: address::display(&nodes).into(),
            nodes: nodes.into_iter().map(patient).collect(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_millis(500),
        })
    }

    /// How long a round trip may take.
    pub(crate) const fn set_response_timeout(&mut self, timeout: Duration) {
        self.response_timeout = timeout;
    }

    /// How long a connection may take to come about.
    pub(crate) const fn set_connect_timeout(&mut self, timeout: Duration) {
        self.connect_timeout = timeout;
    }

    /// The error with an advice in front.
    pub(crate) fn explain(&self, error: RedisError) -> Box<dyn error::Error + Send + Sync> {
        advice::explain(error, &self.address)
    }

    /// A connection that everybody shares, once the server has answered on it.
    pub(crate) async fn open(&self) -> Result<Connection, RedisError> {
        self.open_within(self.response_timeout).await
    }

    /// A connection for one who waits on the server: blocking there, it would block everybody else's answers.
    #[cfg(feature = "feed")]
    pub(crate) async fn open_to_block(&self, longest: Duration) -> Result<Connection, RedisError> {
        self.open_within(self.response_timeout + longest).await
    }

    /// A connection on which what is published there comes in. All nodes of a cluster have all that is published; the first
    /// that answers does.
    #[cfg(feature = "reactive")]
    pub(crate) async fn subscribe(&self, channel: &str) -> Result<PubSub, RedisError> {
        let mut last = None;
        for node in &*self.nodes {
            let subscribed = async {
                let mut subscription = Client::open(node.clone())?.get_async_pubsub().await?;
                subscription.subscribe(channel).await?;
                Ok(subscription)
            };
            match timeout(self.connect_timeout + self.response_timeout, subscribed).await {
                Ok(Ok(subscription)) => return Ok(subscription),
                Ok(Err(error)) => last = Some(error),
                Err(_) => last = Some(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into()))
    }

    async fn open_within(&self, timeout: Duration) -> Result<Connection, RedisError> {
        if let [node] = &*self.nodes {
            let single = self.single(node.clone(), timeout).await?;
            if !is_cluster(&single).await {
                return Ok(single);
            }
        }
        self.cluster(timeout).await
    }

    async fn single(&self, node: ConnectionInfo, timeout: Duration) -> Result<Connection, RedisError> {
        // Without retries of the driver's: an operation fails at once when there is no connection, and the next one
        // tries again.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(timeout));
        let manager = ConnectionManager::new_with_config(Client::open(node)?, config).await?;
        let connection = Connection::single(manager, timeout);
        connection.query::<String>(&cmd("PING")).await?;
        Ok(connection)
    }

    async fn cluster(&self, timeout: Duration) -> Result<Connection, RedisError> {
        let client = ClusterClientBuilder::new(self.nodes.iter().cloned())
            .connection_timeout(self.connect_timeout)
            .response_timeout(timeout)
            .build()?;
        let connection = Connection::cluster(client.get_async_connection().await?, timeout);
        connection.query::<String>(&cmd("PING")).await?;
        Ok(connection)
    }
}

/// The URL may hold a password.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
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
