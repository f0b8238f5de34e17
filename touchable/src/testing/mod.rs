//! For applications' own tests: which rows a save touches, and what it costs.
//!
//! # Example: all and only the tasks of the event
//!
//! ```no_run
//! # use sea_orm::{ActiveModelTrait, DatabaseConnection};
//! # use touchable::testing::{Record, assert_touched};
//! # async fn test<A>(db: DatabaseConnection, event: A, task_1: impl Record, task_2: impl Record)
//! # where
//! #     A: ActiveModelTrait + sea_orm::ActiveModelBehavior + Send,
//! #     <A::Entity as sea_orm::EntityTrait>::Model: sea_orm::IntoActiveModel<A>,
//! # {
//! assert_touched!(db, [task_1, task_2], { event.update(&db) }).unwrap();
//! # }
//! ```
//!
//! # What counts as touched
//!
//! A row is touched when its touch column moves, or a column that a rule bumps instead, and nothing else in it. A row
//! in which anything else changes was saved; it may be listed and need not be.
//!
//! All rows of the listed records' tables are read before and after, and those of every entity that the process knows
//! by then and whose table is there: the entities it has saved or touched, and those of any
//! [`TouchGraph`](crate::TouchGraph) it has built. Where rows of an entity move that the process meets for the first
//! time, which happens when rows are seeded without hooks, the assertion panics and says so: build the graph before.
//!
//! The rows are read through the connection that is given. In a [`TouchTransaction`](crate::TouchTransaction) touches
//! wait for the commit: commit inside the action and give the connection.

mod assert;
mod moved;
mod statements;
mod unknown;

#[doc(hidden)]
pub use moved::{Moved, Row};
pub use moved::{Record, Watch};
pub use statements::Statements;

#[doc(inline)]
pub use crate::{assert_not_touched, assert_touched};
