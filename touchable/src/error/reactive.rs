//! What can go wrong around a reactive cache. [`Error`] is how it reaches a caller.

use std::{error, fmt};

use super::Error;

#[derive(Debug)]
pub(crate) enum Failure {
    /// A builder was given settings that exclude each other.
    Settings(String),
    /// A key cannot be sent to the worker that is to compute its value.
    Key {
        name: &'static str,
        source: Box<dyn error::Error + Send + Sync>,
    },
    /// What is wanted is not what a worker would compute.
    Alike { name: &'static str, key: String },
    /// The value of a key that somebody else is computing cannot be computed here now.
    Busy { name: &'static str, key: String },
    /// The schedule did not do as it was told.
    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "memory always does"))]
    Schedule {
        operation: &'static str,
        what: String,
        source: Box<dyn error::Error + Send + Sync>,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(problem) => f.write_str(problem),
            Self::Key { name, source } => {
                write!(f, "a key of `{name}` cannot be encoded for its worker: {source}")
            }
            Self::Alike { name, key } => write!(
                f,
                "two keys of `{name}` are spelled `{key}` and encoded differently, so that one would be served the value of the other; \
                 spell them apart in their `CacheKey`, or, when this release has another type for the key, give it another `NAME`"
            ),
            Self::Busy { name, key } => {
                write!(
                    f,
                    "`{key}` of `{name}` is being computed, and that did not end in time"
                )
            }
            Self::Schedule {
                operation,
                what,
                source,
            } => write!(f, "could not {operation} `{what}` in Redis: {source}"),
        }
    }
}

impl Failure {
    pub(crate) fn alike(name: &'static str, key: &str) -> Self {
        Self::Alike {
            name,
            key: key.to_owned(),
        }
    }

    pub(crate) fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Key { source, .. } | Self::Schedule { source, .. } => Some(&**source),
            Self::Settings(_) | Self::Alike { .. } | Self::Busy { .. } => None,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::reactive(failure)
    }
}
