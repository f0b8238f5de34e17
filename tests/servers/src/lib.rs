//! The servers that tests find running, and those that they start themselves. A crate of its own: tests that need no database
//! do not wait for the entities of those that do.

mod own_redis;
mod redis;

pub use own_redis::OwnRedis;
pub use redis::{cluster_url, namespace, redis_url};
