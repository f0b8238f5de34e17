//! What a save sets in motion.

mod rule;
mod schema;

pub use rule::{Dirty, Event, Events, Fields, Rule};
pub use schema::Schema;
