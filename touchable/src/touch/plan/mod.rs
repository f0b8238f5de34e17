//! From fired rules to touches: merged, cascaded, in a fixed order. Pure: nothing here speaks to a database.
//!
//! ```text
//! entry    what a save, a bulk write or the application asks to be touched
//! rows     sets of rows, described so that the database can find them
//! planner  entries, and all they cascade to
//! touch    what comes of it: one UPDATE for each table and set of columns
//! ```

mod entry;
mod planner;
mod rows;
mod touch;

pub(crate) use entry::Entry;
pub(crate) use planner::plan;
pub(crate) use rows::{Query, RowSet, Start, Values, Walk, WalkEdge};
pub(crate) use touch::{Except, Plan, Reason, Touch};
