//! Every promise of `touchable`, held against every backend.
//!
//! A contract is one `async fn(&World)`; [`on_every_backend!`] makes three tests of it:
//!
//! ```text
//! async fn b04_watched_column_fires(world: &World) { … }
//! on_every_backend!(board: b04_watched_column_fires);
//!     ──► b04_watched_column_fires::{sqlite, postgres, mariadb}
//! ```
//!
//! [`on_every_level!`] makes the same three of an `async fn(&Stage<'_, impl Connection>)`, and each runs it on the four levels of
//! connections: plain or ours, in a transaction or not.
//!
//! A function that is not listed is dead code, which the lints refuse: no contract can be forgotten.

mod backend;
mod case;
mod contract;
pub mod crash;
pub mod entities;
pub mod feed;
mod gate;
mod link;
mod listening;
mod moments;
mod stage;
mod table;
mod world;

pub use backend::Backend;
pub use case::{FailingCase, judge};
pub use contract::{run, run_with_rollback_journal};
pub use gate::Gate;
pub use link::Link;
pub use listening::listen;
pub use moments::{Moments, at, epoch, micros};
pub use stage::{Connection, Level, Stage, Switch};
pub use table::Table;
pub use touchable::testing::Statements;
pub use touchable_servers::{OwnRedis, cluster_url, namespace, redis_url};
pub use world::World;
