//! Where the tests' Redis is.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::{SystemTime, UNIX_EPOCH},
};

fn url(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test, it brings up the servers"))
}

/// The server of `TOUCHABLE_REDIS_URL`.
///
/// # Panics
///
/// Panics without that variable.
#[must_use]
pub fn redis_url() -> String {
    url("TOUCHABLE_REDIS_URL")
}

/// The cluster of `TOUCHABLE_REDIS_CLUSTER_URL`.
///
/// # Panics
///
/// Panics without that variable.
#[must_use]
pub fn cluster_url() -> String {
    url("TOUCHABLE_REDIS_CLUSTER_URL")
}

/// A namespace that one test has to itself.
#[must_use]
pub fn namespace() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!(
        "t{}.{}.{}",
        process::id(),
        NEXT.fetch_add(1, Relaxed),
        nanos % 1_000_000_000
    )
}
