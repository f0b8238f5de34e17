//! Field-level cache invalidation for SeaORM.
//!
//! > A save changes a row; the **rules** say which other rows show that change; a **touch** bumps their `updated_at` in the same
//! > transaction; every **cache** keyed by it, on every node, is then fresh by construction.
//!
//! # Example: a task shows the name of its event
//!
//! ```
//! mod event {
//!     use sea_orm::entity::prelude::*;
//!     use touchable::Touchable;
//!
//!     #[sea_orm::model]
//!     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
//!     #[sea_orm(table_name = "events")]
//!     #[touch(tasks, on_fields = [name])]
//!     pub struct Model {
//!         #[sea_orm(primary_key)]
//!         pub id: i32,
//!         pub name: String,
//!         pub location: String,
//!         pub updated_at: DateTimeUtc,
//!         #[sea_orm(has_many)]
//!         pub tasks: HasMany<super::task::Entity>,
//!     }
//! }
//!
//! mod task {
//!     use sea_orm::entity::prelude::*;
//!     use touchable::Touchable;
//!
//!     #[sea_orm::model]
//!     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
//!     #[sea_orm(table_name = "tasks")]
//!     pub struct Model {
//!         #[sea_orm(primary_key)]
//!         pub id: i32,
//!         pub event_id: i32,
//!         pub updated_at: DateTimeUtc,
//!         #[sea_orm(belongs_to, from = "event_id", to = "id")]
//!         pub event: HasOne<super::event::Entity>,
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! From now on `event.update(&db)` with another name moves the `updated_at` of that event's tasks, and of no other row; another
//! location moves none. Wrap the connection with [`connect`] and the two are one transaction.
//!
//! # The tour
//!
//! | for | look at |
//! |---|---|
//! | declaring rules | [`derive@Touchable`] |
//! | saves that are atomic with their touches | [`connection`] |
//! | bulk writes that touch | [`TouchMany`] |
//! | locking what a transaction will touch, repeating it | [`LockRecord`], [`TouchConnection::transaction_retrying`], [`TransactionRetrying`] |
//! | touching without saving | [`TouchRecord`], [`TouchAll`] |
//! | touching what raw writes have passed by | [`repair`], [`check::stale`] |
//! | saving without touching | [`no_touching`], [`no_touching_on`] |
//! | seeing the rules, and what a save would do | [`graph`] |
//! | keys and versions of records | [`cache::key`] |
//! | pages that are not sent again | [`http`] |
//! | keys that move with a record, fragments of a page, values | [`cache`] |
//! | values that take long, computed in the background | [`reactive`] |
//! | items kept in step with an external service | [`refresh`] |
//! | spans and counters | [`observe`] |
//! | time in tests | [`Clock`] |
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `derive` | yes | [`derive@Touchable`], [`template!`] |
//! | `cache` | no | [`cache`]: stores in memory and in the database, `Cache`, `FragmentCache` |
//! | `http` | no | [`http`]: `ETag`, `Last-Modified` and 304 from the version of a record |
//! | `redis` | no | `cache` with a store in Redis or Redis Cluster |
//! | `lease` | no | [`lease`]: exclusive leases with fencing tokens |
//! | `feed` | no | [`feed`]: the change feed over Redis Streams |
//! | `reactive` | no | [`reactive`]: values computed in the background for as long as somebody asks |
//! | `refresh` | no | [`refresh`]: items kept in step with an external service by polling, politely |
//! | `time` | no | touch columns of the `time` crate's types |
//!
//! Database drivers and the runtime are chosen where the application depends on SeaORM.

// For entities in unit tests, whose derive names the crate.
#[cfg(test)]
extern crate self as touchable;

pub mod cache;
pub mod check;
mod clock;
pub mod connection;
mod dialect;
pub mod entity;
mod error;
mod explain;
#[cfg(feature = "feed")]
pub mod feed;
pub mod graph;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "lease")]
pub mod lease;
pub mod observe;
#[cfg(feature = "reactive")]
pub mod reactive;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "refresh")]
pub mod refresh;
pub mod repair;
pub mod save;
pub mod schedule;
pub mod testing;
mod touch;

#[doc(hidden)]
pub mod __private;

pub use check::check;
pub use clock::{Clock, Stamp};
pub use connection::{
    Bypassing, TouchConnection, TouchTransaction, TransactionRetrying, after_commit, connect,
};
pub use entity::{DeletedType, StampType, Touchable, VersionType};
pub use error::{Error, Result};
pub use explain::{Explained, Explanation, explain, explain_delete, explain_insert};
pub use graph::TouchGraph;
pub use repair::Repair;
pub use save::{LockRecord, TouchAll, TouchMany, TouchRecord};
#[cfg(any(feature = "lease", feature = "reactive", feature = "refresh"))]
pub use schedule::Task;
pub use touch::{Touched, no_touching, no_touching_on};
#[cfg(feature = "derive")]
pub use touchable_derive::{Touchable, template};
