//! What a save sets in motion: from the columns that change to the rows that show them.
//!
//! ```text
//! rule ──► update ──► ticket ──► plan ──► sql ──► flush
//! which    what       from       which   in each   one UPDATE
//! rows     really     before to  rows,   backend's a table
//! show it  changes    after save merged  words
//! ```

mod bulk;
mod bulk_insert;
mod bulk_update;
mod capture;
mod components;
mod explicit;
mod flush;
pub(crate) mod hooks;
mod plan;
mod rising;
mod row;
mod rule;
mod schema;
mod sql;
mod suppress;
mod ticket;
mod update;
mod version;
mod walk;

pub use bulk::{TouchMany, Touching};
pub use explicit::TouchRecord;
pub(crate) use explicit::touch_all;
pub use flush::Touched;
pub use rule::{Dirty, Event, Events, Fields, Rule};
pub use schema::Schema;
pub use suppress::{no_touching, no_touching_on};
