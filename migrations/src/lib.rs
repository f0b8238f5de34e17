//! Schema helpers of [`touchable`] for an application's own migrations.
//!
//! A touch needs three things of the schema: a column with microseconds that it can move, an index under every
//! association it follows, and a value in the rows that were there before. [`TouchSchema`] gives a
//! [`SchemaManager`](sea_orm_migration::SchemaManager) one method for each, on PostgreSQL, MariaDB, MySQL and SQLite:
//!
//! ```
//! use sea_orm_migration::prelude::*;
//! use touchable_migrations::TouchSchema;
//!
//! #[derive(DeriveMigrationName)]
//! pub struct Migration;
//!
//! #[async_trait::async_trait]
//! impl MigrationTrait for Migration {
//!     async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
//!         manager.touch_columns("tasks").created_at("created_at").up().await?;
//!         manager.association_index("tasks", ["event_id"]).up().await
//!     }
//!
//!     async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
//!         manager.association_index("tasks", ["event_id"]).down().await?;
//!         manager.touch_columns("tasks").created_at("created_at").down().await
//!     }
//! }
//! ```
//!
//! # Which type a stamp gets
//!
//! | backend | column | holds |
//! |---|---|---|
//! | PostgreSQL | `timestamp with time zone` | microseconds |
//! | MariaDB, MySQL | `datetime(6)` | microseconds, in UTC. SeaORM's own `timestamp_with_time_zone` would be `timestamp`: whole seconds, and on most versions no year after 2038 |
//! | SQLite | text | RFC 3339 with six digits, as SeaORM writes it, so that the text sorts as the time |
//!
//! This is what an entity with `DateTimeUtc` or `DateTimeWithTimeZone` reads and writes. For an entity with the naive
//! `DateTime` say [`naive`](TouchColumns::naive).
//!
//! `datetime(6)` holds years after 2038. A MariaDB before 11.5 takes them from the naive `DateTime` only: the driver
//! binds `DateTimeUtc` as a `TIMESTAMP`, whatever the column is, and such a server makes it null.
//!
//! # Large tables
//!
//! [`TouchColumns::deferred`] adds the columns without rewriting a row, on every backend that can; [`Backfill`] then
//! fills them in batches, while the application runs.
//!
//! # Rows that raw writes have passed by
//!
//! With the feature `cli` a migrator gets two commands more, `touch` and `check`: see the module `cli`. What they do is
//! [`touchable::Repair`] and [`mod@touchable::check`].
//!
//! # A cache in the database
//!
//! [`CacheEntries`] makes the table of `touchable::cache::store::Database`:
//!
//! ```
//! # use sea_orm_migration::prelude::*;
//! # use touchable_migrations::TouchSchema;
//! # async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
//! manager.cache_entries().up().await
//! # }
//! ```

mod backfill;
mod bar;
mod cache_entries;
mod catalog;
#[cfg(feature = "cli")]
pub mod cli;
mod columns;
pub mod example;
mod feed_outbox;
mod indexes;
mod keyset;
mod leases;
mod schema;
mod stamp;

pub use backfill::{Backfill, Backfilled};
pub use cache_entries::CacheEntries;
pub use columns::TouchColumns;
pub use feed_outbox::FeedOutbox;
pub use indexes::AssociationIndexes;
pub use leases::Leases;
pub use schema::TouchSchema;

/// The project's README: its example has to compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
