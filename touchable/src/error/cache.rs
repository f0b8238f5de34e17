//! What can go wrong around a cache. [`Error`] is how it reaches a caller.

use std::{error, fmt, sync::Arc};

use super::Error;

/// An error of a loader, shared by everyone who waited for it.
pub(crate) type Shared = Arc<dyn error::Error + Send + Sync>;

#[cfg_attr(
    not(feature = "cache"),
    expect(dead_code, reason = "without stores only keys can fail")
)]
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Nothing can be stored under this key.
    Key(String),
    /// A record that was never saved, or whose touch column was not selected.
    NoVersion {
        table: &'static str,
        problem: &'static str,
    },
    Ttl(String),
    /// The store behind the cache did not do as it was told.
    Store {
        store: &'static str,
        operation: &'static str,
        /// The key, or how many there were.
        what: String,
        source: Shared,
    },
    Loader {
        key: String,
        source: Shared,
    },
    /// The loader panicked, with this message.
    Panic {
        key: String,
        message: String,
    },
    /// The value cannot be written in the cache's format.
    Value {
        key: String,
        source: Shared,
    },
    /// A builder was given settings that exclude each other.
    Settings(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(problem) => write!(f, "nothing can be cached under this key: {problem}"),
            Self::NoVersion { table, problem } => {
                write!(
                    f,
                    "a record of `{table}` has no version to be cached under: {problem}"
                )
            }
            Self::Ttl(problem) => write!(f, "an entry cannot live for this time: {problem}"),
            Self::Store {
                store,
                operation,
                what,
                source,
            } => write!(f, "the {store} store failed to {operation} {what}: {source}"),
            Self::Loader { key, source } => write!(f, "could not load `{key}`: {source}"),
            Self::Panic { key, message } => write!(f, "the loader of `{key}` panicked: {message}"),
            Self::Value { key, source } => write!(f, "the value of `{key}` cannot be stored: {source}"),
            Self::Settings(problem) => f.write_str(problem),
        }
    }
}

impl Failure {
    pub(crate) fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Store { source, .. } | Self::Loader { source, .. } | Self::Value { source, .. } => {
                Some(source.as_ref())
            }
            _ => None,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::cache(failure)
    }
}
