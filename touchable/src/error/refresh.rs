//! What can go wrong around an auto-refresh cache. [`Error`] is how it reaches a caller.

use std::{fmt, time::Duration};

use super::Error;

#[derive(Debug)]
pub(crate) enum Failure {
    /// A builder was given settings that cannot work.
    Settings(String),
    /// There is no room for another item.
    Full {
        name: String,
        key: String,
        capacity: usize,
    },
    /// There is no such item, or not any more.
    Missing { name: String, key: String },
    /// Nothing is polled until somebody says so.
    GivenUp { name: String, key: String },
    /// Nothing more will become of an item.
    Finished { name: String, key: String },
    /// An item did not become what was waited for.
    NotInTime {
        name: String,
        key: String,
        waited: Duration,
    },
    /// What creates an item asks for that item.
    CreatesItself { name: String, key: String },
    /// It was shut down.
    ShutDown { name: String, key: String },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(problem) => f.write_str(problem),
            Self::Full { name, key, capacity } => write!(
                f,
                "`{name}` is full with {capacity} items, so that {key} cannot be kept in step; raise its `capacity`, give it a \
                 `terminal_ttl`, or let it evict"
            ),
            Self::Missing { name, key } => write!(f, "`{name}` has no item {key}"),
            Self::GivenUp { name, key } => write!(
                f,
                "`{name}` has given {key} up after failures in a row; its `last_error` says why, `retry` polls it again"
            ),
            Self::Finished { name, key } => {
                write!(f, "{key} of `{name}` is terminal, and not what was waited for")
            }
            Self::NotInTime { name, key, waited } => write!(
                f,
                "{key} of `{name}` did not become what was waited for within {waited:?}"
            ),
            Self::CreatesItself { name, key } => {
                write!(f, "what creates {key} of `{name}` asks `{name}` to create {key}")
            }
            Self::ShutDown { name, key } => {
                write!(f, "`{name}` was shut down, so that {key} would never be polled")
            }
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::refresh(failure)
    }
}
