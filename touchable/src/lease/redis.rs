//! Leases in Redis or Redis Cluster.

use std::{
    fmt,
    sync::{Arc, LazyLock},
    time::Duration,
};

use ::redis::RedisError;

use super::{Grant, Holder, Leases, grant::check};
use crate::{
    error::{Error, Result, lease::Failure},
    redis::{Connection, Script, Server, escaped, millis},
};

/// Leases in Redis 6.2 or newer, on one server or on a cluster.
///
/// A lease is a key that expires, `touchable:{name}:lease`; beside it, in the same slot, its last token stays. A server
/// that loses what it has acknowledged (a failover to a replica that lags) can grant a lease twice, or a token again:
/// where that must not be, keep leases in the [database](super::DatabaseLeases). A clone is the same place.
#[derive(Clone)]
pub struct RedisLeases {
    server: Server,
    connection: Connection,
    keys: Keys,
}

#[derive(Clone)]
enum Keys {
    /// Every lease in a slot of its own.
    Spread { namespace: Arc<str> },
    /// All in the slot of the tag in this prefix.
    #[cfg(feature = "feed")]
    Within { prefix: Arc<str> },
}

impl Keys {
    fn of(&self, kind: &str, name: &str) -> String {
        let name = escaped(name);
        match self {
            Self::Spread { namespace } => format!("{namespace}:{{{name}}}:{kind}"),
            #[cfg(feature = "feed")]
            Self::Within { prefix } => format!("{prefix}:{kind}:{name}"),
        }
    }
}

// A lease's value is its token and its holder.
static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local held = redis.call('GET', KEYS[1])
         if held and string.match(held, ' (.*)$') ~= ARGV[1] then return 0 end
         local token = redis.call('INCR', KEYS[2])
         redis.call('SET', KEYS[1], string.format('%.0f', token) .. ' ' .. ARGV[1], 'PX', ARGV[2])
         return token",
    )
});
static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('DEL', KEYS[1])",
    )
});

impl RedisLeases {
    /// Connects to the server of a URL, `redis://user:password@host:port/database`, or to the cluster of one or several
    /// nodes, with commas between their URLs.
    ///
    /// # Errors
    /// When the URL is none, nobody answers there in time, or it refuses the password.
    pub async fn connect(url: &str) -> Result<Self> {
        let failed = |source| {
            Error::from(Failure::Place {
                place: "Redis",
                operation: "ask for",
                name: "*".to_owned(),
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
            keys: Keys::Spread {
                namespace: "touchable".into(),
            },
        })
    }

    /// The same place with other keys; `touchable` by default. Leases of different namespaces are different leases.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.keys = Keys::Spread {
            namespace: escaped(namespace).into(),
        };
        self
    }

    /// Leases beside other keys, under their prefix with its hash tag.
    #[cfg(feature = "feed")]
    pub(crate) const fn within(server: Server, connection: Connection, prefix: Arc<str>) -> Self {
        Self {
            server,
            connection,
            keys: Keys::Within { prefix },
        }
    }

    fn failed(&self, operation: &'static str, name: &str, error: RedisError) -> Error {
        Failure::Place {
            place: "Redis",
            operation,
            name: name.to_owned(),
            source: self.server.explain(error),
        }
        .into()
    }

    fn lease(&self, name: &str) -> String {
        self.keys.of("lease", name)
    }

    /// Where the last token of a lease stays.
    pub(crate) fn token(&self, name: &str) -> String {
        self.keys.of("token", name)
    }
}

impl Leases for RedisLeases {
    const NAME: &'static str = "redis";

    async fn acquire(&self, name: &str, holder: &Holder, time: Duration) -> Result<Option<Grant>> {
        check(name, time)?;
        let token: u64 = ACQUIRE
            .run(
                &self.connection,
                &[&self.lease(name), &self.token(name)],
                |command| {
                    command.arg(holder.as_str()).arg(millis(time));
                },
            )
            .await
            .map_err(|error| self.failed("acquire", name, error))?;
        Ok((token > 0).then(|| Grant::new(name, holder, token)))
    }

    async fn renew(&self, grant: &Grant, time: Duration) -> Result<bool> {
        check(&grant.name, time)?;
        RENEW
            .run(&self.connection, &[&self.lease(&grant.name)], |command| {
                command.arg(value(grant)).arg(millis(time));
            })
            .await
            .map_err(|error| self.failed("renew", &grant.name, error))
    }

    async fn release(&self, grant: &Grant) -> Result<bool> {
        RELEASE
            .run(&self.connection, &[&self.lease(&grant.name)], |command| {
                command.arg(value(grant));
            })
            .await
            .map_err(|error| self.failed("release", &grant.name, error))
    }
}

impl fmt::Debug for RedisLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLeases")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

fn value(grant: &Grant) -> String {
    format!("{} {}", grant.token, grant.holder.as_str())
}
