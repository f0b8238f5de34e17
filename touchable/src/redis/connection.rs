//! One connection for everybody, to a server or to a cluster.

use std::{io, time::Duration};

use ::redis::{
    Cmd, FromRedisValue, Pipeline, RedisError, aio::ConnectionManager, cluster_async::ClusterConnection,
};
#[cfg(feature = "feed")]
use ::redis::{
    Value,
    cluster_routing::{Route, SingleNodeRoutingInfo, SlotAddr},
    from_redis_value,
};
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
        Ok(from_redis_value(Value::Array(answers))?)
    }

    /// The driver's own timeouts end an answer that does not come, not the wait for a connection.
    async fn within<T>(&self, trip: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
        timeout(self.timeout, trip)
            .await
            .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
    }
}
