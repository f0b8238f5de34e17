//! The kinds of fault that the library has today. Each is told by its shape, and most are asserted to be there still:
//! what is fixed has to be taken off the list.

mod kinds;
mod seen;

pub use kinds::KINDS;
pub use seen::Seen;
use touchable_tests::Backend;

use crate::{history::History, schema::Schema, violation::Violation};

/// A kind of fault.
#[derive(Debug)]
pub struct Kind {
    /// Its name, which begins as in the list of kinds; `N` for those that the adversary has found.
    pub name: &'static str,
    /// Whether a violation is of this kind.
    pub shape: fn(&Seen<'_>) -> bool,
    /// Where a history shows it for certain, and the history; none where it takes luck.
    pub shown: &'static [(&'static [Backend], &'static str)],
}

/// The kind that a violation is of.
///
/// `TOUCHABLE_UNKNOWN=K3` takes the kinds whose name begins so for unknown ones: their histories are made small and
/// printed.
#[must_use]
pub fn kind(
    schema: &Schema,
    backend: Backend,
    history: &History,
    violation: &Violation,
) -> Option<&'static Kind> {
    let unknown = std::env::var("TOUCHABLE_UNKNOWN").ok();
    let seen = Seen {
        schema,
        backend,
        history,
        violation,
    };
    KINDS
        .iter()
        .filter(|kind| {
            !unknown
                .as_ref()
                .is_some_and(|unknown| kind.name.starts_with(unknown))
        })
        .find(|kind| (kind.shape)(&seen))
}
