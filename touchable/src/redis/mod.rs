//! One way to Redis and Redis Cluster for everything that goes there.

mod address;
mod advice;
mod connection;
#[cfg(any(feature = "lease", feature = "reactive"))]
mod script;
mod server;

pub(crate) use connection::Connection;
#[cfg(any(feature = "lease", feature = "reactive"))]
pub(crate) use script::Script;
pub(crate) use server::Server;

/// A name as part of a key, and of a hash tag: braces would end the tag, and escaped they cannot.
#[cfg(any(feature = "lease", feature = "reactive"))]
pub(crate) fn escaped(name: &str) -> String {
    name.replace('%', "%25").replace('{', "%7B").replace('}', "%7D")
}

/// As Redis takes times.
#[cfg(any(feature = "lease", feature = "reactive"))]
pub(crate) fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
