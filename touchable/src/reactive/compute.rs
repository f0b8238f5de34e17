//! What the application says of a value: how it is computed.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::cache::CacheKey;

/// Any error of the application's.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How values of one kind are computed.
///
/// ```
/// use touchable::reactive::{BoxError, Compute, Computed};
///
/// struct Deployments;
///
/// # async fn ask_the_cloud(_: u64) -> std::io::Result<String> { Ok("running".to_owned()) }
/// impl Compute for Deployments {
///     const NAME: &'static str = "deployments";
///     type Key = u64;
///     type Value = String;
///
///     async fn compute(&self, key: &u64, _before: Option<&String>) -> Result<Computed<String>, BoxError> {
///         Ok(Computed::Value(ask_the_cloud(*key).await?))
///     }
/// }
/// ```
///
/// A computation that waits does so in an `.await`: one that blocks its thread cannot be timed out.
pub trait Compute: Send + Sync + 'static {
    /// What these values are called: in Redis, in metrics and in logs. Nodes that have a `Compute` of this name compute its
    /// values, others leave them alone.
    const NAME: &'static str;
    /// Which value: it names the entry, and goes to the worker that computes it, on another node too.
    type Key: CacheKey + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The value. It is encoded with postcard, as the values of a [`Cache`](crate::cache::Cache) are.
    type Value: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Computes a value anew; `before` is the one that is there.
    ///
    /// # Errors
    /// Any. The value before stays and is served as [`Stale`](super::Reading::Stale) with the error's text.
    fn compute(
        &self,
        key: &Self::Key,
        before: Option<&Self::Value>,
    ) -> impl Future<Output = Result<Computed<Self::Value>, BoxError>> + Send;

    /// Called by the worker after a value has been stored whose encoding is another one than that of the value before.
    ///
    /// What it does is its own: a panic is reported and changes nothing, and it has as long as a computation.
    fn on_updated(
        &self,
        _key: &Self::Key,
        _old: Option<&Self::Value>,
        _new: &Self::Value,
    ) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// What a computation has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Computed<V> {
    /// A value.
    Value(V),
    /// The value before is still right, and as fresh as a new one.
    Unchanged,
    /// There is nothing any more: the value is removed, and nothing is computed until somebody asks again.
    Gone,
    /// A value, or the one before, with its own time: see [`again_in`](Self::again_in).
    AgainIn {
        /// `None` for the value before.
        value: Option<V>,
        /// When to compute it again.
        again_in: Duration,
    },
}

impl<V> Computed<V> {
    /// Computes it again after this time instead of the interval, once: what a service says in `Retry-After`, or some time
    /// before a token ends. As with the interval, the value is fresh until it is late. From 10 ms to a year; [`Gone`](Self::Gone) stays gone.
    #[must_use]
    pub fn again_in(self, again_in: Duration) -> Self {
        let value = match self {
            Self::Gone => return Self::Gone,
            Self::Value(value) => Some(value),
            Self::Unchanged => None,
            Self::AgainIn { value, .. } => value,
        };
        Self::AgainIn { value, again_in }
    }
}
