//! How a store in Redis comes about.

use std::{fmt, time::Duration};

use super::{NAME, Redis};
use crate::{cache::store::failed, error::Result, redis::Server};

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
        let failed = |source| failed::failed(NAME, "connect to", "its server", source);
        let mut server = Server::parse(&self.urls).map_err(|problem| failed(problem.into()))?;
        server.set_connect_timeout(self.connect_timeout);
        server.set_response_timeout(self.response_timeout);
        let connection = server
            .open()
            .await
            .map_err(|error| failed(server.explain(error)))?;
        Ok(Redis { connection, server })
    }
}
