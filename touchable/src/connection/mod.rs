//! A connection on which a save and its touches are one.
//!
//! On a plain SeaORM connection a touch follows its save as a statement of its own: a process that dies in between
//! leaves fragments stale for ever. On a [`TouchConnection`] that cannot happen.
//!
//! ```text
//! outside a transaction   save + touches are one transaction
//! inside a transaction    touches wait, merged, for the commit: one UPDATE a table
//! after the commit        the work that asked to wait for it
//! ```
//!
//! # Example: connect
//!
//! ```no_run
//! # async fn run() -> Result<(), sea_orm::DbErr> {
//! let db = touchable::connect(sea_orm::Database::connect("postgres://localhost/app").await?);
//! // `db` goes wherever SeaORM takes a connection.
//! # let _ = db;
//! # Ok(())
//! # }
//! ```

mod after_commit;
mod atomic;
mod beginning;
mod bypass;
mod bypassing;
mod form;
mod handshake;
mod health;
mod intent;
mod later;
mod messages;
mod open;
mod pending;
mod plan_cache;
mod publisher;
mod retrying;
mod runner;
mod session;
mod settle;
mod spelling;
mod template;
mod transaction;
mod update;
mod writer;

pub use after_commit::after_commit;
pub(crate) use beginning::begin_writing;
pub use bypassing::Bypassing;
pub(crate) use handshake::{Scope, ask};
pub(crate) use intent::{Counts, Intent, Rest, Write};
pub(crate) use messages::Messages;
#[cfg(feature = "feed")]
pub(crate) use messages::{OutboxMessage, Sink};
pub(crate) use open::Open;
pub use retrying::TransactionRetrying;
pub(crate) use runner::Runner;
pub(crate) use session::Session;
pub use session::{TouchConnection, connect};
pub(crate) use spelling::Verb;
pub use transaction::TouchTransaction;
pub(crate) use writer::become_writer;
