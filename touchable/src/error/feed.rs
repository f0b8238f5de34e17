//! What can go wrong around a feed. [`Error`] is how it reaches a caller.

use std::{error, fmt, time::Duration};

use super::Error;

pub(crate) type Cause = Box<dyn error::Error + Send + Sync>;

#[derive(Debug)]
pub(crate) enum Failure {
    /// A builder was given something that cannot work.
    Settings(String),
    /// Redis did not do as it was told.
    Redis {
        operation: &'static str,
        /// A key, or the server.
        what: String,
        source: Cause,
    },
    TooOld {
        found: String,
    },
    Id(String),
    /// An offset that the library has not written.
    Offset {
        key: String,
        value: String,
        problem: &'static str,
    },
    /// A record that cannot be written as JSON.
    Payload {
        stream: String,
        source: Cause,
    },
    /// Fewer replicas than asked for have a delay message in time.
    NotReplicated {
        stream: String,
        wanted: u32,
        found: u32,
        within: Duration,
    },
    Handler {
        stream: String,
        consumer: String,
        reason: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(problem) => f.write_str(problem),
            Self::Redis {
                operation,
                what,
                source,
            } => write!(f, "could not {operation} `{what}`: {source}"),
            Self::TooOld { found } => write!(
                f,
                "the feed needs Redis 6.2 or newer, and this server is {found}; its streams cannot be trimmed by id"
            ),
            Self::Id(text) => write!(f, "`{text}` is no id of a message, such as 1700000000000-0"),
            Self::Offset { key, value, problem } => write!(
                f,
                "the offset in `{key}` is `{value}`, {problem}; set it to the id of the last message that is done, or delete \
                 it to begin at the start of the stream"
            ),
            Self::Payload { stream, source } => {
                write!(f, "a record cannot be written to the feed `{stream}`: {source}")
            }
            Self::NotReplicated {
                stream,
                wanted,
                found,
                within,
            } => write!(
                f,
                "a delay message of the feed `{stream}` reached {found} of {wanted} replicas within {within:?}"
            ),
            Self::Handler {
                stream,
                consumer,
                reason,
            } => write!(
                f,
                "the handler of `{consumer}` failed on the feed `{stream}`: {reason}"
            ),
        }
    }
}

impl Failure {
    pub(crate) fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Redis { source, .. } | Self::Payload { source, .. } => Some(&**source),
            _ => None,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::feed(failure)
    }
}
