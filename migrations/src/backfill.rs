//! Filling a touch column of the rows that were there before it.

use indicatif::ProgressBar;
use sea_orm_migration::{
    SchemaManager,
    sea_orm::{ConnectionTrait, DbErr},
    sea_query::{Asterisk, Cond, Condition, Expr, ExprTrait, Func, Order, Query, TableRef},
};

use crate::{
    bar,
    catalog::{self, Catalog},
    keyset::{Key, Keyset},
    stamp::{StampSql, Zone},
};

/// Fills a touch column in batches, see [`TouchSchema::backfill`](crate::TouchSchema::backfill).
///
/// Only rows in which the column is null, or holds the placeholder of
/// [`TouchColumns::deferred`](crate::TouchColumns::deferred), are written, with the time of their batch. A run that was
/// interrupted goes on where it was when it is run again, and rows that the application saves meanwhile keep their stamps.
///
/// Each batch is one statement and a transaction of its own, if the manager is not in one. A migration on PostgreSQL is:
/// let the one that fills a large table answer `Some(false)` to
/// [`use_transaction`](sea_orm_migration::MigrationTrait::use_transaction).
///
/// Progress is drawn to a terminal and nowhere else.
///
/// ```
/// # use sea_orm_migration::prelude::*;
/// # use touchable_migrations::TouchSchema;
/// # async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
/// manager.touch_columns("tasks").deferred().up().await?;
/// let filled = manager.backfill("tasks", "updated_at").batch_size(5_000).run().await?;
/// println!("{} rows in {} batches", filled.rows, filled.batches);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing happens before `run`"]
#[derive(Clone)]
pub struct Backfill<'a> {
    manager: &'a SchemaManager<'a>,
    table: TableRef,
    column: String,
    zone: Zone,
    batch_size: u64,
    at_most: u64,
}

/// What a [`Backfill`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backfilled {
    /// The rows it wrote.
    pub rows: u64,
    /// The batches it needed.
    pub batches: u64,
    /// Whether no row is left.
    pub finished: bool,
}

impl<'a> Backfill<'a> {
    pub(crate) fn new(manager: &'a SchemaManager<'a>, table: TableRef, column: String) -> Self {
        Self {
            manager,
            table,
            column,
            zone: Zone::Utc,
            batch_size: 1_000,
            at_most: u64::MAX,
        }
    }

    /// How many rows are written, and locked, at a time; 1,000 by default, at least 1.
    pub fn batch_size(mut self, rows: u64) -> Self {
        self.batch_size = Ord::max(rows, 1);
        self
    }

    /// Stops after so many batches, for work in slices; no end by default.
    pub fn at_most(mut self, batches: u64) -> Self {
        self.at_most = batches;
        self
    }

    /// The entity has the naive `DateTime`, see [`TouchColumns::naive`](crate::TouchColumns::naive).
    pub fn naive(mut self) -> Self {
        self.zone = Zone::Naive;
        self
    }

    /// Fills the column.
    ///
    /// # Errors
    ///
    /// When the table, the column or a primary key is missing, or what the database answers; the batches before stay.
    pub async fn run(self) -> Result<Backfilled, DbErr> {
        let keys = self.keys().await?;
        let bar = self.bar().await?;
        let mut filled = Backfilled::default();
        let mut last: Option<Key> = None;
        while filled.batches < self.at_most && !filled.finished {
            let end = self.end_of_batch(&keys, last.as_ref()).await?;
            let rows = self.fill(&keys, last.as_ref(), end.as_ref()).await?;
            filled.rows += rows;
            filled.batches += u64::from(rows > 0);
            filled.finished = end.is_none();
            bar.inc(rows);
            last = end;
        }
        bar.finish_and_clear();
        Ok(filled)
    }

    async fn keys(&self) -> Result<Keyset, DbErr> {
        let catalog = Catalog::read(self.manager, &self.table).await?;
        catalog.expect_column(&self.column)?;
        if catalog.primary_key.is_empty() {
            return Err(DbErr::Migration(format!(
                "`{}` cannot be filled in batches: its table has no primary key to go by",
                self.column
            )));
        }
        Ok(Keyset::new(catalog.primary_key))
    }

    async fn bar(&self) -> Result<ProgressBar, DbErr> {
        let bar = bar::rows(&self.column);
        if bar.is_hidden() {
            return Ok(bar);
        }
        let count = Func::count(Expr::col(Asterisk));
        let select = Query::select()
            .expr(count)
            .from(self.table.clone())
            .cond_where(self.pending())
            .to_owned();
        let row = self.manager.get_connection().query_one(&select).await?;
        let rows: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        bar::of(&bar, u64::try_from(rows).unwrap_or_default());
        Ok(bar)
    }

    /// The key of the last row of the batch after `last`; none when fewer rows than a batch are left.
    async fn end_of_batch(&self, keys: &Keyset, last: Option<&Key>) -> Result<Option<Key>, DbErr> {
        let mut select = Query::select();
        select.from(self.table.clone()).cond_where(self.pending());
        for column in keys.columns() {
            select.column(column.clone()).order_by(column.clone(), Order::Asc);
        }
        if let Some(last) = last {
            select.cond_where(keys.after(last));
        }
        select.limit(1).offset(self.batch_size - 1);
        let row = self.manager.get_connection().query_one(&select).await?;
        row.map(|row| keys.read(&row)).transpose()
    }

    async fn fill(&self, keys: &Keyset, after: Option<&Key>, up_to: Option<&Key>) -> Result<u64, DbErr> {
        let mut update = Query::update();
        update
            .table(catalog::unaliased(&self.table)?)
            .value(self.column.clone(), self.sql().now())
            .cond_where(self.pending());
        if let Some(after) = after {
            update.cond_where(keys.after(after));
        }
        if let Some(up_to) = up_to {
            update.cond_where(keys.up_to(up_to));
        }
        let done = self.manager.get_connection().execute(&update).await?;
        Ok(done.rows_affected())
    }

    fn pending(&self) -> Condition {
        let column = || Expr::col(self.column.clone());
        Cond::any()
            .add(column().is_null())
            .add(column().eq(self.sql().placeholder()))
    }

    fn sql(&self) -> StampSql {
        StampSql::new(self.manager, self.zone)
    }
}
