//! From a plan to statements, in each backend's words.
//!
//! ```text
//! statements  the UPDATE of a touch, with its locks in one order
//! conditions  what makes a row one of a set
//! walk        sets that are found by going round a cycle of rules
//! rising      what a touch assigns: stamps that rise strictly
//! mysql       where MariaDB and MySQL want other words
//! ```

mod conditions;
pub(super) mod mysql;
pub(crate) mod rising;
mod statements;
mod walk;

use sea_orm::{
    DbBackend,
    sea_query::{Alias, DynIden, IntoIden, Query},
};

pub(crate) use conditions::{in_values, joined};
pub(crate) use statements::{Sql, Worded};

use super::Schema;

pub(crate) fn table_name(schema: &Schema) -> DynIden {
    Alias::new(schema.name).into_iden()
}

/// The table as sea-query writes it.
pub(crate) fn quoted_table(schema: &Schema, backend: DbBackend) -> String {
    let delete = Query::delete().from_table(schema.table.clone()).to_owned();
    let sql = backend.build(&delete).sql;
    sql.strip_prefix("DELETE FROM ").unwrap_or(&sql).to_owned()
}

/// The name of the i-th column of a key: `k0`, `k1`, …
fn key_alias(i: usize) -> DynIden {
    Alias::new(format!("k{i}")).into_iden()
}
