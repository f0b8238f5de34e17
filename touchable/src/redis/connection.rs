//! One connection for everybody, to a server or to a cluster.

use std::{io, time::Duration};

use ::redis::{
    Cmd, FromRedisValue, Pipeline, RedisError, Value,
    aio::{ConnectionLike, ConnectionManager},
    cluster_async::ClusterConnection,
    cluster_routing::RoutingInfo,
};
#[cfg(feature = "feed")]
use ::redis::{
    cluster_routing::{Route, SingleNodeRoutingInfo, SlotAddr},
    from_redis_value,
};
use futures_util::future::try_join_all;
use tokio::time::timeout;

/// A clone shares the connection.
#[derive(Clone)]
pub(crate) struct Connection {
    way: Way,
    timeout: Duration,
}

#[derive(Clone)]
enum Way {
    Single(ConnectionManager),
    Cluster(ClusterConnection),
}

/// Commands of one pipeline, and of those that are under way to a cluster together.
const AT_ONCE: usize = 1_000;

impl Connection {
    pub(super) const fn single(manager: ConnectionManager, timeout: Duration) -> Self {
        Self {
            way: Way::Single(manager),
            timeout,
        }
    }

    pub(super) const fn cluster(connection: ClusterConnection, timeout: Duration) -> Self {
        Self {
            way: Way::Cluster(connection),
            timeout,
        }
    }

    /// The connection of a cluster.
    pub(crate) const fn is_cluster(&self) -> bool {
        matches!(self.way, Way::Cluster(_))
    }

    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        self.within(async {
            match self.way.clone() {
                Way::Single(mut to) => command.query_async(&mut to).await,
                Way::Cluster(mut to) => command.query_async(&mut to).await,
            }
        })
        .await
    }

    /// Commands of one node.
    pub(crate) async fn pipeline<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, RedisError> {
        self.within(async {
            match self.way.clone() {
                Way::Single(mut to) => pipeline.query_async(&mut to).await,
                Way::Cluster(mut to) => pipeline.query_async(&mut to).await,
            }
        })
        .await
    }

    /// Commands that answer nothing of interest. A pipeline goes to one node; a cluster gets them one by one, all at
    /// once.
    pub(crate) async fn all(&self, commands: Vec<Cmd>) -> Result<(), RedisError> {
        for commands in commands.chunks(AT_ONCE) {
            if self.is_cluster() {
                try_join_all(commands.iter().map(|command| self.query::<Value>(command))).await?;
            } else {
                let mut pipeline = Pipeline::with_capacity(commands.len());
                for command in commands {
                    pipeline.add_command(command.clone()).ignore();
                }
                self.pipeline::<()>(&pipeline).await?;
            }
        }
        Ok(())
    }

    /// Sends a command where the routing says; one server is everywhere.
    pub(crate) async fn route(&self, command: Cmd, routing: RoutingInfo) -> Result<Value, RedisError> {
        self.within(async {
            match self.way.clone() {
                Way::Single(mut to) => to.req_packed_command(&command).await,
                Way::Cluster(mut to) => to.route_command(command, routing).await,
            }
        })
        .await
    }

    /// Commands of the node that has this key, also when some of them name none.
    #[cfg(feature = "feed")]
    pub(crate) async fn pipeline_to<T: FromRedisValue>(
        &self,
        key: &str,
        pipeline: Pipeline,
    ) -> Result<T, RedisError> {
        let Way::Cluster(mut to) = self.way.clone() else {
            return self.pipeline(&pipeline).await;
        };
        let node = SingleNodeRoutingInfo::SpecificNode(Route::with_key(key, SlotAddr::Master));
        let count = pipeline.len();
        let answers = self.within(to.route_pipeline(pipeline, 0, count, node)).await?;
        Ok(from_redis_value(Value::Array(answers).extract_error()?)?)
    }

    /// The driver's own timeouts end an answer that does not come, not the wait for a connection.
    async fn within<T>(&self, trip: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
        timeout(self.timeout, trip)
            .await
            .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
    }
}
