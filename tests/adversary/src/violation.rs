//! What a history can show.

use std::fmt;

use crate::state::Fragment;

/// A promise that a history has broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub check: Check,
    /// The step after which it shows, by writer and number; none at rest.
    pub after: Option<(usize, usize)>,
    /// Whether a write that changed nothing was among those that it is about.
    pub idle: bool,
    /// The fragments it is about.
    pub fragments: Vec<Fragment>,
    /// In words.
    pub says: String,
}

/// The promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// (a) What is cached under a current key is what would be rendered now.
    Stale,
    /// (b) Nothing moves that no committed write explains.
    Surplus,
    /// Stamps rise.
    Fell,
    /// (c) What succeeded is stored, as the database itself would store it; what failed is not.
    Stored,
    /// (d) There is no error that SeaORM alone would not have.
    Failed,
    /// (d) There is no success where SeaORM alone has an error.
    Succeeded,
    /// (e) Contention ends in errors in the documented shapes only.
    Contention,
    /// (f) Work after the commit runs exactly for what is committed.
    AfterCommit,
    /// (f) A commit that the server made a rollback of is an error.
    FalseCommit,
    /// (g) Levels agree.
    Levels,
    /// (h) Nothing is left: no intent, no session.
    Left,
    /// (i) A write that bypasses the rules of a `TouchConnection` is warned of, or refused where that is strict.
    Unnoticed,
    /// Writers do not wait for each other for ever.
    Hang,
}

impl Violation {
    /// One without fragments.
    #[must_use]
    pub fn new(check: Check, after: Option<(usize, usize)>, says: impl Into<String>) -> Self {
        Self {
            check,
            after,
            idle: false,
            fragments: Vec::new(),
            says: says.into(),
        }
    }

    /// A write that bypassed the rules, and nobody said so.
    #[must_use]
    pub fn unnoticed(at: (usize, usize)) -> Self {
        Self::new(
            Check::Unnoticed,
            Some(at),
            "the write bypasses the rules, and nobody said so",
        )
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.check)?;
        if let Some((writer, step)) = self.after {
            write!(f, " after step {step} of writer {writer}")?;
        }
        write!(f, ": {}", self.says)
    }
}
