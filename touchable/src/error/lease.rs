//! What can go wrong around a lease. [`Error`] is how it reaches a caller.

use std::{error, fmt};

use super::Error;

#[derive(Debug)]
pub(crate) enum Failure {
    /// No place can keep a lease like this.
    Settings { name: String, problem: String },
    /// The place did not do as it was told.
    Place {
        place: &'static str,
        operation: &'static str,
        name: String,
        source: Box<dyn error::Error + Send + Sync>,
    },
    /// It went to somebody else, or could not be renewed in time.
    Lost { name: String, token: u64 },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings { name, problem } => write!(f, "no lease `{name}` can be had: {problem}"),
            Self::Place {
                place,
                operation,
                name,
                source,
            } => write!(f, "could not {operation} the lease `{name}` in {place}: {source}"),
            Self::Lost { name, token } => write!(
                f,
                "the lease `{name}` (token {token}) is lost: it was not renewed in time, and another may hold it by now"
            ),
        }
    }
}

impl Failure {
    pub(crate) fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Place { source, .. } => Some(&**source),
            _ => None,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::lease(failure)
    }
}
