//! The store that is off.

use bytes::Bytes;

use super::{Store, Ttl};
use crate::error::Result;

/// Keeps nothing: as if every entry went the moment it was written.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> touchable::Result<()> {
/// use touchable::cache::store::{Null, Store};
///
/// Null.set("events/1", "a page".into(), None).await?;
/// assert_eq!(Null.get("events/1").await?, None);
/// assert!(Null.add("events/1", "a page".into(), None).await?);
/// assert_eq!(Null.increment("visits", 3, None).await?, 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Store for Null {
    const NAME: &'static str = "null";
    const SHARED: bool = false;

    async fn get(&self, _: &str) -> Result<Option<Bytes>> {
        Ok(None)
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
        Ok(vec![None; keys.len()])
    }

    async fn set(&self, _: &str, _: Bytes, _: Option<Ttl>) -> Result<()> {
        Ok(())
    }

    async fn set_many(&self, _: &[(&str, Bytes)], _: Option<Ttl>) -> Result<()> {
        Ok(())
    }

    async fn delete(&self, _: &str) -> Result<bool> {
        Ok(false)
    }

    async fn delete_many(&self, _: &[&str]) -> Result<u64> {
        Ok(0)
    }

    async fn delete_prefix(&self, _: &str) -> Result<u64> {
        Ok(0)
    }

    async fn increment(&self, _: &str, by: i64, _: Option<Ttl>) -> Result<i64> {
        Ok(by)
    }

    async fn add(&self, _: &str, _: Bytes, _: Option<Ttl>) -> Result<bool> {
        Ok(true)
    }
}
