//! Events, tasks, owners. Their rules say which other fragments show what:
//!
//! ```text
//!   owner ──name──► its tasks' cards ──all but the note──► their event
//!     └────name──► the events of those tasks
//!   event ──name──► its tasks' cards
//! ```

pub mod event;
pub mod owner;
pub mod task;

use touchable::TouchGraph;

/// The rules of all three.
pub fn graph() -> TouchGraph {
    TouchGraph::of::<(owner::Entity, task::Entity, event::Entity)>()
}
