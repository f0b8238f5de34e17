//! A save and its touches as one statement of PostgreSQL.
//!
//! ```sql
//! WITH saved AS (
//!   UPDATE events SET name = $1, updated_at = greatest($2, updated_at + interval '1 microsecond')
//!   FROM (SELECT id AS w0, name AS w1 FROM events WHERE id = $3 FOR UPDATE) was
//!   WHERE events.id = $3 AND events.id = was.w0 AND was.w1 IS DISTINCT FROM $1
//!   RETURNING .., was.*, events.id AS n0, events.name AS n1),
//! touched0 AS (
//!   UPDATE tasks SET updated_at = .. WHERE id IN (
//!     SELECT id FROM tasks WHERE event_id IN (SELECT n0 FROM saved WHERE w1 IS DISTINCT FROM n1)
//!     ORDER BY id FOR NO KEY UPDATE)
//!   RETURNING 1)
//! SELECT saved.*, (SELECT count(*) FROM touched0) AS touched_rows0 FROM saved
//! ```
//!
//! The subselect in the UPDATE's FROM waits for a concurrent writer of the row and then sees that writer's values;
//! the same SELECT as a common table expression would not. (The names that are not the
//! application's begin with `touchable_` in truth.)

mod columns;
mod compose;
mod run;

use sea_orm::{
    DbBackend,
    sea_query::{Alias, DynIden, IntoIden},
};

use super::template::Template;
use crate::touch::engine::Plan;

pub(super) use compose::compose;

const BACKEND: DbBackend = DbBackend::Postgres;

/// A statement that saves and touches.
#[derive(Debug)]
pub(super) struct Single {
    pub template: Template,
    pub plan: Plan,
    /// Where a rule's rows hold the key: the same statement, which does nothing unless it is
    /// [alone](super::contention).
    pub gated: Option<Template>,
}

// Every name in the statement that is not the application's begins so: tables and columns may have any other.
const SAVED: &str = "touchable_saved";
const WAS: &str = "touchable_was";
const GATE: &str = "touchable_gate";
/// The column that says whether the statement was alone.
const ALONE_COLUMN: &str = "touchable_alone";
/// The column that counts the saved rows.
const FOUND_COLUMN: &str = "touchable_found";

/// The column that says how many rows a touch has moved.
fn rows_column(touch: usize) -> String {
    format!("touchable_rows{touch}")
}

/// The part of the statement that touches.
fn part(touch: usize) -> String {
    format!("touchable_touched{touch}")
}

fn own_name(kind: char, i: usize) -> String {
    format!("touchable_{kind}{i}")
}

fn alias(kind: char, i: usize) -> DynIden {
    Alias::new(own_name(kind, i)).into_iden()
}
