//! The extension trait: what a migration calls.

use sea_orm_migration::{
    SchemaManager,
    sea_query::{ColumnDef, IntoIden, IntoTableRef},
};
use touchable::Touchable;

use crate::{
    AssociationIndexes, Backfill, CacheEntries, FeedOutbox, Leases, TouchColumns,
    stamp::{StampSql, Zone},
};

/// What touchable needs of a schema, as methods of a migration's [`SchemaManager`].
///
/// Helpers that change the schema return a builder; end it with `up()` in the migration's `up` and with `down()`,
/// on the same builder, in its `down`.
pub trait TouchSchema {
    /// Touch columns for a table that exists already.
    fn touch_columns(&self, table: impl IntoTableRef) -> TouchColumns<'_>;

    /// A touch column, for [`Table::create`](sea_orm_migration::sea_query::Table::create): not null, with
    /// microseconds, and with the current time for rows that are inserted without it.
    fn touch_column(&self, name: impl IntoIden) -> ColumnDef;

    /// A column for the time of the insert. The same column as [`touch_column`](Self::touch_column); the entity's
    /// `#[touchable(created_at)]` makes the difference.
    fn created_column(&self, name: impl IntoIden) -> ColumnDef {
        self.touch_column(name)
    }

    /// A column for `#[touchable(version = ..)]`, of an entity's `i64`: not null, and 1 to begin with.
    fn version_column(&self, name: impl IntoIden) -> ColumnDef;

    /// An index under an association: the columns by which touches find the rows of `table`.
    fn association_index<N>(
        &self,
        table: impl IntoTableRef,
        columns: impl IntoIterator<Item = N>,
    ) -> AssociationIndexes<'_>
    where
        N: Into<String>;

    /// The indexes under all associations that the rules of an entity follow.
    fn touch_indexes<E: Touchable>(&self) -> AssociationIndexes<'_>;

    /// Fills a touch column of the rows that were there before it, in batches.
    fn backfill(&self, table: impl IntoTableRef, column: impl Into<String>) -> Backfill<'_>;

    /// The table of leases in the database.
    fn leases(&self) -> Leases<'_>;

    /// The table in which the messages of a feed wait while Redis is away.
    fn feed_outbox(&self) -> FeedOutbox<'_>;

    /// The table of a cache in the database.
    fn cache_entries(&self) -> CacheEntries<'_>;
}

impl TouchSchema for SchemaManager<'_> {
    fn touch_columns(&self, table: impl IntoTableRef) -> TouchColumns<'_> {
        TouchColumns::new(self, table.into_table_ref())
    }

    fn touch_column(&self, name: impl IntoIden) -> ColumnDef {
        StampSql::new(self, Zone::Utc).column(name)
    }

    fn version_column(&self, name: impl IntoIden) -> ColumnDef {
        ColumnDef::new(name)
            .big_integer()
            .not_null()
            .default(1)
            .to_owned()
    }

    fn association_index<N>(
        &self,
        table: impl IntoTableRef,
        columns: impl IntoIterator<Item = N>,
    ) -> AssociationIndexes<'_>
    where
        N: Into<String>,
    {
        let columns = columns.into_iter().map(Into::into).collect();
        AssociationIndexes::new(self).with(table.into_table_ref(), columns)
    }

    fn touch_indexes<E: Touchable>(&self) -> AssociationIndexes<'_> {
        AssociationIndexes::of::<E>(self)
    }

    fn backfill(&self, table: impl IntoTableRef, column: impl Into<String>) -> Backfill<'_> {
        Backfill::new(self, table.into_table_ref(), column.into())
    }

    fn leases(&self) -> Leases<'_> {
        Leases::new(self)
    }

    fn feed_outbox(&self) -> FeedOutbox<'_> {
        FeedOutbox::new(self)
    }

    fn cache_entries(&self) -> CacheEntries<'_> {
        CacheEntries::new(self)
    }
}
