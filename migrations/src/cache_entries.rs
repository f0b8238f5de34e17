//! The table of the cache's store in a database.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{DbBackend, DbErr},
    sea_query::{Alias, ColumnDef, Index, IndexCreateStatement, Table},
};

/// The table in which `touchable::cache::store::Database` keeps its entries, see
/// [`TouchSchema::cache_entries`](crate::TouchSchema::cache_entries).
///
/// Keys are bytes, so that two of them that differ in case or trailing spaces are two. The indexes serve the sweeps,
/// which delete what was written first and what is expired.
#[must_use = "nothing happens before `up` or `down`"]
#[derive(Clone)]
pub struct CacheEntries<'a> {
    manager: &'a SchemaManager<'a>,
    table: String,
}

impl<'a> CacheEntries<'a> {
    pub(crate) fn new(manager: &'a SchemaManager<'a>) -> Self {
        Self {
            manager,
            table: "touchable_cache_entries".to_owned(),
        }
    }

    /// The name of the table; `touchable_cache_entries` by default, as in the store.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// Creates the table and its indexes.
    ///
    /// # Errors
    ///
    /// What the database answers, for example when there is a table of this name.
    pub async fn up(self) -> Result<(), DbErr> {
        let backend = self.manager.get_database_backend();
        let table = Table::create()
            .table(self.name())
            .col(key(backend).not_null().primary_key())
            .col(value(backend).not_null())
            .col(ColumnDef::new("number").big_integer().null())
            .col(ColumnDef::new("byte_size").big_integer().not_null())
            .col(ColumnDef::new("written_at").big_integer().not_null())
            .col(ColumnDef::new("expires_at").big_integer().null())
            .to_owned();
        self.manager.create_table(table).await?;
        for index in [
            self.index("written", &["written_at", "byte_size"]),
            self.index("expires", &["expires_at"]),
        ] {
            self.manager.create_index(index).await?;
        }
        Ok(())
    }

    /// Drops the table, with all that is cached in it.
    ///
    /// # Errors
    ///
    /// What the database answers, for example when there is no such table.
    pub async fn down(self) -> Result<(), DbErr> {
        self.manager
            .drop_table(Table::drop().table(self.name()).to_owned())
            .await
    }

    fn name(&self) -> Alias {
        Alias::new(&self.table)
    }

    fn index(&self, name: &str, columns: &[&'static str]) -> IndexCreateStatement {
        let mut index = Index::create();
        index.name(format!("{}_{name}", self.table)).table(self.name());
        for column in columns {
            index.col(*column);
        }
        index
    }
}

/// The store's keys have at most 250 bytes. They lead an index on MySQL, which needs to know that.
fn key(backend: DbBackend) -> ColumnDef {
    let mut key = ColumnDef::new("key");
    match backend {
        DbBackend::MySql => key.var_binary(255),
        _ => key.blob(),
    };
    key
}

/// A `blob` of MySQL would end at 64 KiB.
fn value(backend: DbBackend) -> ColumnDef {
    let mut value = ColumnDef::new("value");
    match backend {
        DbBackend::MySql => value.custom("longblob"),
        _ => value.blob(),
    };
    value
}
