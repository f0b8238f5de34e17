//! Rows that are deleted by a column.

use super::Events;

/// What an update does to a row that a column deletes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SoftDelete {
    /// The row stays there, or stays away.
    #[default]
    Stays,
    Deletes,
    Restores,
    /// One of these.
    Unknown,
}

impl SoftDelete {
    /// By whether the column is null before and after; `None` where that is not known.
    pub(crate) const fn of(before: Option<bool>, after: Option<bool>) -> Self {
        match (before, after) {
            (Some(true), Some(false)) => Self::Deletes,
            (Some(false), Some(true)) => Self::Restores,
            (Some(_), Some(_)) => Self::Stays,
            _ => Self::Unknown,
        }
    }

    /// Whether a rule on these events hears of it.
    pub(crate) const fn fires(self, events: Events) -> bool {
        match self {
            Self::Stays => false,
            Self::Deletes => events.delete,
            Self::Restores => events.create,
            Self::Unknown => events.delete || events.create,
        }
    }
}
