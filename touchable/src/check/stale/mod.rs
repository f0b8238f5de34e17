//! Rows whose touch was missed, as far as it can still be seen: the source of a rule is newer than its target.
//!
//! ```text
//! evidence   what a newer source says about a rule: pure
//! question   the sources that are newer than a target of theirs
//! report     what was found
//! ```

mod evidence;
mod question;
mod report;

use std::time::Duration;

use sea_orm::ConnectionTrait;

pub use self::{evidence::Evidence, report::StaleRule};
use self::{evidence::evidence, question::Question};
use crate::{dialect, error::Result, graph::TouchGraph};

/// Looks for associations of which the source is newer than the target that it should have touched, see [`StaleCheck`].
///
/// # Errors
/// When the database refuses.
///
/// # Example
///
/// ```no_run
/// # async fn look(db: &sea_orm::DatabaseConnection, graph: &touchable::TouchGraph) -> touchable::Result<()> {
/// for rule in touchable::check::stale(db, graph).await? {
///     println!("{rule}"); // tasks -> event: 2 rows of `tasks` are newer (certain): 7, 12
/// }
/// # Ok(())
/// # }
/// ```
pub async fn stale<C: ConnectionTrait>(db: &C, graph: &TouchGraph) -> Result<Vec<StaleRule>> {
    StaleCheck::of(graph).run(db).await
}

/// Looks for associations of which the source is newer than the target that it should have touched.
///
/// For each rule of the graph the database counts the rows of the source whose touch column is above that of a row which the
/// rule names, or above the rule's `columns` there. [`Evidence`] says what this means: after every save of a row, a rule without
/// a field list leaves its targets no older than the row. So a newer source is proof of a missed touch; or of a save with
/// [`no_touching`](crate::no_touching), a stamp that the application has set itself, or clocks further apart than
/// the [tolerance](Self::tolerance).
///
/// **A raw write that leaves the touch column alone leaves nothing to see.** Nor do rows that were deleted, or are associated
/// with others now. A row whose stamp is null is left out.
///
/// Each rule reads the source's table once, and looks the targets up by the indexes that touches use. Nothing is locked.
#[derive(Clone, Debug)]
#[must_use = "nothing is looked at before `run`"]
pub struct StaleCheck<'a> {
    graph: &'a TouchGraph,
    tolerance: Duration,
    keys: u64,
}

impl<'a> StaleCheck<'a> {
    /// Looks at the rules of this graph.
    pub const fn of(graph: &'a TouchGraph) -> Self {
        Self {
            graph,
            tolerance: Duration::from_secs(1),
            keys: 10,
        }
    }

    /// How much newer a source may be: a second by default. Nodes have clocks of their own, and a stamp is taken before its
    /// statement waits for locks. `SQLite` and the others compare microseconds.
    pub const fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// How many primary keys are listed for each rule; 10 by default.
    pub const fn keys(mut self, keys: u64) -> Self {
        self.keys = keys;
        self
    }

    /// Looks. The rules come in the order of the graph, those of which nothing is stale among them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn run<C: ConnectionTrait>(&self, db: &C) -> Result<Vec<StaleRule>> {
        dialect::check(db.get_database_backend())?;
        let mut found = Vec::new();
        for rule in self.graph.rules() {
            let evidence = evidence(self.graph, rule.source_schema(), rule.compiled());
            let mut stale = StaleRule::new(rule, evidence);
            if stale.is_judged() {
                let question = Question {
                    source: rule.source_schema(),
                    rule: rule.compiled(),
                    tolerance: self.tolerance,
                };
                stale.rows = question.count(db).await?;
                if stale.rows > 0 {
                    stale.keys = question.keys(db, self.keys).await?;
                }
            }
            found.push(stale);
        }
        Ok(found)
    }
}
