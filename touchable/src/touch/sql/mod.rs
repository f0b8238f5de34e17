//! From a plan to statements, in each backend's words.
//!
//! ```text
//! statements  the UPDATE of a touch, with its locks in one order
//! conditions  what makes a row one of a set
//! walk        sets that are found by going round a cycle of rules
//! mysql       where MariaDB and MySQL want other words
//! ```

mod conditions;
pub(crate) mod mysql;
mod statements;
mod walk;

use sea_orm::sea_query::{Alias, DynIden, IntoIden};

pub(crate) use conditions::{in_values, joined, keyed, of_keys};
pub(crate) use statements::{Sql, Worded};

/// The name of the i-th column of a key: `k0`, `k1`, …
fn key_alias(i: usize) -> DynIden {
    Alias::new(format!("k{i}")).into_iden()
}
