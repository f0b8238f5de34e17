//! A key as a store gets it, in text that is used again.

use std::{cell::Cell, mem, ops::Deref};

/// Room for most keys.
const USUAL_BYTES: usize = 128;
/// Keys that were cut have asked for any room; they take it with them.
const MOST_BYTES: usize = 1024;

thread_local! {
    /// What the last key of this thread was written in: a hit in memory then allocates nothing.
    static SPARE: Cell<String> = const { Cell::new(String::new()) };
}

/// See [`Namespace::spell`](super::Namespace::spell).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spelled(String);

impl Spelled {
    /// Empty text with room for a key.
    pub(super) fn room() -> String {
        let mut text = SPARE.try_with(Cell::take).unwrap_or_default();
        text.clear();
        text.reserve(USUAL_BYTES);
        text
    }

    pub(super) const fn of(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn into_string(mut self) -> String {
        mem::take(&mut self.0)
    }
}

impl Deref for Spelled {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Spelled {
    fn drop(&mut self) {
        if (1..=MOST_BYTES).contains(&self.0.capacity()) {
            // Without it the next key asks for room of its own.
            let _ = SPARE.try_with(|spare| spare.set(mem::take(&mut self.0)));
        }
    }
}
