//! What a save sets in motion: from the columns that change to the rows that show them.
//!
//! ```text
//! rule ──► update ──► note ────► plan ──► sql ──► flush
//! which    what       from       which   in each   one UPDATE
//! rows     really     before to  rows,   backend's a table
//! show it  changes    after save merged  words
//! ```

mod ahead;
mod announce;
mod assigned;
mod bulk;
mod capture;
mod components;
mod deadlock;
mod delete;
mod explain;
mod explicit;
mod flush;
pub(crate) mod hooks;
mod insert;
mod lock;
mod note;
mod plan;
mod publish;
mod row;
mod rows;
mod rule;
mod schema;
mod sides;
mod sql;
mod stamping;
mod suppress;
mod update;
mod version;
mod writer;

pub use bulk::{TouchMany, Touching};
pub use explain::{Explained, Explanation, explain, explain_delete, explain_insert};
pub use explicit::TouchRecord;
pub(crate) use explicit::touch_all;
pub use flush::Touched;
pub use lock::LockRecord;
pub use rule::{Dirty, Event, Events, Fields, Rule};
pub use schema::Schema;
pub(crate) use schema::known as known_schemas;
pub(crate) use sql::rising;
pub use suppress::{no_touching, no_touching_on};

/// What connections use of the engine.
pub(crate) mod engine {
    pub(crate) use super::{
        assigned::{Assigned, rows_of},
        capture::Captured,
        deadlock::{Tries, take_turn},
        explicit::{CHUNK, begin, finish},
        flush::{Moved, carry_out, flush_entries},
        plan::{Entry, Except, Key, Plan, Query, Reason, RowSet, Start, Touch, Values, plan},
        row::{display_key, is_null, primary_key_of_model},
        schema::{ColumnKind, CompiledRule},
        sql::{Sql, Worded, quoted_table},
        suppress::{Suppression, is_suppressed, is_suppressing},
    };
}
