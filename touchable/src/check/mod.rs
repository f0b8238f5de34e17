//! Whether the database can carry the rules, and whether touches were missed.
//!
//! A touch needs columns that keep microseconds, and an index wherever it looks for rows. Neither shows in a test on a
//! small database: a coarse column loses one touch in a busy second, a missing index reads a table on each save.
//!
//! # Example: refuse to start
//!
//! ```no_run
//! # async fn start<E: touchable::graph::Entities>(db: &sea_orm::DatabaseConnection) -> touchable::Result<()> {
//! # use touchable::TouchGraph;
//! let graph = TouchGraph::of::<E>(); // E = (event::Entity, task::Entity)
//! touchable::check(db, &graph).await
//! # }
//! ```
//!
//! # Example: only warn
//!
//! ```no_run
//! # async fn start(db: &sea_orm::DatabaseConnection, graph: &touchable::TouchGraph) -> touchable::Result<()> {
//! for problem in touchable::check::problems(db, graph).await? {
//!     tracing::warn!(%problem, "the schema does not fit the touch rules");
//! }
//! # Ok(())
//! # }
//! ```

mod needs;
mod stale;

use sea_orm::ConnectionTrait;

pub use self::stale::{Evidence, StaleCheck, StaleRule, stale};
pub use crate::error::{Fault, Problem};

use self::needs::needs;
use crate::{
    dialect::{self, Catalog},
    error::{Error, Result},
    graph::TouchGraph,
};

/// Fails when a column is missing, too coarse or of a type that cannot be bumped, or an association has no index.
///
/// For each table of the graph it asks the database twice for its catalog; no row is read.
///
/// # Errors
/// When there is a problem: [`Error::problems`] lists them, and its message names each with its fix on a line. When
/// the catalog cannot be read.
pub async fn check<C: ConnectionTrait>(db: &C, graph: &TouchGraph) -> Result<()> {
    let problems = problems(db, graph).await?;
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::check(problems))
    }
}

/// What [`check()`] finds, as a list.
///
/// # Errors
/// When the catalog cannot be read.
pub async fn problems<C: ConnectionTrait>(db: &C, graph: &TouchGraph) -> Result<Vec<Problem>> {
    dialect::check(db.get_database_backend())?;
    let mut problems = Vec::new();
    for table in needs(graph) {
        let catalog = Catalog::read(db, &table.table).await?;
        problems.extend(table.compare(&catalog, db.get_database_backend()));
    }
    Ok(problems)
}
