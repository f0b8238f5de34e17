//! How each database wants it said.
//!
//! ```text
//! captured  a statement as text, with a mark wherever a value belongs
//! catalog   what the database says of a table
//! earlier   which of two stored stamps is the older one
//! equality  when a value is another one
//! rising    stamps that rise strictly
//! ```

mod captured;
mod catalog;
mod earlier;
pub(crate) mod equality;
pub(crate) mod rising;

use sea_orm::{
    DbBackend,
    sea_query::{Alias, DynIden, IntoIden, LockType, Query},
};

pub(crate) use captured::{Captured, MARK};
pub(crate) use catalog::{Catalog, Kind, MICROSECONDS};
pub(crate) use earlier::earlier;

use crate::{
    entity::Schema,
    error::{Error, Result},
};

/// Asks, before anything is written, whether this is a database whose words are known.
///
/// # Errors
/// When it is a later one than this version of the library knows.
pub(crate) fn check(backend: DbBackend) -> Result<()> {
    match backend {
        DbBackend::Postgres | DbBackend::MySql | DbBackend::Sqlite => Ok(()),
        other => Err(Error::unknown_backend(other.as_str())),
    }
}

pub(crate) fn table_name(schema: &Schema) -> DynIden {
    Alias::new(schema.name).into_iden()
}

/// How many values a statement may bind: the protocols of PostgreSQL and MySQL count them in 16 bits, `SQLite` has
/// `SQLITE_MAX_VARIABLE_NUMBER`, whose default since 3.32 this is.
pub(crate) fn most_values(backend: DbBackend) -> usize {
    match backend {
        DbBackend::Postgres | DbBackend::MySql => 65_535,
        _ => 32_766,
    }
}

/// The lock of a row that is read to be written: MySQL has one kind, and `SQLite` locks the whole database for its one writer.
pub(crate) fn row_lock(backend: DbBackend, lock: LockType) -> Option<LockType> {
    match backend {
        DbBackend::Postgres => Some(lock),
        DbBackend::MySql => Some(LockType::Update),
        _ => None,
    }
}

/// The table as sea-query writes it.
pub(crate) fn quoted_table(schema: &Schema, backend: DbBackend) -> &str {
    schema.quoted[usize::from(backend == DbBackend::MySql)].get_or_init(|| {
        let delete = Query::delete().from_table(schema.table.clone()).to_owned();
        let sql = backend.build(&delete).sql;
        sql.strip_prefix("DELETE FROM ").unwrap_or(&sql).to_owned()
    })
}
