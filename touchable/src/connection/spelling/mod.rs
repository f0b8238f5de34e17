//! How SeaORM spells the statements of a save: the one place that reads them.
//!
//! ```text
//! verb    which save a statement is of
//! update  the parts of an UPDATE, and the same with other values
//! ```

mod update;
mod verb;

pub(super) use update::{ROWS, WrittenUpdate, raised, together};
pub(crate) use verb::Verb;
pub(super) use verb::{bound, deletes, is_on, saves, updates};
