//! From fired rules to statements, and the one place that sends them. Which rules fire is decided above, by whoever saves.
//!
//! ```text
//! plan         entries, merged and cascaded, in a fixed order: pure
//! sql          a plan as statements, in each dialect: pure
//! assigned     what an UPDATE sets, and whom that concerns: pure
//! judged       what of it really changes the stored row
//! sides        rows that a condition associates, before and after
//! locks        the rows of a plan, locked in its order
//! send         one UPDATE for each table and set of columns
//! tries        trying again what failed for the moment
//! suppress     scopes in which nobody is touched
//! own          statements of the library's own
//! ```

mod assigned;
#[cfg(all(test, feature = "derive"))]
mod golden;
mod judged;
mod keys;
mod locks;
mod observe;
mod own;
mod plan;
mod send;
pub(crate) mod sides;
mod sql;
mod suppress;
mod transaction;
mod tries;

pub(crate) use assigned::{Assigned, Assignment, rows_of};
#[cfg(all(test, feature = "derive"))]
use judged::Named;
pub(crate) use judged::{Fired, Judged};
pub(crate) use keys::{CHUNK, read_keys};
pub(crate) use locks::{lock_ahead, lock_parents, lock_reached, locks_ahead};
pub(crate) use observe::saved;
pub(crate) use own::{is_ours, ours};
pub(crate) use plan::{Entry, Except, Plan, Query, RowSet, Start, Touch, Values, plan};
pub use send::Touched;
pub(crate) use send::{Moved, carry_out, carry_out_with, flush_entries, plan_and_carry_out};
pub(crate) use sql::{Sql, Worded, in_values, joined, keyed, mysql, of_keys};
pub(crate) use suppress::{Suppression, is_suppressed, is_suppressing};
pub use suppress::{no_touching, no_touching_on};
pub(crate) use transaction::{begin, finish, in_transaction};
pub(crate) use tries::{Tries, queue_up, take_turn};
