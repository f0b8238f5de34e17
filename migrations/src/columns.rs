//! Touch columns for a table that exists already.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{DbBackend, DbErr},
    sea_query::{Query, Table, TableAlterStatement, TableRef},
};

use crate::{
    catalog::{self, Catalog},
    schema::TouchSchema,
    stamp::{StampSql, Zone},
};

/// Columns to add to a table, see [`TouchSchema::touch_columns`].
///
/// All of them are not null. The rows that exist get the current time, or the placeholder of
/// [`deferred`](Self::deferred).
///
/// On SQLite a column added later cannot default to the current time: rows that raw SQL inserts without it get the
/// placeholder. SeaORM's inserts are not affected, touchable sets the column.
#[must_use = "nothing happens before `up` or `down`"]
#[derive(Clone)]
pub struct TouchColumns<'a> {
    manager: &'a SchemaManager<'a>,
    table: TableRef,
    touch: Vec<String>,
    created: Option<String>,
    version: Option<String>,
    zone: Zone,
    deferred: bool,
}

impl<'a> TouchColumns<'a> {
    pub(crate) fn new(manager: &'a SchemaManager<'a>, table: TableRef) -> Self {
        Self {
            manager,
            table,
            touch: Vec::new(),
            created: None,
            version: None,
            zone: Zone::Utc,
            deferred: false,
        }
    }

    /// A touch column; may be called again for more. Without any it is one, named `updated_at`.
    pub fn updated_at(mut self, name: impl Into<String>) -> Self {
        self.touch.push(name.into());
        self
    }

    /// Also a column for the time of the insert; none by default. Rows that exist get the time of the migration.
    pub fn created_at(mut self, name: impl Into<String>) -> Self {
        self.created = Some(name.into());
        self
    }

    /// Also an integer version, `i64` in the entity; none by default. Rows that exist get 1.
    pub fn version(mut self, name: impl Into<String>) -> Self {
        self.version = Some(name.into());
        self
    }

    /// The entity has the naive `DateTime`, not `DateTimeUtc` or `DateTimeWithTimeZone`.
    pub fn naive(mut self) -> Self {
        self.zone = Zone::Naive;
        self
    }

    /// Gives existing rows a constant placeholder (one microsecond after the epoch) for
    /// [`TouchSchema::backfill`] to replace, so that no row has to be written while the table is locked.
    pub fn deferred(mut self) -> Self {
        self.deferred = true;
        self
    }

    /// Adds the columns.
    ///
    /// # Errors
    ///
    /// Before anything is changed, when the table does not exist or has one of the columns already; afterwards, what
    /// the database answers.
    pub async fn up(self) -> Result<(), DbErr> {
        let catalog = Catalog::read(self.manager, &self.table).await?;
        for name in self.names() {
            catalog.refuse_column(&name)?;
        }
        for name in self.stamps() {
            self.add_stamp(name).await?;
        }
        if let Some(version) = &self.version {
            let column = self.manager.version_column(version.clone());
            self.alter(|table| table.add_column(column)).await?;
        }
        if self.backend() == DbBackend::Sqlite && !self.deferred {
            self.fill().await?;
        }
        Ok(())
    }

    /// Drops the columns.
    ///
    /// # Errors
    ///
    /// Before anything is changed, when the table or one of the columns does not exist; afterwards, what the database
    /// answers.
    pub async fn down(self) -> Result<(), DbErr> {
        let catalog = Catalog::read(self.manager, &self.table).await?;
        for name in self.names() {
            catalog.expect_column(&name)?;
        }
        for name in self.names().into_iter().rev() {
            self.alter(|table| table.drop_column(name)).await?;
        }
        Ok(())
    }

    /// A constant default is free on every backend, and the only one SQLite takes here.
    async fn add_stamp(&self, name: String) -> Result<(), DbErr> {
        let moving = self.sql().column(name.clone());
        let sqlite = self.backend() == DbBackend::Sqlite;
        if !sqlite && !self.deferred {
            return self.alter(|table| table.add_column(moving)).await;
        }
        let constant = self.sql().placeholder_column(name);
        self.alter(|table| table.add_column(constant)).await?;
        if sqlite {
            return Ok(());
        }
        self.alter(|table| table.modify_column(moving)).await
    }

    async fn fill(&self) -> Result<(), DbErr> {
        let mut update = Query::update();
        update.table(catalog::unaliased(&self.table)?);
        for name in self.stamps() {
            update.value(name, self.sql().now());
        }
        self.manager.execute(update).await
    }

    async fn alter(
        &self,
        change: impl FnOnce(&mut TableAlterStatement) -> &mut TableAlterStatement,
    ) -> Result<(), DbErr> {
        let mut alter = Table::alter();
        change(alter.table(catalog::unaliased(&self.table)?));
        self.manager.alter_table(alter).await
    }

    fn stamps(&self) -> Vec<String> {
        let default = self.touch.is_empty().then(|| "updated_at".to_owned());
        let touch = default.into_iter().chain(self.touch.iter().cloned());
        touch.chain(self.created.clone()).collect()
    }

    fn names(&self) -> Vec<String> {
        self.stamps().into_iter().chain(self.version.clone()).collect()
    }

    fn sql(&self) -> StampSql {
        StampSql::new(self.manager, self.zone)
    }

    fn backend(&self) -> DbBackend {
        self.manager.get_database_backend()
    }
}
