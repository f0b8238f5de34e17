//! The table of the leases in a database.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{DbBackend, DbErr},
    sea_query::{ColumnDef, Table},
};

const NAME: &str = "touchable_leases";

/// The table in which `touchable::lease::DatabaseLeases` keeps its leases, see
/// [`TouchSchema::leases`](crate::TouchSchema::leases).
///
/// A row for every name that was ever leased stays: it holds the last token.
#[must_use = "nothing happens before `up` or `down`"]
#[derive(Clone)]
pub struct Leases<'a> {
    manager: &'a SchemaManager<'a>,
}

impl<'a> Leases<'a> {
    pub(crate) const fn new(manager: &'a SchemaManager<'a>) -> Self {
        Self { manager }
    }

    /// Creates the table.
    ///
    /// # Errors
    ///
    /// What the database answers, for example when there is a table of this name.
    pub async fn up(self) -> Result<(), DbErr> {
        let table = Table::create()
            .table(NAME)
            .col(name(self.manager.get_database_backend()).not_null().primary_key())
            .col(ColumnDef::new("token").big_integer().not_null())
            .col(ColumnDef::new("holder").string_len(64).not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .to_owned();
        self.manager.create_table(table).await
    }

    /// Drops the table. Tokens begin at 1 again with the next one.
    ///
    /// # Errors
    ///
    /// What the database answers, for example when there is no such table.
    pub async fn down(self) -> Result<(), DbErr> {
        self.manager
            .drop_table(Table::drop().table(NAME).to_owned())
            .await
    }
}

/// On MySQL as bytes: its collations take names that differ in case or trailing spaces for one.
fn name(backend: DbBackend) -> ColumnDef {
    let mut name = ColumnDef::new("name");
    match backend {
        DbBackend::MySql => name.var_binary(190),
        _ => name.string_len(190),
    };
    name
}
