//! Touches for rows that raw writes have passed by.
//!
//! A script, another program or `psql` has written to a table with rules: the rows are as they should be, and what shows
//! them is not told. A [`Repair`] touches these rows as if each had been saved, with the rules that have a field list too,
//! in batches that leave the database time for others.
//!
//! # Example: a script has renamed the events of a city
//!
//! ```no_run
//! # async fn repair<E: touchable::Touchable>(db: &touchable::TouchConnection) -> touchable::Result<()> {
//! # use touchable::Repair;
//! // E = event::Entity
//! let done = Repair::of::<E>().filter_sql("city = 'Ulm'").columns(["name"]).run(db).await?;
//! println!("{} rows in {} batches", done.rows, done.batches);
//! # Ok(())
//! # }
//! ```
//!
//! `touchable-migrations` has it as a command, `touch events --where "city = 'Ulm'" --columns name`, with a progress bar;
//! [`check::stale`](crate::check::stale()) looks for rows that need it.
//!
//! ```text
//! rows     which rows, a page after another in the order of the primary key
//! fired    which rules
//! pace     how long to rest between two batches
//! ```

mod fired;
mod pace;
mod rows;

use sea_orm::{ConnectionTrait, TransactionTrait, sea_query::IntoCondition};
use tokio::time::{Instant, sleep};

use self::{fired::Fired, pace::Pace, rows::Rows};
use crate::{
    dialect,
    entity::{Schema, Touchable, display_key},
    error::{Error, Result},
    graph::TouchGraph,
    save::AsSaved,
    touch::CHUNK,
};

/// Touches the rows of a table that raw writes have passed by, as if each had been saved.
///
/// Without a filter these are all rows, and without [`columns`](Self::columns) all rules of the table fire, whatever they
/// watch and on whatever event: what the raw write has changed is not known, and a touch too many costs a cache entry where
/// one too few shows somebody yesterday's name. The rows' own touch column moves, and touches cascade.
///
/// **What a row was associated with before the raw write is not known either.** When that has changed a foreign key or
/// deleted rows, touch the former parents too: they are rows of a table of their own.
///
/// Each batch is one transaction, with the locks and the retries of every other write of this library, and then there is
/// a [rest](Self::rest). A repair that is interrupted has touched whole batches, and running it again is harmless.
#[derive(Clone, Debug)]
#[must_use = "nothing is touched before `run`"]
pub struct Repair {
    rows: Rows,
    fired: Fired,
    batch_size: u64,
    at_most: u64,
    pace: Pace,
}

/// What a [`Repair`] has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// The rows of the table itself that were touched, those that its rules led to not counted.
    pub rows: u64,
    /// The batches.
    pub batches: u64,
    /// The primary key of the last row, as text: `5`, or `eu/7` for one of two columns.
    pub last_key: Option<String>,
    /// Whether no row is left.
    pub finished: bool,
}

impl Repair {
    /// Touches rows of this entity.
    pub fn of<E: Touchable>() -> Self {
        Self::new(E::schema())
    }

    /// Touches rows of a table of the graph: `events`, or `shop.events` where two schemas have one.
    ///
    /// # Errors
    /// When the graph has no such table ([`Error::is_unknown_name`]); the message has the nearest one.
    pub fn table(graph: &TouchGraph, table: &str) -> Result<Self> {
        graph.find(table).map(Self::new)
    }

    fn new(schema: &'static Schema) -> Self {
        Self {
            rows: Rows::all(schema),
            fired: Fired::All,
            batch_size: 1_000,
            at_most: u64::MAX,
            pace: Pace::default(),
        }
    }

