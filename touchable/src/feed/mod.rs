//! Telling every other node what has changed, and losing nothing: a change feed over Redis Streams.
//!
//! A process can die between the commit of a change and the message about it. So a *delay message* is written before the
//! commit, the *queue message* after it, and a [`Delayer`] sends every delay message once more when it is old enough.
//! Twice is fine, never is not. Messages carry ids and no data: who reads one reads the database.
//!
//! ```text
//! Producer::delay ──► delay stream ──► Delayer ──┐
//!     COMMIT                                     ▼
//! Producer::queue ───────────────────────► queue stream ──► Consumer (one of them, offset in Redis)
//!                                                │    └───► Reader (every node, position in memory)
//!                                             Trimmer
//! ```
//!
//! # Example: keep a search index up to date
//!
//! ```no_run
//! use std::time::Duration;
//! use touchable::feed::{Batch, Change, Feed};
//!
//! # async fn save() -> touchable::Result<()> { Ok(()) }
//! # async fn reindex(_: impl Iterator<Item = &touchable::feed::Id>) -> std::io::Result<()> { Ok(()) }
//! # async fn run() -> touchable::Result<()> {
//! let users = Feed::connect("redis://localhost").await?.stream("users").open().await?;
//!
//! // Wherever users are saved:
//! users.producer().bulk(&[Change::of(5)], async || save().await).await?;
//!
//! // On every node; one of them is at work, the others stand by:
//! let consumer = users.consumer("search-index").run(|batch: Batch<Change>| async move {
//!     reindex(batch.iter().map(|message| &message.record.id)).await
//! })?;
//! let delayer = users.delayer(Duration::from_mins(5)).run()?;
//! let trimmer = users.trimmer(["search-index"]).run()?;
//! # consumer.shutdown().await; delayer.shutdown().await; trimmer.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Entities that publish themselves
//!
//! An entity with `#[touchable(feed)]` needs none of this where it is saved: on a
//! [`TouchConnection`](crate::TouchConnection) that was told the producer of its stream
//! ([`publish`](crate::TouchConnection::publish)) every save, touch and deletion of its rows is announced before the commit and
//! told after it. What nobody would be told of is refused.
//!
//! # What is promised
//!
//! - Every change is seen at least once, by consumers of every name.
//! - Messages of one record come in their order, also with [shards](StreamBuilder::shards).
//! - No message is lost: what cannot be read, or cannot be handled, goes to a dead-letter stream with the reason.
//! - One consumer of a name is at work. One that was replaced without noticing can neither move the offset nor renew its
//!   lease; its handler may still be running, and [`Batch::token`] tells the two apart.

mod announce;
mod connect;
mod consumer;
mod delayer;
mod entry;
mod id;
mod keys;
mod lua;
mod message;
pub mod observe;
mod outbox;
mod producer;
mod reader;
mod record;
mod stream;
mod tail;
mod trimmer;

pub use connect::{Feed, FeedBuilder};
pub use consumer::{Consumer, Lag};
pub use delayer::Delayer;
pub use id::StreamId;
pub use message::{Batch, Malformed, Message};
pub use outbox::Drainer;
pub use producer::Producer;
pub use reader::{News, Reader, ReaderBuilder};
pub use record::{Change, Id, Record};
pub use stream::{Stream, StreamBuilder};
pub use trimmer::Trimmer;
