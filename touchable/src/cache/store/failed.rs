//! How a store's failures are told.

use std::{error, fmt, sync::Arc};

use crate::error::{Error, cache::Failure};

/// An error that says which store could not do what, and to which key.
pub(super) fn failed(
    store: &'static str,
    operation: &'static str,
    what: impl fmt::Display,
    source: impl Into<Box<dyn error::Error + Send + Sync>>,
) -> Error {
    Failure::Store {
        store,
        operation,
        what: what.to_string(),
        source: Arc::from(source.into()),
    }
    .into()
}

/// A key in a message.
pub(super) fn key(key: &str) -> String {
    format!("`{key}`")
}

/// Several keys in a message, by the first of them.
pub(super) fn keys<'a>(mut keys: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = keys.len();
    let first = keys.next().unwrap_or_default();
    if count == 1 {
        format!("`{first}`")
    } else {
        format!("{count} entries, the first of them `{first}`")
    }
}

/// What to do about an error, in front of it.
#[derive(Debug)]
pub(super) struct Explained<E> {
    pub(super) advice: String,
    pub(super) source: E,
}

impl<E: fmt::Display> fmt::Display for Explained<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.advice, self.source)
    }
}

impl<E: error::Error + 'static> error::Error for Explained<E> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}