    /// Leaves out the rows that do not meet a condition, in SeaORM's words: `event::Column::City.eq("Ulm")`.
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.rows.filter(condition.into_condition());
        self
    }

    /// Leaves out the rows that do not meet a condition in SQL: `city = 'Ulm' AND starts_at > '2026-01-01'`.
    ///
    /// It is put into the statement **as it stands**, in parentheses: it is an administrator's, never a visitor's. It may name
    /// the columns of the table, and others in a subselect.
    pub fn filter_sql(mut self, condition: &str) -> Self {
        self.rows.filter_sql(condition);
        self
    }

    /// Fires the rules that watch one of these columns, or whose association one of them decides, instead of all. Rules
    /// that cascade fire always.
    pub fn columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.fired = Fired::Watching(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Fires only the rules that hear of touches, as [`TouchAll::touch_all`](crate::TouchAll::touch_all) does.
    pub fn cascading_only(mut self) -> Self {
        self.fired = Fired::Watching(Vec::new());
        self
    }

    /// How many rows are touched in one transaction: 1,000 by default, 1 at least and 10,000 at most.
    pub fn batch_size(mut self, rows: u64) -> Self {
        self.batch_size = rows.clamp(1, CHUNK as u64);
        self
    }

    /// How long to rest after a batch, in times of what it took: 1.0 by default, so that the repair works half of the time.
    /// 0.0 is no rest.
    pub fn rest(mut self, times: f64) -> Self {
        self.pace = Pace::new(times);
        self
    }

    /// Stops after so many batches; no end by default.
    pub fn at_most(mut self, batches: u64) -> Self {
        self.at_most = batches;
        self
    }

    /// The rules that will fire, each as `events -> tasks`.
    ///
    /// # Errors
    /// When the table has no column that was named ([`Error::is_unknown_name`]).
    pub fn rules(&self) -> Result<Vec<&'static str>> {
        let rules = self.fired.rules(self.rows.schema)?;
        Ok(rules.into_iter().map(|rule| &*rule.label).collect())
    }

    /// How many rows there are to touch. Nothing is written.
    ///
    /// # Errors
    /// When a name is [unknown](Error::is_unknown_name), the condition is blank, or the database refuses it.
    pub async fn count<C: ConnectionTrait>(&self, db: &C) -> Result<u64> {
        self.validate(db)?;
        self.rows.count(db).await
    }

    /// Touches them.
    ///
    /// # Errors
    /// When a name is [unknown](Error::is_unknown_name), the condition is blank, or the database refuses; the batches before
    /// stay.
    pub async fn run<C>(&self, db: &C) -> Result<Repaired>
    where
        C: ConnectionTrait + TransactionTrait,
    {
        self.run_with(db, |_| ()).await
    }

    /// Touches them, and tells after each batch what is done so far.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_with<C, P>(&self, db: &C, mut progress: P) -> Result<Repaired>
    where
        C: ConnectionTrait + TransactionTrait,
        P: FnMut(&Repaired) + Send,
    {
        self.validate(db)?;
        let mut batch = AsSaved {
            schema: self.rows.schema,
            rules: self.fired.rules(self.rows.schema)?,
            rows: self.rows.page(db.get_database_backend(), None, self.batch_size),
        };
        let mut done = Repaired::default();
        while done.batches < self.at_most && !done.finished {
            let began = Instant::now();
            let keys = batch.touch(db).await?;
            done.finished = (keys.len() as u64) < self.batch_size;
            let Some(last) = keys.last() else { break };
            done.rows += keys.len() as u64;
            done.batches += 1;
            done.last_key = Some(display_key(last));
            progress(&done);
            batch.rows = self
                .rows
                .page(db.get_database_backend(), Some(last), self.batch_size);
            if !done.finished {
                sleep(self.pace.rest_after(began.elapsed())).await;
            }
        }
        Ok(done)
    }

    fn validate<C: ConnectionTrait>(&self, db: &C) -> Result<()> {
        dialect::check(db.get_database_backend())?;
        self.fired.rules(self.rows.schema)?;
        if self.rows.is_blank {
            return Err(Error::blank_condition(self.rows.schema.name));
        }
        Ok(())
    }
}
