//! `touch ENTITY --where ..`: rows that raw writes have passed by.

use std::fmt;

use clap::{ArgGroup, Args};
use sea_orm_migration::sea_orm::{ConnectionTrait, TransactionTrait};
use touchable::{Repair, Result, TouchGraph, repair::Repaired};

use crate::bar;

/// Touch rows that raw writes have passed by, as if each had been saved
///
/// All rules of the table fire, those with a field list too. Rows that were associated before a raw write changed a foreign key
/// or deleted something are not known to anybody: touch them as rows of their own table. It can be interrupted with Ctrl-C,
/// and run again: what was touched stays touched.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("rows").required(true).args(["condition", "all"])))]
pub struct Touch {
    /// The table of the entity
    entity: String,

    /// The rows: an SQL condition, which is put into the statement as it stands
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,

    /// Every row of the table
    #[arg(long)]
    all: bool,

    /// Fire only the rules that watch one of these columns, and those that cascade
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    columns: Vec<String>,

    /// Fire only the rules that hear of touches
    #[arg(long, conflicts_with = "columns")]
    cascading_only: bool,

    /// Rows in one transaction, 10,000 at most
    #[arg(long, value_name = "ROWS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    batch_size: u64,

    /// How long to rest after a batch, in times of what it took; 0 is no rest
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = times)]
    rest: f64,

    /// Stop after so many batches
    #[arg(long, value_name = "BATCHES")]
    at_most: Option<u64>,

    /// Say how many rows and which rules, and write nothing
    #[arg(long)]
    dry_run: bool,
}

fn times(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(times) if (0.0..=1_000.0).contains(&times) => Ok(times),
        _ => Err("expected a number from 0 to 1000".to_owned()),
    }
}

/// What a [`Touch`] has done, or would do.
#[derive(Clone, Debug)]
pub struct Touched {
    table: String,
    rules: Vec<&'static str>,
    batch_size: u64,
    outcome: Outcome,
}

#[derive(Clone, Debug)]
enum Outcome {
    Counted(u64),
    Done(Repaired),
}

impl Touch {
    /// Does it, with a progress bar on a terminal.
    ///
    /// # Errors
    /// As [`Repair::run`]; when the graph has no such table.
    pub async fn run<C>(&self, db: &C, graph: &TouchGraph) -> Result<Touched>
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let repair = self.repair(graph)?;
        let outcome = if self.dry_run {
            Outcome::Counted(repair.count(db).await?)
        } else {
            Outcome::Done(self.with_bar(&repair, db).await?)
        };
        Ok(Touched {
            table: self.entity.clone(),
            rules: repair.rules()?,
            batch_size: self.batch_size,
            outcome,
        })
    }

    fn repair(&self, graph: &TouchGraph) -> Result<Repair> {
        let mut repair = Repair::table(graph, &self.entity)?
            .batch_size(self.batch_size)
            .rest(self.rest);
        if let Some(condition) = &self.condition {
            repair = repair.filter_sql(condition);
        }
        if !self.columns.is_empty() {
            repair = repair.columns(&self.columns);
        }
        if self.cascading_only {
            repair = repair.cascading_only();
        }
        Ok(match self.at_most {
            Some(batches) => repair.at_most(batches),
            None => repair,
        })
    }

    async fn with_bar<C>(&self, repair: &Repair, db: &C) -> Result<Repaired>
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let bar = bar::rows(&self.entity);
        if !bar.is_hidden() {
            bar::of(&bar, repair.count(db).await?);
        }
        let done = repair.run_with(db, |done| bar.set_position(done.rows)).await;
        bar.finish_and_clear();
        done
    }
}

impl fmt::Display for Touched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, rows, batches) = match &self.outcome {
            Outcome::Counted(rows) => ("would be touched", *rows, rows.div_ceil(self.batch_size)),
            Outcome::Done(done) => ("touched", done.rows, done.batches),
        };
        write!(
            f,
            "{rows} {} of `{}` {verb} in {batches} {}",
            if rows == 1 { "row" } else { "rows" },
            self.table,
            if batches == 1 { "batch" } else { "batches" },
        )?;
        match &self.outcome {
            Outcome::Done(done) if !done.finished => {
                let last = done.last_key.as_deref().unwrap_or("none");
                write!(f, ", more are left after the key {last}")?;
            }
            _ => {}
        }
        if self.rules.is_empty() {
            f.write_str("; no rule fires")
        } else {
            write!(f, "; rules: {}", self.rules.join(", "))
        }
    }
}
